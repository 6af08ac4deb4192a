# SPDX-License-Identifier: MIT
"""The loader of a Raspberry Pi's policy, over a library of this test's that answers as told."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from puffer_edge.ir import Status
from puffer_edge.ir.status import TEXTS

SOURCE = Path(__file__).parents[2] / "runtimes/rpi/policy.py"
DISCRETE = {"kind": "discrete", "sizes": [4, 3], "dtype": "int32"}
ONE = {"kind": "discrete", "sizes": [4], "dtype": "int32"}
MEAN = {"kind": "continuous", "size": 3, "dtype": "float32"}
HYBRID = {"kind": "hybrid", "continuous": MEAN, "discrete": DISCRETE}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The loader on Linux."""
    spec = importlib.util.spec_from_file_location("loader_of_a_pi", SOURCE)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    monkeypatch.setattr("sys.platform", "linux")
    return found


def processor(monkeypatch: pytest.MonkeyPatch, machine: str, pointer: int) -> None:
    real = struct.calcsize
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(struct, "calcsize", lambda kind: pointer if kind == "P" else real(kind))


def written(folder: Path, action: dict[str, Any], *names: str) -> Path:
    """An artefact of files that are no libraries."""
    files = {}
    for name in names:
        path = folder / f"libpolicy-{name}.so"
        path.write_bytes(name.encode())
        files[path.name] = hashlib.sha256(name.encode()).hexdigest()
    (folder / "policy.json").write_text(json.dumps({
        "files": files, "action": action, "observation": {"size": 2},
        "outputs": [{"name": "a", "dtype": "int16", "size": 3},
                    {"name": "b", "dtype": "float32", "size": 1}]}))
    return folder


class Library:
    """A policy of 4 bytes, that counts its steps, and whose action is what it has seen."""

    def __init__(self, level: int = 0) -> None:
        self.status, self.answers = 0, {"a": np.array([1, -2, 3], np.int16),
                                        "b": np.array([0.5], np.float32)}

        def count(memory: Any, change: int | None) -> int:
            cell = ctypes.cast(memory, ctypes.POINTER(ctypes.c_int32))
            cell[0] = 0 if change is None else cell[0] + change
            return int(cell[0])

        def reset(memory: Any) -> None:
            count(memory, None)

        def step(memory: Any, x: int, action: int) -> int:
            seen = ctypes.cast(x, ctypes.POINTER(ctypes.c_float))
            into = ctypes.cast(action, ctypes.POINTER(ctypes.c_int32))
            if not self.status:
                into[0] = int(seen[0]) + 10 * count(memory, 1)
            return self.status

        def batch(memory: Any, x: int, action: int, lanes: int) -> int:
            for lane in range(lanes):
                step(ctypes.byref(memory, 4 * lane), x + 8 * lane, action + 4 * lane)
            return self.status

        self.edge_level, self.edge_size = (lambda: level), (lambda: 4)
        self.edge_reset, self.edge_step, self.edge_step_batch = reset, step, batch
        self.edge_output = lambda memory, index: list(self.answers.values())[index].ctypes.data


@pytest.mark.parametrize(("machine", "pointer", "library"), [
    ("aarch64", 8, "aarch64"), ("arm64", 8, "aarch64"), ("x86_64", 8, "x86_64"),
    ("armv7l", 4, "armv7"), ("armv8l", 4, "armv7"), ("aarch64", 4, "armv7"),
    ("X86_64", 8, "x86_64"), ("x86_64", 4, ""), ("armv7l", 8, ""), ("riscv64", 8, "")])
def test_the_library_for_the_processor(module: ModuleType, monkeypatch: pytest.MonkeyPatch,
                                       machine: str, pointer: int, library: str, tmp_path: Path
                                       ) -> None:
    """By what kernels call it; a 32-bit system on a 64-bit kernel has pointers of 4 bytes."""
    processor(monkeypatch, machine, pointer)
    opened: list[str] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda path: (opened.append(path), Library())[1])
    written(tmp_path, ONE, "aarch64", "armv7", "x86_64")
    if library:
        module.Policy(tmp_path)
        assert opened == [str(tmp_path / f"libpolicy-{library}.so")]
        return
    with pytest.raises(OSError, match=f"{8 * pointer} bits"):
        module.Policy(tmp_path)
    monkeypatch.setattr("sys.platform", "win32")
    processor(monkeypatch, "x86_64", 8)
    with pytest.raises(OSError, match="no library for win32"):
        module.Policy(tmp_path)


@pytest.mark.parametrize(("level", "there", "last"), [
    (1, True, "x86_64-v3"), (0, True, "x86_64"), (1, False, "x86_64")])
