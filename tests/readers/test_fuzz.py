# SPDX-License-Identifier: MIT
"""Sound files with random damage: what escapes is one of our errors, and nothing else."""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puffer_edge.errors import PufferEdgeError
from puffer_edge.readers.stable_baselines3_zip import load_stable_baselines3
from puffer_edge.readers.vec_normalize import load_vec_normalize
from tests.readers.forging import (
    NUMBERS,
    Raw,
    body,
    call,
    checkpoint,
    limited_memory,
    mapping,
    members,
    name,
    program,
    storage,
    tensor,
    weights,
    zipped,
)

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"
FUZZ = settings(max_examples=400, deadline=None,  # a time on the wall, and the cores are shared
                suppress_health_check=[HealthCheck.function_scoped_fixture])

SOUND = program(mapping({
    "w": tensor(), "t": tensor(stride=(1, 2)), "b": tensor(storage("BFloat16Storage", "1", "cuda:0",
                                                                   2), size=(2,), stride=(1,)),
    "p": call("torch._utils", "_rebuild_parameter", tensor(), True, call("collections",
                                                                         "OrderedDict"))}))
STORES = {"0": NUMBERS.tobytes(), "1": b"\x80\x3f\0\x40"}
STATISTICS = (EXAMPLES / "pendulum_vecnormalize.pkl").read_bytes()


def instructions(pickled: bytes) -> list[bytes]:
    starts = [position for _, _, position in pickletools.genops(pickled)]
    return [pickled[a:b] for a, b in zip(starts, [*starts[1:], len(pickled)], strict=True)]


HUGE = (1 << 31, 1 << 40, 1 << 62, 1 << 63, 1 << 70, -1, -(1 << 63))
EXTRA = sorted({
    # Each instruction with a small argument: those without one, an index, a line, a short length.
    *(opcode.code.encode("latin-1") + argument for opcode in pickletools.opcodes
      for argument in (b"", b"\x01", b"1\n", b"\x00\x00\x00\x00", b"os\nsystem\n", b"\x01A")),
    *(body(value) for value in (*HUGE, "", "0", "w", "meta", "cuda:1", "storage", 0.5, (), (2, 2),
                                (1 << 40,), None, True, {}, [], float("nan"))),
    *(name(module, attribute) for module, attribute in (
        ("torch", "FloatStorage"), ("torch", "Size"), ("torch._utils", "_rebuild_tensor_v2"),
        ("collections", "OrderedDict"), ("numpy", "dtype"), ("numpy", "ndarray"),
        ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"), ("_codecs", "encode"), ("os", "system"))),
    storage(), storage(count=1 << 40), tensor(), tensor(size=(1 << 40,), stride=(0,)),
})


@st.composite
def damaged_instructions(draw: st.DrawFn, sound: bytes) -> bytes:
    """A few instructions deleted, doubled, swapped, exchanged or added."""
    parts = instructions(sound)
    pool = st.one_of(st.sampled_from(EXTRA), st.sampled_from(parts), st.binary(max_size=6))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(parts) - 1))
        change = draw(st.sampled_from(["delete", "double", "swap", "replace", "insert"]))
        if change == "delete" and len(parts) > 1:
            del parts[at]
        elif change == "double":
            parts.insert(at, parts[at])
        elif change == "swap":
            other = draw(st.integers(0, len(parts) - 1))
            parts[at], parts[other] = parts[other], parts[at]
        elif change == "replace":
            parts[at] = draw(pool)
        else:
            parts.insert(at, draw(pool))
    return b"".join(parts)


@st.composite
def damaged_bytes(draw: st.DrawFn, sound: bytes) -> bytes:
    content = bytearray(sound)
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["set", "flip", "insert", "delete", "copy"])):
            case "set" if at < len(content):
                content[at] = draw(st.integers(0, 255))
            case "flip" if at < len(content):
                content[at] ^= 1 << draw(st.integers(0, 7))
            case "insert":
                content[at:at] = draw(st.binary(max_size=8))
            case "delete":
                del content[at : at + draw(st.integers(1, 8))]
            case "copy":
                content[at:at] = content[: draw(st.integers(0, 40))]
    return bytes(content)


def test_the_sound_files() -> None:
    assert b"".join(instructions(SOUND)) == SOUND
    assert sorted(weights(zipped(members(SOUND, STORES)))) == ["b", "p", "t", "w"]


def read(content: bytes) -> None:
    """Arrays of finite numbers with data of their own size, or one of our errors."""
    with limited_memory():
        try:
            ours = weights(content)
        except PufferEdgeError:
            return
    for key, array in ours.items():
        assert isinstance(key, str) and isinstance(array, np.ndarray)
        assert array.dtype.kind in "fiub" and array.nbytes <= 1 << 26
        assert array.dtype.kind != "f" or np.isfinite(array).all()


@FUZZ
@given(damaged_instructions(SOUND))
def test_instructions_of_a_checkpoint(pickled: bytes) -> None:
    read(zipped(members(pickled, STORES)))


@FUZZ
@given(damaged_bytes(SOUND))
def test_bytes_of_its_pickle(pickled: bytes) -> None:
    """With a CRC that fits: the damage is meant."""
    read(zipped(members(pickled, STORES)))


@FUZZ
@given(damaged_bytes(zipped(members(SOUND, STORES))))
def test_bytes_of_a_checkpoint(content: bytes) -> None:
    read(content)


@FUZZ
@given(st.lists(st.sampled_from(EXTRA), max_size=40))
def test_programs_made_of_instructions(parts: list[bytes]) -> None:
    read(zipped(members(b"\x80\x02" + b"".join(parts) + b".", STORES)))
    read(checkpoint(mapping({"w": Raw(b"".join(parts))}), STORES))


@pytest.mark.parametrize("damage", [damaged_instructions, damaged_bytes])
def test_statistics(damage: Callable[[bytes], st.SearchStrategy[bytes]], tmp_path: Path) -> None:
    path = tmp_path / "v.pkl"
    @FUZZ
    @given(damage(STATISTICS))
    def run(content: bytes) -> None:
        path.write_bytes(content)
        with limited_memory():
            try:
                ours = load_vec_normalize(path)
            except PufferEdgeError:
                return
        if ours is not None:
            assert ours.mean.shape == ours.var.shape and ours.mean.ndim == 1
            assert np.isfinite(ours.mean).all() and np.all(ours.var + ours.epsilon > 0)

    run()


@FUZZ
@given(content=damaged_bytes((EXAMPLES / "cartpole_sb3.zip").read_bytes()))
def test_bytes_of_a_stable_baselines3_zip(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.zip"
    path.write_bytes(content)
    with limited_memory():
        try:
            file = load_stable_baselines3(path)
        except PufferEdgeError:
            return
    assert all(np.isfinite(array).all() for array in file.weights.values())
