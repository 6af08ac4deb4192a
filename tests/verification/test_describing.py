# SPDX-License-Identifier: MIT
"""What a report shows beside the checks: memory, boards, agreement along a recording."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from puffer_edge.boards import boards
from puffer_edge.targets import TARGETS
from puffer_edge.verification import describing
from puffer_edge.verification.describing import memory_map, on_boards, with_core
from puffer_edge.verification.estimating import Estimate
from puffer_edge.verification.report import Report
from puffer_edge.verification.verifiers import c as verifier


class Op:
    def __init__(self, operands: str, outputs: str, scratch: int = 0, layer: str = "") -> None:
        self.operands, self.outputs = operands.split(), outputs.split()
        self.words, self.layer = scratch, layer

    def scratch(self, operands: Any) -> int:
        return self.words


@pytest.mark.parametrize("words", [3, 0])
def test_when_and_where_values_live(words: int) -> None:
    """Four bytes a word of working memory; as far as the next value where an op does not tell."""
    ops = (Op("x", "a"), Op("a", "b", words, "conv"), Op("b a", "y"), Op("y", "unused"))
    sizes = {"x": 8, "a": 16, "b": 8, "y": 4, "unused": 12}
    program: Any = SimpleNamespace(
        results=["b"], operands=lambda op: [], values={
            name: SimpleNamespace(nbytes=size) for name, size in sizes.items()})
    plan: Any = SimpleNamespace(ops=ops, offsets={"a": 0, "b": 36, "y": 16, "unused": 20},
                                scratch={1: 20}, arena=44)
    found = memory_map(program, plan)
    assert found["bytes"] == 44 and found["operations"] == ["Op"] * 4
    rows = {each["name"]: (each["kind"], each["offset"], each["bytes"], each["first"],
                           each["last"]) for each in found["values"]}
    assert rows == {
        "a": ("value", 0, 16, 0, 2), "b": ("value", 36, 8, 1, 3), "y": ("value", 16, 4, 2, 3),
        "working memory of conv": ("scratch", 20, 12 if words else 16, 1, 1),
        "unused": ("value", 20, 12, 3, 3)}
    last: Any = SimpleNamespace(**{**vars(plan), "scratch": {1: 40}})
    ends: Any = memory_map(program, last)["values"][2]
    assert ends["bytes"] == (12 if words else 4)


@pytest.mark.parametrize("copied", [False, True])
def test_what_fits_a_board(copied: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last byte; constants count in RAM where they are copied, flash where it is told."""
    from dataclasses import replace

    board = replace(boards()["nucleo-f411re"], constants_in_ram=copied)
    monkeypatch.setattr(describing, "boards", lambda: {
        board.name: board, "other": replace(board, name="other", core=boards()["pico"].core)})
    flash, ram = board.flash.left, board.ram.left
    told = {board.name: Estimate(100, 200, 300, 1_000_000, "")}
    constants = 40

    def row(more_flash: int, more_ram: int) -> dict[str, Any]:
        sizes: Any = SimpleNamespace(flash=flash + more_flash, constants=constants,
                                     ram=ram - 60 - copied * constants + more_ram)
        (only,) = on_boards("cortex-m4", sizes, 60, told)
        return only
    assert row(0, 0)["verdict"] == "fits"
    assert row(1, 0)["verdict"] == row(0, 1)["verdict"] == "does not fit"
    found = row(0, 0)
    assert (found["flash"], found["flash_left"]) == (flash, flash)
    assert (found["ram"], found["ram_left"]) == (ram, ram)
    assert (found["microseconds"], found["microseconds_least"], found["microseconds_most"]) == (
        200, 100, 300)
    told.clear()
    assert "microseconds" not in row(0, 0)
    unknown = replace(board, flash=replace(board.flash, size=0))
    monkeypatch.setattr(describing, "boards", lambda: {board.name: unknown})
    assert row(10**9, 0)["verdict"] == "fits"


def test_boards_of_a_core() -> None:
    for target in ("cortex-m4", "cortex-m0", "atmega2560"):
        found = {board.name for board in with_core(target)}
        assert found == {name for name, board in boards().items() if board.core.target == target}
    assert "nucleo-f411re" in {board.name for board in with_core("cortex-m4")}


def test_the_margin_of_a_choice() -> None:
    """Over the second best, by sorting each row in Python."""
    rows = np.random.default_rng(0).standard_normal((20, 4))
    for row, margin in zip(rows, describing._margin(rows), strict=True):
        *_, second, best = sorted(row.tolist())
        assert margin == best - second
    assert describing._margin(rows[:, :1]).tolist() == [0.0] * 20


def test_cycles_that_an_emulator_counts() -> None:
    """The least and the most of all steps; the most is what is told; none without a count."""
    board = boards()["arduino-mega"]
    job: Any = SimpleNamespace(emulator="simavr")
    machine: Any = None
    steps: Any = [SimpleNamespace(cycles=cycles) for cycles in (320, 160, 480, None)]
    report = Report("p", "t", "gcc", "", "")
    verifier._estimate(job, board, machine, steps, report)
    assert board.core.clock == 16_000_000
    assert report.measurements == {"microseconds": 30, "microseconds_least": 10,
                                   "microseconds_most": 30}
    assert "10.0 to 30.0 us" in report.notes[0]["text"]
    report = Report("p", "t", "gcc", "", "")
    verifier._estimate(job, board, machine, steps[-1:], report)
    assert report.measurements == {} and "is not told" in report.notes[0]["text"]
    assert verifier._on_all_boards(job, machine) == {}


def test_estimates_are_of_the_first_recorded_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the board, or on every board of the core."""
    class Machine:
        pass

    board = boards()["nucleo-f411re"]
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    job: Any = SimpleNamespace(emulator="unicorn", subject=SimpleNamespace(
        vectors=SimpleNamespace(observations=rows)))
    monkeypatch.setattr(verifier, "UnicornMachine", Machine)
    monkeypatch.setattr(verifier, "_core", lambda job: TARGETS["cortex-m4"])
    monkeypatch.setattr(verifier, "estimates", lambda machine, x, core, boards: {
        each.name: Estimate(len(x), int(np.frombuffer(x, np.float32)[0]) + 1000, 5000,
                            board.core.clock, "") for each in boards})
    machine: Any = Machine()
    report = Report("p", "t", "gcc", "", "")
    verifier._estimate(job, board, machine, [], report)
    assert report.measurements["microseconds_least"] == 12 / 100
    assert report.measurements["microseconds"] == 1000 / 100
    every = verifier._on_all_boards(job, machine)
    assert {*every} == {each.name for each in with_core("cortex-m4")}
    assert {each.likely for each in every.values()} == {1000}
