# SPDX-License-Identifier: MIT
"""A C header: built and run on this computer and on an emulated core."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact.opening import MEMORY, Subject, acting, action_dtype
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.boards import Board
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.exporters.c import header_of
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.readers.regular_file import read_file
from puffer_edge.shield.shield import NOVELTY
from puffer_edge.targets import CORTEX_M3, TARGETS, Target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.checks import drift, extremes
from puffer_edge.verification.checks.calls import check_calls, check_float_helpers
from puffer_edge.verification.checks.instructions import check_instructions
from puffer_edge.verification.checks.listed_files import check_files
from puffer_edge.verification.checks.memory import check_board, check_memory
from puffer_edge.verification.checks.reference import Ran
from puffer_edge.verification.checks.rejection import check_rejection
from puffer_edge.verification.checks.stack import check_stack
from puffer_edge.verification.checks.vectors import check_vectors
from puffer_edge.verification.checks.weights import check_weights
from puffer_edge.verification.describing import on_boards, with_core
from puffer_edge.verification.emulators.machine import Machine, SteppingMachine, StepResult
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.estimating import Estimate, estimates
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.job import Job
from puffer_edge.verification.judges import Judges
from puffer_edge.verification.report import Report
from puffer_edge.verification.shield_verifying import verify_shield
from puffer_edge.verification.symbols import measure_sizes
from puffer_edge.verification.verifiers.verifier import JUDGED

UNICORN_FLASH = 64 << 20
"""Bytes: as much as a policy needs, the self-test's copy included; QEMU's boards have less."""

POLICY = "policy.h"
ORIGINAL = "original.h"
"""The float policy beside a recurrent one in integers, made of ``original.npz``."""


class C:
    """See :class:`.verifier.Verifier`."""

    title = "a policy in C"
    takes = JUDGED | {"board", "toolchain", "emulator", "optimize"}

    def knows(self, manifest: Mapping[str, Any]) -> bool:
        """Every core of ``targets.TARGETS``."""
        return manifest["target"] in self.cores(manifest)

    def cores(self, manifest: Mapping[str, Any]) -> Collection[str]:
        """Every header compiles for all."""
        return frozenset(core.name for core in TARGETS.values()) | set(TARGETS)

    def why_not(self, option: str) -> str:
        """Nothing is refused."""
        return ""

    def verify(self, job: Job) -> Report:
        """See :class:`.verifier.Verifier`."""
        manifest, core = job.subject.manifest, _core(job)
        if core.isa == "host" and not job.native:
            raise UsageError(
                f"the target {core.name} is this computer, for which nothing may be built",
                hint="leave out --no-native, or give another --target")
        report = Report(manifest["name"], core.name, job.toolchain,
                        job.emulator if core.isa != "host" else "this computer", job.optimize,
                        notes=[*manifest["notes"], *slow_build(manifest, job.optimize)])
        report.tools = find_toolchain(job.toolchain).version(core)
        check_files(job.subject, report)
        with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:
            bench = Bench(job, Path(work), {POLICY: job.code[POLICY], **_original(job.subject)})
            if job.native:
                _on_this_computer(bench, report)
            self.check_more(job, report)
            if core.isa != "host":
                _on_the_core(bench, report)
            if "shield" in manifest:
                verify_shield(job, core, bench.work, bench.build(core, name="plain"), report)
        report.measurements |= {"macs": manifest["macs"],
                                **{name: manifest["memory"][name] for name in MEMORY}}
        return report

    def check_more(self, job: Job, report: Report) -> None:
        """What else lies in the artefact."""


@dataclass(frozen=True)
class Bench:
    """Where a job's headers are built, each build in a folder of its own."""

    job: Job
    work: Path
    headers: Mapping[str, bytes]

    def __post_init__(self) -> None:
        for file, content in self.headers.items():
            (self.work / file).write_bytes(content)

    def build(self, core: Target, part: Subject | None = None, file: str = POLICY,
              name: str = "") -> ImageBuilder:
        """Builds a header for a core.

        Args:
            core: the target.
            part: the artefact, or its half that takes integers.
            file: the policy's header or the original's.
            name: of the folder, where the same is built once more.
        """
        spec = (part or self.job.subject).spec
        folder = self.work / f"{core.name}-{name or Path(file).stem}-{spec.integers}"
        folder.mkdir()
        # The float original may remember in fewer states than the policy does in integers.
        spec = spec if file == POLICY else replace(
            spec, states=(), outputs=tuple(each for each in spec.outputs if each[0] != NOVELTY))
        return ImageBuilder(header=self.work / file, spec=spec, target=core,
                            toolchain=find_toolchain(self.job.toolchain), directory=folder,
                            optimize=self.job.optimize,
                            flash_bytes=UNICORN_FLASH if self.job.emulator == "unicorn" else 0)


def slow_build(manifest: Mapping[str, Any], optimize: str) -> list[dict[str, str]]:
    """A note on integers that are built without optimisation."""
    if optimize.lstrip("-") != "O0" or manifest["scheme"] in FLOATING:
        return []
    return [{"kind": "warning",
             "text": "at -O0 a step in integers takes up to three times the instructions that it "
                     "takes at -O2 (Cortex-M4, GCC); build with -O2, or policy.c alone with it"}]


def _core(job: Job) -> Target:
    assert isinstance(job.core, Target)  # see C.cores
    return job.core