def test_the_faster_library(module: ModuleType, monkeypatch: pytest.MonkeyPatch, level: int,
                            there: bool, last: str, tmp_path: Path) -> None:
    """Where there is one, and the first one says that it runs here."""
    processor(monkeypatch, "x86_64", 8)
    opened: list[str] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda path: (opened.append(path), Library(level))[1])
    module.Policy(written(tmp_path, ONE, "x86_64", *["x86_64-v3"] * there))
    assert opened[-1] == str(tmp_path / f"libpolicy-{last}.so")


def loaded(module: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path,
           action: dict[str, Any]) -> tuple[Any, Library]:
    library = Library()
    processor(monkeypatch, "x86_64", 8)
    monkeypatch.setattr(ctypes, "CDLL", lambda path: library)
    return module.Policy(written(folder, action, "x86_64")), library


def test_steps_and_lanes(module: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
                         ) -> None:
    policy, library = loaded(module, monkeypatch, tmp_path, ONE)
    assert (policy.observation_size, policy.action_size) == (2, 1)
    assert [int(policy.step([x, 0])) for x in (3, 4)] == [13, 24]
    assert policy.step([1, 2]).shape == () and policy.step([1, 2]).dtype == np.int32
    for shape in ((), (1,)):
        out = np.zeros(shape, np.int32)
        assert policy.step([1, 2], out) is out and out.ravel()[0] > 1
    policy.reset()
    assert int(policy.step([5, 0])) == 15
    rows = [[1, 0], [2, 0], [3, 0]]
    assert policy.step_batch(rows).tolist() == [11, 12, 13]
    assert policy.step_batch(rows).tolist() == [21, 22, 23]
    policy.reset(1)
    assert policy.step_batch(rows).tolist() == [31, 12, 33]
    policy.reset(0)
    policy.reset(2)
    assert policy.step_batch(rows).tolist() == [11, 22, 13]
    for lane in (-1, 3):
        with pytest.raises(ValueError, match=f"no lane {lane} among 3"):
            policy.reset(lane)
    policy.reset()
    assert policy.step_batch(rows).tolist() == [11, 12, 13]
    assert policy.step_batch(rows[:2]).tolist() == [11, 12]  # another number starts anew
    out = np.zeros((2, 1), np.int32)
    assert policy.step_batch(rows[:2], out) is out and out.ravel().tolist() == [21, 22]
    for wrong in ([[np.nan, 0], [1, 1]], [[1, 1], [0, np.inf]], []):
        with pytest.raises(ValueError, match="NaN or infinite values, or nothing"):
            policy.step_batch(wrong)
    assert policy.step_batch(rows[:2]).tolist() == [31, 32]
    for size in (1, 3):
        with pytest.raises(ValueError, match=f"has {size} elements, the policy takes 2"):
            policy.step([0] * size)
        with pytest.raises(ValueError, match=f"has {2 * size} elements, the policy takes 4"):
            policy.step_batch([[0] * size] * 2)
    found = policy.outputs
    assert list(found) == ["a", "b"]
    assert all(found[name].tobytes() == library.answers[name].tobytes() for name in found)


def test_every_status_is_told(module: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
                              ) -> None:
    """In the words of the compiler's own table, by its numbers."""
    policy, library = loaded(module, monkeypatch, tmp_path, ONE)
    for status in Status:
        if not status:
            continue
        library.status = int(status)
        for act in (lambda: policy.step([0, 0]), lambda: policy.step_batch([[0, 0]])):
            with pytest.raises(ValueError) as caught:
                act()
            assert str(caught.value).startswith(TEXTS[status].removesuffix(" values"))
    library.status = 9
    with pytest.raises(ValueError, match="status 9"):
        policy.step([0, 0])


@pytest.mark.parametrize(("action", "size", "shape"), [
    (ONE, 1, ()), (DISCRETE, 2, (2,)), (MEAN, 3, (3,)), ({**MEAN, "size": 1}, 1, (1,)),
    (HYBRID, 5, ())])
def test_actions_have_the_shape_that_they_say(
        module: ModuleType, monkeypatch: pytest.MonkeyPatch, action: dict[str, Any], size: int,
        shape: tuple[int, ...], tmp_path: Path) -> None:
    policy, _ = loaded(module, monkeypatch, tmp_path, action)
    dtype = np.dtype([("continuous", "f4", (3,)), ("discrete", "i4", (2,))]) if (
        action is HYBRID) else np.dtype(action["dtype"])
    assert policy.action_size == size
    found = policy.step([0, 0])
    assert found.shape == shape and found.dtype == dtype
    frozen = np.zeros(shape, dtype)
    frozen.flags.writeable = False
    for wrong in (np.zeros((*shape, 2), dtype), np.zeros(shape, np.float64), frozen,
                  *([np.zeros((*shape[:-1], 2 * shape[-1]), dtype)[..., ::2]] if size > 1 and shape
                    else []), *([] if action is ONE else [np.zeros((*shape, 1), dtype)])):
        with pytest.raises(ValueError, match="out must be"):
            policy.step([0, 0], wrong)
