# SPDX-License-Identifier: MIT
"""Each check fails for one thing that is wrong, of every kind, and passes without.

Machines and tools are made up: what a check makes of their answers is all that runs here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from puffer_edge.artefact.opening import Subject, read_subject
from puffer_edge.boards import Board, boards
from puffer_edge.errors import MissingDependencyError, StepError, VerificationError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.targets import TARGETS
from puffer_edge.verification.checks import (
    calls,
    drift,
    extremes,
    instructions,
    interpreted,
    listed_files,
    memory,
    ranges,
    rejection,
    stack,
    vectors,
    weights,
)
from puffer_edge.verification.emulators.machine import Checked, StepResult
from puffer_edge.verification.report import Report
from tests import zoo
from tests.support.exporting import export_as_it_is

Spoil = Callable[[StepResult], StepResult]
SPOILT: dict[str, Spoil] = {
    "status": lambda step: replace(step, status=step.status + 1),
    "action": lambda step: replace(step, action=bytes([step.action[0] ^ 1]) + step.action[1:]),
    "outputs": lambda step: replace(step, outputs=np.nextafter(step.outputs, np.float32(9)))}


def told(check: Callable[[Report], Any]) -> list[str]:
    """The verdicts that a check adds to a report."""
    report = Report("p", "t", "gcc", "", "")
    check(report)
    return [one.verdict for one in report.checks]


class Oracle:
    """A machine that does what the interpreter does, but for one step."""

    def __init__(self, program: Program, wrong: int = -1, spoil: Spoil = lambda step: step) -> None:
        self.program, self.wrong, self.spoil, self.bad = program, wrong, spoil, 0

    def run(self, observations: Sequence[bytes], reset_at: Collection[int] = (0,)
            ) -> list[StepResult]:
        runner, found = Interpreter(self.program), []
        action, outputs = b"", np.zeros(0, np.float32)
        for index, row in enumerate(observations):
            if index in reset_at:
                runner.reset()
            status = 0
            try:
                values = runner.step(np.frombuffer(row, np.float32))
                action = self.program.act(values).tobytes()
                outputs = np.concatenate(list(values.values())).astype(np.float32)
            except StepError as error:
                status = error.status
            step = StepResult(status, action, outputs, None)
            found.append(self.spoil(step) if index == self.wrong % len(observations) and
                         self.wrong != -1 else step)
        return found

    def selftest(self) -> int:
        return self.bad


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return read_subject(export_as_it_is("lstm", tmp_path_factory.mktemp("checks") / "a"))


@pytest.fixture(scope="module")
def program() -> Program:
    return zoo.program("lstm")


@pytest.mark.parametrize("kind", SPOILT)
def test_vectors(kind: str, subject: Subject, program: Program) -> None:
    machine = Oracle(program)
    assert told(lambda report: vectors.check_vectors(subject, machine, "m", report)) == [
        "passed", "passed"]
    machine.bad = 1
    assert told(lambda report: vectors.check_vectors(subject, machine, "m", report)) == [
        "failed", "passed"]
    for wrong in (1, len(subject.vectors.observations) - 1):
        spoilt = Oracle(program, wrong, SPOILT[kind])
        assert told(lambda report, m=spoilt: vectors.check_vectors(  # type: ignore[misc]
            subject, m, "m", report)) == ["passed", "failed"]


@pytest.mark.parametrize("kind", SPOILT)
def test_extremes(kind: str, subject: Subject, program: Program) -> None:
    """The first observation, one that is too large, and the last, which is taken again."""
    ordinary = subject.vectors.observations
    for wrong in (-1, 0, 1, 2, len(extremes.observations(ordinary.shape[1], ordinary)) - 1):
        machine = Oracle(program, wrong, SPOILT[kind])
        harmless = wrong == -1 or (kind == "outputs" and machine_refuses(program, ordinary, wrong))
        assert told(lambda report, m=machine: extremes.check(  # type: ignore[misc]
            program, ordinary, m, "m", report)) == ["passed" if harmless else "failed"], wrong


def machine_refuses(program: Program, ordinary: Any, index: int) -> bool:
    rows = extremes.observations(ordinary.shape[1], ordinary)
    return Oracle(program).run([row.tobytes() for row in rows], {0})[index].status != 0


@pytest.mark.parametrize("kind", SPOILT)
def test_rejection(kind: str, subject: Subject, program: Program) -> None:
    """The poisoned steps are the second to the fourth; the fifth shows whether a state moved."""
    rows = [row.tobytes() for row in subject.vectors.observations]
    good = Oracle(program).run(rows, np.flatnonzero(subject.vectors.reset).tolist())
    for wrong in (-1, 1, 2, 3, 4):
        machine = Oracle(program, wrong, SPOILT[kind])
        seen = {"status": wrong != -1, "action": wrong in (1, 2, 3), "outputs": wrong == 4}[kind]
        assert told(lambda report, m=machine: rejection.check_rejection(  # type: ignore[misc]
            subject, m, "m", good, report)) == ["failed" if seen else "passed"], wrong


@pytest.mark.parametrize(("core", "counts", "integers", "verdict"), [
    ("cortex-m4", (100, 101, 102), False, "passed"), ("cortex-m4", (100, 103), False, "failed"),
    ("cortex-m0", (100, 102), False, "passed"), ("cortex-m0", (100, 103), False, "not checked"),
    ("cortex-m0", (100, 103), True, "failed"), ("atmega2560", (100, 105), True, "passed"),
    ("atmega2560", (106, 100), True, "failed"), ("cortex-m4", (None,), False, "not checked")])
def test_instructions(core: str, counts: Any, integers: bool, verdict: str) -> None:
    report = Report("p", "t", "gcc", "", "")
    for cycles in (False, True):
        steps = [StepResult(0, b"", np.zeros(1, np.float32), None if cycles else count,
                            count if cycles else None) for count in counts]
        instructions.check_instructions(TARGETS[core], steps, report, integers=integers)
    assert [check.verdict for check in report.checks] == [verdict, verdict]
    if counts[0]:
        prefix = "integer_" if integers else ""
        assert report.measurements == {
            f"{prefix}{unit}_{end}": call(counts) for unit in ("instructions", "cycles")
            for end, call in (("min", min), ("max", max))}


def test_memory_of_a_chip() -> None:
    core = TARGETS["atmega2560"]
    flash, ram = core.flash_bytes, core.ram_bytes
    for sizes, stack_bytes, robot, good in (
            ((flash, ram - 30), 20, 10, True), ((flash + 1, 0), None, 0, False),
            ((flash, ram - 29), 20, 10, False), ((flash, ram + 1), None, 0, False)):
        given: Any = SimpleNamespace(flash=sizes[0], ram=sizes[1])
        assert told(lambda report, g=given, s=stack_bytes, r=robot: memory.check_memory(
            core, g, s, report, r)) == ["passed" if good else "failed"]  # type: ignore[misc]
    assert told(lambda report: memory.check_memory(
        TARGETS["cortex-m4"], given, 2**30, report)) == []


@pytest.mark.parametrize("copied", [False, True])
def test_memory_of_a_board(copied: bool) -> None:
    """Constants count where the framework copies them."""
    board: Board = replace(boards()["pico"], constants_in_ram=copied)
    flash, ram = board.flash.left, board.ram.left - (100 if copied else 0)
    for sizes, good in (((flash, ram - 30), True), ((flash + 1, 0), False),
                        ((flash, ram - 29), False)):
        given: Any = SimpleNamespace(flash=sizes[0], ram=sizes[1], constants=100)
        assert told(lambda report, g=given: memory.check_board(  # type: ignore[misc]
            board, g, 20, report, 10)) == ["passed" if good else "failed"]


@pytest.mark.parametrize(("measured", "bound", "verdict", "result"), [
    (100, 100, "passed", 100), (101, 100, "failed", 101), (None, 100, "passed", 100),
    (40, 100, "passed", 100), (40, None, "not checked", 40)])
def test_stack(measured: int | None, bound: int | None, verdict: str, result: int,
               monkeypatch: pytest.MonkeyPatch) -> None:
    builder: Any = None
    found = SimpleNamespace(size=bound, path=["edge_step", "f"], reason="a loop of calls")
    monkeypatch.setattr(stack, "stack_bound", lambda builder: found)
    results = []
    assert told(lambda report: results.append(stack.check_stack(
        builder, measured, report))) == [verdict]
    assert results == [result]

    def missing(builder: Any) -> Any:
        raise MissingDependencyError("no disassembler")
    monkeypatch.setattr(stack, "stack_bound", missing)
    assert told(lambda report: results.append(stack.check_stack(
        builder, measured, report))) == ["not checked"]
    assert results[1] == measured


def test_weights_calls_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder: Any = None
    for damaged, verdicts in ((None, []), (0, ["passed"]), (1, ["failed"])):
        machine: Any = SimpleNamespace(
            check=lambda d=damaged: None if d is None else Checked(d, 70, None))
        assert told(lambda report, m=machine: weights.check_weights(m, report)) == verdicts
    offence = SimpleNamespace(symbol="malloc", reason="heap")
    for found in ([], [offence]):
        monkeypatch.setattr(calls, "find_offences", lambda builder, f=found: f)
        monkeypatch.setattr(calls, "find_float_helpers", lambda builder, f=found: [
            one.symbol for one in f])
        assert told(lambda report: calls.check_calls(builder, report)) == told(
            lambda report: calls.check_float_helpers(builder, TARGETS["cortex-m0"], report)) == [
                "failed" if found else "passed"]
    artefact = export_as_it_is("mlp", tmp_path / "a")
    given = read_subject(artefact)
    assert told(lambda report: listed_files.check_files(given, report)) == ["passed"]
    for spoil in (lambda path: path.write_bytes(path.read_bytes() + b"\n"), Path.unlink):
        spoil(artefact / "policy.h")
        assert told(lambda report: listed_files.check_files(given, report)) == ["failed"]


@pytest.mark.parametrize("outside", [0, 1, 2, 10, None])
def test_ranges(outside: int | None, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred steps; the limit itself is not judged otherwise than what lies below."""
    steps = None if outside is None else np.arange(100) < outside
    monkeypatch.setattr(ranges, "_out_of_range", lambda subject, observations: steps)
    monkeypatch.setattr(ranges, "OUTSIDE", 0.02)
    verdicts = told(lambda report: ranges.check_held_back(subject, np.zeros((100, 1)), report))
    assert verdicts == ([] if outside is None else
                        ["not judged" if outside > 2 else "passed"])
    report = Report("p", "t", "gcc", "", "")
    ranges.count_out_of_range(subject, np.zeros((100, 1)), report)
    assert report.measurements == (
        {} if outside is None else {"reference_out_of_range": outside})