def _on_this_computer(bench: Bench, report: Report) -> None:
    job = bench.job
    job.progress("building and running on this computer")
    host = bench.build(TARGETS["host"])
    with open_machine(host, job.emulator) as machine:
        _check_steps(job.subject, machine, "this computer", report)
        _judge(job, machine, report)
    if ORIGINAL in bench.headers:
        job.progress(f"running {drift.STEPS:,} steps without a reset")
        drift.check(job.subject, bench.build(TARGETS["host"], file=ORIGINAL), host, report)


def _on_the_core(bench: Bench, report: Report) -> None:
    job, core = bench.job, _core(bench.job)
    job.progress(f"building for {core.title}")
    builder = bench.build(core)
    with open_machine(builder, job.emulator) as machine:
        job.progress(f"running on {job.emulator}")
        if isinstance(machine, SteppingMachine):
            machine.told = job.progress
        steps = _check_steps(job.subject, machine, core.title, report)
        check_instructions(core, steps, report)
        if not job.native:
            _judge(job, machine, report)
        stack = machine.stack_used()
        check_weights(machine, report)
        told = _on_all_boards(job, machine) if job.page else {}
        if job.board is not None:
            _estimate(job, job.board, machine, steps, report)
    if job.subject.integers is not None:
        _check_integers(bench, job.subject.integers, report)
    check_calls(builder, report)
    sizes = measure_sizes(builder)
    report.measurements |= {
        "flash_code_bytes": sizes.code, "flash_data_bytes": sizes.constants + sizes.data,
        "ram_bytes": sizes.ram, "stack_bytes": stack}
    deepest = check_stack(builder, stack, report)
    robot = int(job.subject.manifest["memory"].get("robot_bytes", 0))  # not built here
    check_memory(core, sizes, deepest, report, robot)
    if job.board is not None:
        check_board(job.board, sizes, deepest, report, robot)
    if job.page:
        report.more["boards"] = on_boards(
            core.name, sizes, (deepest or stack or 0) + robot, told)


def _on_all_boards(job: Job, machine: Machine) -> dict[str, Estimate]:
    """What a step takes on the boards that have the core, where there is a model of it."""
    if not isinstance(machine, UnicornMachine):
        return {}
    first = job.subject.vectors.observations[0].tobytes()
    return estimates(machine, first, _core(job), with_core(_core(job).name))


def _estimate(job: Job, board: Board, machine: Machine, steps: list[StepResult], report: Report
              ) -> None:
    """How long a step takes on the board, where there is a model of its core."""
    found = None
    if isinstance(machine, UnicornMachine):
        first = job.subject.vectors.observations[0].tobytes()
        found = estimates(machine, first, _core(job), [board]).get(board.name)
    elif cycles := [step.cycles for step in steps if step.cycles]:
        found = Estimate(min(cycles), max(cycles), max(cycles), board.core.clock, "",
                         job.emulator)
    if found is None:
        text = f"how long a step takes on {board.title} is not told: no model of {board.core.name}"
    else:
        text = f"on {board.title} {found.text}"
        report.measurements |= {
            f"microseconds{end}": found.microseconds(cycles) for end, cycles in (
                ("", found.likely), ("_least", found.least), ("_most", found.most))}
    report.notes.append({"kind": "stated", "text": text})


def _check_steps(subject: Subject, machine: Machine, where: str,
                 report: Report) -> list[StepResult]:
    """Good observations, bad ones, and extreme ones."""
    steps = check_vectors(subject, machine, where, report)
    report.measurements["steps"] = len(steps)
    check_rejection(subject, machine, where, steps, report)
    stored = (subject.directory / "program.npz").read_bytes()
    extremes.check(from_bytes(stored, "program.npz"), subject.vectors.observations, machine,
                   where, report)
    return steps


def _check_integers(bench: Bench, part: Subject, report: Report) -> None:
    """The step that takes integers, in a build without any other."""
    core = _core(bench.job)
    builder = bench.build(core, part)
    with open_machine(builder, bench.job.emulator) as machine:
        steps = check_vectors(part, machine, f"{core.title} from integers", report)
    check_instructions(core, steps, report, integers=True)
    # A core with an FPU needs no helper, so the symbols of one without are read.
    soft = CORTEX_M3 if core.hard_float else core
    check_float_helpers(bench.build(soft, part) if soft is not core else builder, soft, report)


def _judge(job: Job, machine: Machine, report: Report) -> None:
    manifest = job.subject.manifest
    size = sum(output["size"] for output in acting(manifest))
    kind = action_dtype(manifest, integers=False)

    def run(observations: Array, reset: Array) -> Ran:
        steps = machine.run([row.tobytes() for row in observations],
                            frozenset(int(i) for i in np.flatnonzero(reset)))
        return Ran(np.stack([step.outputs[:size] for step in steps]),
                   np.stack([np.frombuffer(step.action, kind)[0] for step in steps]))

    Judges(job, report, run).ask()


def _original(subject: Subject) -> dict[str, bytes]:
    """The header of the float policy that a recurrent integer one is compared with."""
    manifest = subject.manifest
    if not ({"original.npz", "judge.npz"} <= set(manifest["files"]) and manifest["states"]):
        return {}
    path = subject.directory / "original.npz"
    program = from_bytes(read_file(path), str(path))
    sizes = {name: program.values[value].size
             for name, value in zip(program.output_names, program.outputs, strict=True)}
    ours = {name: size for name, size in subject.spec.outputs if name != NOVELTY}
    if (sizes != ours
            or program.contract.observation_size != manifest["observation"]["size"]):
        raise FileFormatError("the float policy does not fit the artefact", where=str(path),
                              hint="export the policy again")
    return {ORIGINAL: header_of(program, manifest["name"]).encode("ascii")}
