# SPDX-License-Identifier: MIT
"""Checkpoints made by hand, sound or hostile, in the instructions of pickle protocol 2."""

from __future__ import annotations

import io
import pickle
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from puffer_edge.errors import PufferEdgeError
from puffer_edge.readers.torch_checkpoint import flat_state_dict, load_checkpoint

WHERE = "policy.pt"
CPU_SECONDS = 1.0
"""The promise: a hostile file is refused within this much work, whatever the machine also does."""
MEMORY = 2 << 30
"""Address space that a test may add: a bomb that goes off fails its test and not the machine."""


class Raw(bytes):
    """Instructions that leave one object on the stack."""


def body(value: Any) -> bytes:
    """Instructions that push a value."""
    return value if isinstance(value, Raw) else pickle.dumps(value, 2)[2:-1]


def name(module: str, attribute: str) -> Raw:
    return Raw(f"c{module}\n{attribute}\n".encode())


def call(module: str, attribute: str, *arguments: Any) -> Raw:
    return Raw(name(module, attribute) + b"(" + b"".join(map(body, arguments)) + b"tR")


def mapping(items: dict[Any, Any]) -> Raw:
    pairs = b"".join(body(key) + body(value) for key, value in items.items())
    return Raw(b"}(" + pairs + b"u")


def storage(kind: str = "FloatStorage", key: Any = "0", device: Any = "cpu", count: Any = 4) -> Raw:
    return Raw(b"(" + body("storage") + name("torch", kind) + body(key) + body(device)
               + body(count) + b"tQ")


def tensor(store: Any = None, offset: Any = 0, size: Any = (2, 2), stride: Any = (2, 1)) -> Raw:
    return call("torch._utils", "_rebuild_tensor_v2", storage() if store is None else store,
                offset, size, stride, False, call("collections", "OrderedDict"))


def program(value: Any) -> bytes:
    return b"\x80\x02" + body(value) + b"."


NUMBERS = np.arange(1, 5, dtype="<f4")


def members(pickled: bytes, stores: dict[str, bytes] | None = None, *,
            order: str = "little") -> list[tuple[str, bytes]]:
    stores = {"0": NUMBERS.tobytes()} if stores is None else stores
    return [("a/data.pkl", pickled), ("a/byteorder", order.encode()),
            *((f"a/data/{key}", content) for key, content in stores.items()), ("a/version", b"3\n")]


def zipped(entries: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for path, content in entries:
            archive.writestr(path, content)
    return file.getvalue()


def checkpoint(value: Any, stores: dict[str, bytes] | None = None) -> bytes:
    """A file of torch.save that holds ``value``."""
    return zipped(members(program(value), stores))


def weights(content: bytes | Path) -> dict[str, npt.NDArray[Any]]:
    return flat_state_dict(load_checkpoint(content, where=WHERE), WHERE)


@contextmanager
def limited_memory(most: int = MEMORY) -> Iterator[None]:
    """Nothing in the block can allocate more bytes than this, where the system can promise that."""
    if sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + most
    if before[0] != resource.RLIM_INFINITY:
        limit = min(limit, before[0])
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def refused(kind: type[PufferEdgeError] = PufferEdgeError, match: str | None = None
            ) -> Iterator[None]:
    """The block raises one of our errors, and soon; CPU time, since other jobs share the cores."""
    start = time.process_time()
    with limited_memory(), pytest.raises(kind, match=match) as caught:
        yield
    assert time.process_time() - start < CPU_SECONDS
    # For a terminal: no control characters of the file's, and not the whole file.
    message = str(caught.value)
    assert all(character == "\n" or character.isprintable() for character in message)
    assert len(message) < 1000
