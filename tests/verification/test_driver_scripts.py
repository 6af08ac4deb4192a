# SPDX-License-Identifier: MIT
"""``micropython/driver.py`` and ``heap_proof.py``, with a policy that notes what it is given."""

from __future__ import annotations

import gc
import runpy
import sys
from array import array
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from puffer_edge.verification import micropython

HERE = Path(micropython.__file__).parent
STEPS, N = 4, 3
RESETS = bytes([1, 0, 1, 0])


class Policy:
    """Sums what it is given since the last reset; outputs are the sum and its double."""

    parts: Any

    def __init__(self) -> None:
        self.observation = array(self.code, [0] * N)
        self.outputs: Any = {"twice": array(self.code, [0]), "once": array(self.code, [0])}
        self.action = self.parts
        self.total = 0.0

    code = "h"

    def reset(self) -> None:
        self.total = 0

    def step(self) -> None:
        self._add(self.observation)

    def step_float(self, observation: Any) -> None:
        assert observation.typecode == "f"
        self._add(observation)

    def _add(self, observation: Any) -> None:
        self.total += sum((i + 1) * x for i, x in enumerate(observation))
        as_code = float if self.code == "f" else int
        self.outputs["once"][0] = as_code(self.total)
        self.outputs["twice"][0] = as_code(2 * self.total)
        parts = self.action.values() if isinstance(self.action, dict) else [self.action]
        for part in parts:
            part[0] = int(self.total) % 7


def ran(folder: Path, monkeypatch: pytest.MonkeyPatch, policy: Any, kind: str, x: Any) -> bytes:
    (folder / "plan.txt").write_text(f"{kind} {len(x)}\n")
    (folder / "observations.bin").write_bytes(x.tobytes())
    (folder / "resets.bin").write_bytes(RESETS)
    module = ModuleType("policy")
    module.Policy = policy  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "policy", module)
    monkeypatch.chdir(folder)
    runpy.run_path(str(HERE / "driver.py"))
    return (folder / "results.bin").read_bytes()


def sums(x: Any) -> list[float]:
    found, total = [], 0.0
    for fresh, row in zip(RESETS, x, strict=True):
        total = (0.0 if fresh else total) + float(row @ np.arange(1, N + 1))
        found.append(total)
    return found


@pytest.mark.parametrize("code", ["b", "h"])
@pytest.mark.parametrize("hybrid", [False, True])
def test_integers(code: str, hybrid: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs by name, then the action, its continuous part first, of every step."""
    action: Any = {"discrete": array("b", [0]), "continuous": array("h", [0])} if hybrid else (
        array("h", [0]))

    class Own(Policy):
        parts = action
    Own.code = code
    x = np.random.default_rng(1).integers(-9, 9, (STEPS, N)).astype(code)
    wanted = b"".join(np.array([s, 2 * s], code).tobytes() + np.array([s % 7], "h").tobytes()
                      + (np.array([s % 7], "b").tobytes() if hybrid else b"")
                      for s in map(int, sums(x)))
    assert ran(tmp_path, monkeypatch, Own, "integer", x) == wanted


@pytest.mark.parametrize("own", [False, True])
def test_floats(own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``action_float`` the action is that of real numbers, else that of integers."""
    class Own(Policy):
        parts = array("h", [0, 0])

        if own:
            def action_float(self, action: Any) -> None:
                action[0], action[1] = self.total, -self.total
    Own.code = "f"
    x = np.random.default_rng(2).integers(-9, 9, (STEPS, N)).astype(np.float32)
    wanted = b"".join(np.array([s, 2 * s], "f").tobytes() + (
        np.array([s, -s], "f") if own else np.array([int(s) % 7, 0], "h")).tobytes()
        for s in sums(x))
    assert ran(tmp_path, monkeypatch, Own, "float", x) == wanted


@pytest.mark.parametrize(("each", "locked"), [(0, "0"), (3, "MemoryError no heap")])
def test_the_heap_of_a_thousand_steps(each: int, locked: str, monkeypatch: pytest.MonkeyPatch,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes are those of 1,000 steps, less what was taken before; the lock ends in any case."""
    heap = SimpleNamespace(used=5000, lock=0, locks=0, on=True)

    class Own:
        def step(self) -> None:
            if heap.lock and each:
                raise MemoryError("no heap")
            heap.used += each

        def reset(self) -> None:
            pass

    def lock(change: int) -> None:
        heap.lock += change
        heap.locks += 1

    for name, content in (
            ("policy", {"Policy": Own}),
            ("micropython", {"heap_lock": lambda: lock(1), "heap_unlock": lambda: lock(-1)})):
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(gc, "mem_alloc", lambda: heap.used, raising=False)
    try:
        runpy.run_path(str(HERE / "heap_proof.py"))
        assert gc.isenabled()
    finally:
        gc.enable()
    assert capsys.readouterr().out.split("\n") == [f"gained {1000 * each}", f"locked {locked}", ""]
    assert heap.lock == 0 and heap.locks == 2