@pytest.fixture
def session(subject: Subject, tmp_path: Path) -> Any:
    """One that gives the vectors back."""
    (tmp_path / "weights.bin").write_bytes(b"abc\x0f")
    integers: Any = SimpleNamespace(vectors=subject.vectors)
    made = SimpleNamespace(
        subject=replace(subject, integers=integers), folder=tmp_path, bad=0,
        actions=subject.vectors.actions.copy(),
        outputs={name: rows.copy() for name, rows in subject.vectors.outputs.items()})
    made.selftest = lambda runner: made.bad
    made.run = lambda *given: made
    return made


@pytest.mark.parametrize("floats", [False, True])
def test_interpreted(floats: bool, session: Any) -> None:
    runner: Any = None

    def verdicts() -> list[str]:
        return told(lambda report: interpreted.check_interpreted(
            session, runner, "m", report, floats=floats))
    good = ["passed"] * (3 if floats else 2)
    assert verdicts() == good
    session.bad = 1
    assert verdicts() == ["failed", *good[1:]]
    session.bad = 0
    for array in (*session.outputs.values(), session.actions):
        before = array[-1, -1]
        array[-1, -1] += 1
        assert verdicts() == ["passed", *["failed"] * (len(good) - 1)]
        array[-1, -1] = before

    def ends(*given: Any) -> Any:
        raise VerificationError("it ended")
    session.run = ends
    assert verdicts() == ["passed", "failed"]


