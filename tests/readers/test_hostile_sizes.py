# SPDX-License-Identifier: MIT
"""Small files that want much memory or time: repetition, huge numbers, keys that collide."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from puffer_edge.errors import FileFormatError, PufferEdgeError
from puffer_edge.readers.budget import FLOOR
from puffer_edge.readers.torch_checkpoint import load_checkpoint
from puffer_edge.readers.vec_normalize import load_vec_normalize
from tests.readers.forging import (
    WHERE,
    Raw,
    body,
    call,
    checkpoint,
    mapping,
    name,
    refused,
    storage,
    tensor,
    weights,
)

HUGE = 1 << 2_000_000
MEGABYTE = 1 << 20
NUMBER = 250_000  # of float32: one megabyte
MEMO = b"h\x77"


def repeated(value: bytes, use: bytes, count: int) -> Raw:
    """A list of ``count`` uses of one value: a few bytes each, for a megabyte each."""
    return Raw(value + b"q\x770](" + use * count + b"e")


def view(size: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    return call("torch._utils", "_rebuild_tensor_v2", Raw(MEMO), 0, size, stride)


REPEATED = {
    "tensors of one storage": repeated(storage(count=NUMBER), view((NUMBER,), (1,)), 2_000),
    "transposed tensors of one storage": repeated(
        storage(count=NUMBER), view((500, 500), (1, 500)), 2_000),
    "expanded tensors of one storage": repeated(
        storage(count=NUMBER), view((NUMBER,), (0,)), 2_000),
    "sizes of one tensor": repeated(tensor(storage(count=NUMBER), size=(NUMBER,), stride=(1,)),
                                    name("torch", "Size") + b"(" + MEMO + b"tR", 5_000),
    "dictionaries of one list": repeated(
        body([(k, None) for k in range(10_000)]),
        name("collections", "OrderedDict") + b"(" + MEMO + b"tR", 5_000),
    "storages of one long name": repeated(body("0" * NUMBER), storage(key=Raw(MEMO)), 5_000),
    "storages of one long device": repeated(
        body("cuda:" + "1" * NUMBER), storage(device=Raw(MEMO)), 5_000),
    "names of one long name": repeated(body("a" * NUMBER), MEMO * 2 + b"\x93", 30_000),
}


@pytest.mark.parametrize("kind", REPEATED)
def test_the_same_data_again_and_again(kind: str) -> None:
    content = checkpoint(REPEATED[kind], {"0": bytes(4 * NUMBER)})
    with refused():
        weights(content)
    tracemalloc.start()
    try:
        with pytest.raises(PufferEdgeError):
            weights(content)
        assert tracemalloc.get_traced_memory()[1] < 64 * MEGABYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["frombuffer", "BUILD"])
def test_arrays_of_the_same_bytes_again_and_again(kind: str, tmp_path: Path) -> None:
    content = b"B" + struct.pack("<I", MEGABYTE) + bytes(MEGABYTE)
    dtype = call("numpy", "dtype", "u1", False, True) + b"q\x66"
    shape = body((MEGABYTE,))
    use = {
        "frombuffer": name("numpy.core.numeric", "_frombuffer") + b"(" + MEMO + b"h\x66" + shape
        + body("C") + b"tR",
        "BUILD": call("numpy.core.multiarray", "_reconstruct") + b"(K\x01" + shape + b"h\x66\x89"
        + MEMO + b"tb"}[kind]
    path = tmp_path / "v.pkl"
    path.write_bytes(b"\x80\x03" + dtype + b"0" + repeated(content, use, 2_000) + b".")
    with refused(FileFormatError, "more or larger arrays"):
        load_vec_normalize(path)


@pytest.mark.parametrize("changes", [
    {"offset": HUGE}, {"size": (HUGE,)}, {"size": (HUGE,) * 8, "stride": (0,) * 8},
    {"size": (2, 2), "stride": (HUGE, HUGE)},
    {"size": (1,) * 1_000_000, "stride": (1,) * 1_000_000},
    {"size": (4.0,), "stride": (1,)}, {"size": [4], "stride": [1]}, {"offset": False},
    {"store": storage(count=HUGE)}, {"store": storage(count=True)}, {"store": storage(key=HUGE)},
    {"store": storage(device=HUGE)}, {"store": storage(kind="UntypedStorage")},
], ids=lambda changes: ",".join(changes))
def test_numbers_that_are_no_sizes(changes: dict[str, Any]) -> None:
    with refused():
        weights(checkpoint(mapping({"w": tensor(**changes)})))


def test_huge_numbers() -> None:
    for value in (HUGE, {HUGE: None}, {"x": HUGE}, [HUGE], -HUGE):
        with refused(FileFormatError):
            weights(checkpoint(value))


def test_keys_that_collide() -> None:
    """Python's hash of an integer is its remainder by 2^61 - 1: n such keys take n^2 steps."""
    keys = [body(k * ((1 << 61) - 1)) for k in range(1, 30_000)]
    for value in (b"}(" + b"N".join(keys) + b"Nu", b"\x8f(" + b"".join(keys) + b"\x90",
                  b"(" + b"".join(keys) + b"\x91"):
        with refused(FileFormatError, "neither a name nor an index"):
            weights(checkpoint(Raw(value)))


def test_deep_tuples_as_keys() -> None:
    """Python's hash of a tuple recurses without a limit: a deep one would end the process."""
    key = b")\x85"
    deep = b")" + b"\x85" * 90_000
    for value in (b"}" + deep + b"Ns", b"}" + key + b"Ns", b"\x8f(" + key + b"\x90",
                  b"(" + key + b"\x91", b"(" + key + b"Nd", b"}(" + key + b"Nu"):
        with refused(FileFormatError, "neither a name nor an index"):
            weights(checkpoint(Raw(value)))


def test_the_largest_expansion_that_is_read() -> None:
    """What the budget of a small file holds; torch reads 2^40 from a file like this."""
    def load(size: int) -> Any:
        return load_checkpoint(checkpoint(mapping({"x": tensor(size=(size,), stride=(0,))})),
                               where=WHERE)

    most = FLOOR // 4
    assert load(most)["x"].shape == (most,)
    with refused(FileFormatError, "more or larger arrays"):
        load(most + 4096)
