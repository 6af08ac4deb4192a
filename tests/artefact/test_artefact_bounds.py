# SPDX-License-Identifier: MIT
"""Systems that are not this one, and the layout of actions of two parts."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from puffer_edge.artefact import replacing
from puffer_edge.artefact.opening import _gap, action_dtype
from puffer_edge.artefact.vectors import Vectors
from puffer_edge.errors import FileFormatError


@pytest.mark.parametrize(("error", "alive"), [
    (None, True), (PermissionError, True), (ProcessLookupError, False), (OverflowError, False)])
def test_which_processes_run(error: type[Exception] | None, alive: bool,
                             monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's runs, although we may not ask it."""
    asked = []

    def kill(process: int, signal: int) -> None:
        asked.append((process, signal))
        if error is not None:
            raise error

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(sys, "platform", "linux")
    assert replacing._alive(77) is alive
    assert asked == [(77, 0)], "the signal 0 only asks"
    monkeypatch.setattr(sys, "platform", "win32")
    assert replacing._alive(77) is True and len(asked) == 1, "asking would end it"


@pytest.mark.parametrize("fault", ["no library", "no call", "another system"])
def test_systems_that_cannot_exchange(fault: str, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """Two renames do it there."""
    def library(*_: Any, **__: Any) -> Any:
        if fault == "no library":
            raise OSError
        return SimpleNamespace()

    monkeypatch.setattr(ctypes, "CDLL", library)
    monkeypatch.setattr(sys, "platform", "freebsd" if fault == "another system" else "linux")
    replacing._exchange.cache_clear()
    try:
        assert replacing._exchange()[0] is None
        (tmp_path / "one").mkdir()
        (tmp_path / "other").mkdir()
        assert replacing._exchanged(tmp_path / "one", tmp_path / "other") is False
        for content in (b"1", b"2"):
            replacing.replace_directory(tmp_path / "a", {"src/file": content})
            assert (tmp_path / "a" / "src" / "file").read_bytes() == content
        assert sorted(os.listdir(tmp_path)) == ["a", "one", "other"]
    finally:
        replacing._exchange.cache_clear()


def test_the_call_of_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its <stdio.h>: int renamex_np(const char *, const char *, unsigned int), RENAME_SWAP 2."""
    calls = []

    class Call:
        argtypes: tuple[Any, ...] = ()

        def __call__(self, *given: Any) -> int:
            calls.append(given)
            return self.result

        result = 0

    call = Call()
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(renamex_np=call))
    monkeypatch.setattr(sys, "platform", "darwin")
    replacing._exchange.cache_clear()
    try:
        assert replacing._exchanged(Path("a"), Path("b")) is True
        assert calls == [(b"a", b"b", 2)]
        assert call.argtypes == (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint)
        call.result = -1
        assert replacing._exchanged(Path("a"), Path("b")) is False
    finally:
        replacing._exchange.cache_clear()


def hybrid(kind: str = "float32", size: int = 3, sizes: tuple[int, ...] = (2, 4)) -> dict[str, Any]:
    return {"action": {"kind": "hybrid",
                       "continuous": {"kind": "continuous", "size": size, "squash": "clip",
                                      "low": [-1.0] * size, "high": [1.0] * size,
                                      "rescale": False},
                       "discrete": {"kind": "discrete", "sizes": list(sizes)}},
            "outputs": [{"name": "mean", "size": size, "dtype": kind},
                        {"name": "logits", "size": sum(sizes), "dtype": kind}]}


@pytest.mark.parametrize("kind", ["int8", "int16", "float32"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_an_action_of_two_parts_lies_as_in_c(kind: str, size: int) -> None:
    """ctypes lays the same struct out as the machine's compiler does."""
    elements: dict[str, Any] = {"int8": ctypes.c_int8, "int16": ctypes.c_int16,
                                "float32": ctypes.c_float}
    element = elements[kind]

    class Struct(ctypes.Structure):
        _fields_ = [("continuous", element * size), ("discrete", ctypes.c_int32 * 2)]

    found = action_dtype(hybrid(kind, size), integers=True)
    assert found.itemsize == ctypes.sizeof(Struct)
    assert found.fields is not None
    assert [found.fields[name][1] for name in ("continuous", "discrete")] == [
        Struct.continuous.offset, Struct.discrete.offset]
    used = ctypes.sizeof(element) * size
    assert _gap(found) == (used, Struct.discrete.offset - used)
    floats = action_dtype(hybrid(kind, size), integers=False)
    assert floats["continuous"].base == np.float32 and floats["discrete"].base == np.int32
    assert _gap(floats) == (4 * size, 0)
    assert _gap(np.dtype(("int32", (3,)))) == (0, 0)


@pytest.mark.parametrize("kind", ["int8", "int16", "float32"])
def test_vectors_of_two_parts_come_back(kind: str, tmp_path: Path) -> None:
    """In the struct that a runtime gives, and not without one of the parts."""
    dtype = action_dtype(hybrid(kind), integers=True)
    actions = np.zeros(4, dtype)
    actions["continuous"] = np.arange(12).reshape(4, 3)
    actions["discrete"] = np.arange(8).reshape(4, 2) + 100
    given = Vectors(np.zeros((4, 2), np.float32), np.array([True, False, True, False]),
                    {"mean": np.ones((4, 3), kind), "logits": np.ones((4, 6), kind)}, actions)
    path = tmp_path / "vectors.npz"
    path.write_bytes(given.to_bytes())
    found = Vectors.load(path)
    assert found.actions.dtype == dtype and found.actions.dtype.itemsize == dtype.itemsize
    assert np.array_equal(found.actions, actions)
    assert [*found.outputs] == ["mean", "logits"] and np.array_equal(found.reset, given.reset)
    with np.load(path) as data:
        arrays = dict(data)
    for missing in ("actions_continuous", "actions_discrete", "observations", "reset"):
        np.savez(path, **{name: array for name, array in arrays.items() if name != missing})
        with pytest.raises(FileFormatError, match="lacks arrays"):
            Vectors.load(path)
    np.savez(path, **{n: a for n, a in arrays.items() if not n.startswith("output_")})
    with pytest.raises(FileFormatError, match="lacks arrays"):
        Vectors.load(path)


def test_how_long_the_first_episode_is() -> None:
    def length(resets: list[int], limit: int) -> int:
        reset = np.isin(np.arange(8), resets)
        return Vectors(np.zeros((8, 1)), reset, {}, np.zeros((8, 1))).first_episode(limit)

    assert [length([0], limit) for limit in (0, 1, 2, 3, 7, 8, 9)] == [2, 2, 2, 3, 7, 8, 8]
    assert [length([0, 5, 6], limit) for limit in (1, 4, 5, 6)] == [2, 4, 5, 5]