def test_damage_and_heap(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = session.folder / "weights.bin", []
    for error, verdict in ((None, "failed"), (VerificationError("BlobError: crc"), "passed"),
                           (VerificationError("SyntaxError"), "failed")):
        def run(folder: Path, script: str, error: Exception | None = error) -> None:
            seen.append(path.read_bytes())
            if error is not None:
                raise error
        monkeypatch.setattr(interpreted, "run_cpython", run)
        assert told(lambda report: interpreted.check_damage(session, report)) == [verdict]
        assert path.read_bytes() == b"abc\x0f"
    assert all(sum(bin(a ^ b).count("1") for a, b in zip(one, b"abc\x0f", strict=True)) == 1
               for one in seen)
    for proof, verdict in (((0, "0"), "passed"), ((16, "0"), "failed"), ((0, "1"), "failed")):
        session.heap_proof = lambda runner, proof=proof: proof
        assert told(lambda report: interpreted.check_heap(session, report)) == [verdict]


class Looping:
    """Stands for both machines of the drift: it gives what was put here."""

    given: ClassVar[list[tuple[Any, Any]]] = []

    def __init__(self, image: int) -> None:
        self.image = image

    def __enter__(self) -> Looping:
        return self

    def __exit__(self, *given: object) -> None:
        return None

    def loop(self, recorded: Any, steps: int) -> tuple[Any, Any]:
        return self.given[self.image]


@pytest.mark.parametrize(("early", "late", "ends", "verdicts"), [
    (0.1, 0.19, (-9, 9, 0), ["passed", "passed"]), (0.1, 0.3, (-9, 9, 0), ["failed", "passed"]),
    (0.0, 0.0, (-9, 9, 3), ["passed", "failed"]), (0.0, 0.0, (-9, 9, 2), ["passed", "passed"]),
    (0.0, 0.0, (0, 0, 2000), ["passed", "passed"]), (0.0, 0.0, (0, 1, 2000), ["passed", "failed"]),
    (0.0, 0.004, (-9, 9, 0), ["passed", "passed"])])
def test_drift(early: float, late: float, ends: Any, verdicts: list[str], subject: Subject,
               monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand steps of a continuous action that varies by 1, a recording of 20, a state of 2."""
    monkeypatch.setattr(drift, "STEPS", 1000)
    monkeypatch.setattr(drift, "WINDOW", 100)
    monkeypatch.setattr(drift, "HostMachine", Looping)
    monkeypatch.setattr(drift, "heads_of", lambda manifest: {"": Continuous(1)})
    monkeypatch.setattr(drift, "acting", lambda manifest: [{"size": 1}])
    monkeypatch.setattr(drift, "read_recorded",
                        lambda subject: SimpleNamespace(observations=np.zeros((20, 3))))
    right = np.where(np.arange(1000) % 2, -1.0, 1.0)[:, None]
    error = np.where(np.arange(1000) < 900, early, late)[:, None]
    extreme = np.array([ends, (-5, 5, 0)])
    Looping.given = [(right, extreme), (right + error, extreme)]
    given: Any = SimpleNamespace(manifest={"states": [{"shape": [1, 2]}, {"shape": [4]}]})
    builders: Any = [SimpleNamespace(image=n) for n in range(2)]
    assert told(lambda report: drift.check(given, *builders, report)) == verdicts


def test_errors_of_actions() -> None:
    """A continuous part by how much it varies, choices by their probabilities."""
    random = np.random.default_rng(0)
    ours, theirs = random.standard_normal((2, 50, 6))
    heads = [Continuous(1), Discrete((2, 3))]
    found = drift._errors(ours, theirs, heads)
    parts = [np.abs(ours[:, :1] - theirs[:, :1]) / ours[:, :1].std()]
    for cut in (slice(1, 3), slice(3, 6)):
        a, b = (np.exp(one[:, cut]) for one in (ours, theirs))
        parts.append(np.abs(a / a.sum(1)[:, None] - b / b.sum(1)[:, None]))
    np.testing.assert_allclose(found, np.concatenate(parts, 1).mean(1))
