"""Builds an artefact, runs it on the host and on an emulated core, and judges it."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.artefact.directory import as_json, replace_file
from puffer_edge.artefact.opening import (
    MEMORY,
    Subject,
    acting,
    action_dtype,
    read_subject,
)
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.exporters.c import header_of
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.quantization.agreement import AGREEMENT
from puffer_edge.readers.regular_file import read_file
from puffer_edge.targets import (
    CORTEX_M3,
    MICROPYTHON,
    ONNX,
    RPI,
    TARGETS,
    TFLITE,
    Target,
    find_target,
)
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification import drift, extremes, shipped
from puffer_edge.verification.agreement import Demands, check_agreement
from puffer_edge.verification.check_reference import Ran, check_reference
from puffer_edge.verification.emulators.machine import Machine, StepResult
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.originals.asking import Given, ask, unasked
from puffer_edge.verification.recorded import read_recorded
from puffer_edge.verification.reference import Reference, load_for
from puffer_edge.verification.report import Check, Report
from puffer_edge.verification.symbols import find_float_helpers, find_offences, measure_sizes
from puffer_edge.verification.weights import check_weights

Array = npt.NDArray[Any]

INSTRUCTION_SPREAD = 0.02
"""Largest accepted difference between the longest and the shortest step, relative."""

FLASH_BYTES = {"unicorn": 64 << 20, "qemu": 4 << 20}
"""Unicorn has as much as a policy needs, the self-test's copy included; QEMU's boards 4 MB."""

BAD_OBSERVATION = 1

ORIGINAL = "original.h"
"""The float policy beside a recurrent one in integers, made of ``original.npz``."""


def verify(directory: Path, *, target: str = "", toolchain: str = "zig",
           emulator: str = "unicorn", optimize: str = "-O2",
           reference: Path | Reference | None = None, original: Given | None = None,
           min_agreement: float = AGREEMENT, max_error: float | None = None,
           trust: bool = False, native: bool = True,
           progress: Callable[[str], None] = lambda text: None) -> Report:
    """Verifies an artefact and writes report.json and report.md into it.

    Args:
        directory: what export wrote.
        target: a key of ``TARGETS``; the one exported for by default.
        toolchain: zig, gcc or clang.
        emulator: unicorn or qemu; not used for the host.
        optimize: the compiler's optimisation flag.
        reference: see :func:`verification.reference.load_for`.
        original: the policy file, which the library that owns its format runs once more.
        min_agreement: share of greedy actions that an integer policy must have in common with the
            float one.
        max_error: largest mean error of its continuous action; see
            :class:`verification.agreement.Demands`.
        trust: compile and run the code that lies there, also where it is not what this version
            makes of the artefact's Program.
        native: also build and run it on this computer; without, the emulated core does everything
            but the run of many steps.
        progress: is told what is being done.

    Raises:
        FileFormatError: the directory is no artefact, its code is not what this version makes of
            its Program (unless it is trusted), or the reference does not fit.
        MissingDependencyError: a compiler or an emulator is not installed.
        VerificationError: the policy does not compile, or faults. What merely differs is a failed
            check of the report instead.
    """
    subject = read_subject(directory)
    if not re.fullmatch("-O([0-3sgz]|fast)", optimize):
        raise UsageError(f"{optimize!r} is no optimisation flag", hint="give -O2, -O3, -Os...")
    demands = Demands(min_agreement, max_error)
    told: list[Check] = []
    if original is not None:
        if reference is not None:
            raise UsageError("a reference and the original are two judges",
                             hint="verify once with each")
        asked = ask(subject, original, progress)
        told, reference = asked.checks, asked.reference
    code = read_code(directory, subject.manifest, trust=trust)
    report = _verified(subject, code, target, toolchain, emulator, optimize, reference, demands,
                       native, progress)
    report.checks += told
    report.reading = (told[0].detail if told else
                      f"judged by {reference.name}" if isinstance(reference, Path) else
                      unasked(subject.manifest))
    write_report(directory, report)
    return report


def _verified(subject: Subject, code: Mapping[str, bytes], target: str, toolchain: str,
              emulator: str, optimize: str, reference: Path | Reference | None, demands: Demands,
              native: bool, progress: Callable[[str], None]) -> Report:
    """The report, which is written; see :func:`verify`."""
    if MICROPYTHON.name in (target, subject.manifest["target"]):
        if target not in ("", subject.manifest["target"]):
            raise UsageError(f"the artefact was exported for {subject.manifest['target']}",
                             hint=f"export the policy with --target {target}")
        from puffer_edge.verification.micropython.verify import verify as verify_micropython

        return verify_micropython(subject, code, demands=demands, reference=reference,
                                  progress=progress)
    wanted = target or subject.manifest["target"]
    if {wanted, subject.manifest["target"]} & {ONNX.name, TFLITE.name}:
        if wanted != subject.manifest["target"]:
            raise UsageError(f"the artefact was exported for {subject.manifest['target']}",
                             hint=f"export the policy with --target {wanted}")
        from puffer_edge.verification.formats import verify as verify_format

        return verify_format(subject, demands=demands, reference=reference,
                             progress=progress)
    core = RPI if wanted == RPI.name else find_target(wanted)
    if core.isa == "host" and not native:
        raise UsageError(f"the target {core.name} is this computer, for which nothing may be built",
                         hint="leave out --no-native, or give another --target")
    report = Report(subject.manifest["name"], core.name, toolchain,
                    emulator if core.isa != "host" else "this computer", optimize,
                    notes=subject.manifest["notes"])
    check_files(subject, report)
    compiler = find_toolchain(toolchain)
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:

        headers = {"policy.h": code["policy.h"], **_original(subject)}
        for file, content in headers.items():
            (Path(work) / file).write_bytes(content)

        def build(where: Target, part: Subject = subject, file: str = "policy.h") -> ImageBuilder:
            folder = Path(work) / f"{where.name}-{Path(file).stem}-{part.spec.integers}"
            folder.mkdir()
            # The float original may remember in fewer states than the policy does in integers.
            spec = part.spec if file == "policy.h" else replace(part.spec, states=())
            return ImageBuilder(header=Path(work) / file, spec=spec, target=where,
                                toolchain=compiler, directory=folder, optimize=optimize,
                                flash_bytes=FLASH_BYTES.get(emulator, 4 << 20))

        if native:
            progress("building and running on this computer")
            host = build(TARGETS["host"])
            with open_machine(host, emulator) as machine:
                _check_vectors(subject, machine, "this computer", report)
                _judge(subject, machine, reference, demands, report)
            if ORIGINAL in headers:
                progress(f"running {drift.STEPS:,} steps without a reset")
                # Its states, which may be fewer, are not watched.
                original = replace(subject, spec=replace(subject.spec, states=()))
                drift.check(subject, build(TARGETS["host"], original, ORIGINAL), host, report)
        if subject.manifest["target"] == RPI.name:
            from puffer_edge.verification.formats import check_companions

            shipped.check(subject, code, report)
            check_companions(subject, demands, report)
        if core.isa != "host":
            progress(f"building for {core.title}")
            builder = build(core)
            with open_machine(builder, emulator) as machine:
                progress(f"running on {emulator}")
                steps = _check_vectors(subject, machine, core.title, report)
                _check_instructions(core, steps, report)
                if not native:
                    _judge(subject, machine, reference, demands, report)
                stack = machine.stack_used()
                check_weights(machine, report)
            if subject.integers is not None:
                _check_integers(subject.integers, build, core, emulator, report)
            _check_symbols(builder, report)
            sizes = measure_sizes(builder)
            report.measurements |= {
                "flash_code_bytes": sizes.code,
                "flash_data_bytes": sizes.constants + sizes.data,
                "ram_bytes": sizes.ram, "stack_bytes": stack}
    report.measurements |= {
        "macs": subject.manifest["macs"],
        **{name: subject.manifest["memory"][name] for name in MEMORY}}
    write_report(subject.directory, report)
    return report


def _judge(subject: Subject, machine: Machine, reference: Path | Reference | None,
           demands: Demands, report: Report) -> None:
    """Against the float policy over the recording, and against the reference."""
    if "judge.npz" in subject.manifest["files"]:
        data = read_recorded(subject)
        ran = _run(machine, data.observations, data.reset, subject.manifest)
        check_agreement(subject, ran.raw, data, demands, report)
    if reference is not None:
        given = load_for(subject.manifest, reference)
        ran = _run(machine, given.observations, given.reset, subject.manifest)
        check_reference(subject, ran, given, demands, report)


def _original(subject: Subject) -> dict[str, bytes]:
    """The header of the float policy that a recurrent integer one is compared with."""
    manifest = subject.manifest
    if not ({"original.npz", "judge.npz"} <= set(manifest["files"]) and manifest["states"]):
        return {}
    path = subject.directory / "original.npz"
    program = from_bytes(read_file(path), str(path))
    sizes = {name: program.values[value].size
             for name, value in zip(program.output_names, program.outputs, strict=True)}
    if (sizes != dict(subject.spec.outputs)
            or program.contract.observation_size != manifest["observation"]["size"]):
        raise FileFormatError("the float policy does not fit the artefact", where=str(path),
                              hint="export the policy again")
    return {ORIGINAL: header_of(program, manifest["name"]).encode("ascii")}


def check_files(subject: Subject, report: Report) -> None:
    """Whether the artefact's files are those that its manifest tells of."""
    changed = []
    for name, digest in subject.manifest["files"].items():
        path = subject.directory / name
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != digest:
            changed.append(name)
    report.check("files are those that export wrote", not changed,
                 f"changed: {', '.join(changed)}" if changed
                 else f"{len(subject.manifest['files'])} files, sha256")


def _check_integers(subject: Subject, build: Callable[[Target, Subject], ImageBuilder],
                    core: Target, emulator: str, report: Report) -> None:
    """The step that takes integers, in a build without any other."""
    builder = build(core, subject)
    with open_machine(builder, emulator) as machine:
        steps = _check_vectors(subject, machine, core.title, report)
    _check_instructions(core, steps, report, "integer_", " from integers")
    # A core with an FPU needs no helper, so the symbols of one without are read.
    soft = CORTEX_M3 if core.hard_float else core
    builder = build(soft, subject) if soft is not core else builder
    helpers = find_float_helpers(builder)
    report.check("an integer-only build needs no floating point", not helpers,
                 f"the object needs {', '.join(helpers)}" if helpers else
                 f"no helper of the compiler for it is called ({soft.title})")


def _check_vectors(subject: Subject, machine: Machine, where: str,
                   report: Report) -> list[StepResult]:
    """Self-test, all vectors bit for bit, and what a bad observation does."""
    if subject.spec.integers:
        where = f"{where} from integers"
    bad = machine.selftest()
    report.check(f"self-test on {where}", bad == 0, f"{bad} steps gave other bits")
    vectors = subject.vectors
    observations = [row.tobytes() for row in vectors.observations]
    resets = frozenset(int(i) for i in np.flatnonzero(vectors.reset))
    steps = machine.run(observations, resets)
    expected = np.concatenate(
        [vectors.outputs[output["name"]] for output in subject.manifest["outputs"]],
        axis=1).astype(np.float32)  # integers of 16 bits are exact in float32
    wrong = sum(
        step.status != 0 or step.outputs.tobytes() != outputs.tobytes()
        or step.action != action.tobytes()
        for step, outputs, action in zip(steps, expected, vectors.actions, strict=True))
    report.check(f"outputs and actions on {where} equal the oracle's bits", wrong == 0,
                 f"{wrong} of {len(steps)} steps differ")
    if subject.spec.integers:  # none of them is bad
        return steps
    report.measurements["steps"] = len(steps)
    _check_rejection(subject, machine, where, steps, report)
    stored = (subject.directory / "program.npz").read_bytes()
    extremes.check(from_bytes(stored, "program.npz"), vectors.observations, machine, where, report)
    return steps


def _check_rejection(subject: Subject, machine: Machine, where: str, good: list[StepResult],
                     report: Report) -> None:
    """NaN and infinities between two steps must leave action and state as they were."""
    rows = subject.vectors.observations
    poisoned = []
    for index, value in enumerate((np.nan, np.inf, -np.inf)):
        row = rows[0].copy()
        row[(index * 7) % row.size] = value
        poisoned.append(row.tobytes())
    steps = machine.run([rows[0].tobytes(), *poisoned, rows[1].tobytes()], frozenset({0}))
    rejected = all(step.status == BAD_OBSERVATION and step.action == good[0].action
                   for step in steps[1:-1])
    carried_on = steps[-1].status == 0 and steps[-1].outputs.tobytes() == good[1].outputs.tobytes()
    report.check(f"bad observations on {where} change nothing", rejected and carried_on,
                 "NaN and both infinities are refused; action and state are kept")


def _run(machine: Machine, observations: Array, reset: Array, manifest: dict[str, Any]) -> Ran:
    steps = machine.run([row.tobytes() for row in observations],
                        frozenset(int(i) for i in np.flatnonzero(reset)))
    size = sum(output["size"] for output in acting(manifest))
    kind = action_dtype(manifest, integers=False)
    return Ran(np.stack([step.outputs[:size] for step in steps]),
               np.stack([np.frombuffer(step.action, kind)[0] for step in steps]))


def _check_instructions(core: Target, steps: list[StepResult], report: Report,
                        prefix: str = "", suffix: str = "") -> None:
    counts = [step.instructions for step in steps if step.instructions is not None]
    name = f"instructions per step{suffix} do not depend on the data"
    if not counts:
        report.skip(name, "this emulator does not count")
        return
    least, most = min(counts), max(counts)
    report.measurements |= {f"{prefix}instructions_min": least, f"{prefix}instructions_max": most}
    detail = f"{least:,} to {most:,} over {len(counts)} steps ({(most - least) / least:.2%})"
    within = most - least <= INSTRUCTION_SPREAD * least
    if within or core.hard_float or prefix:
        report.check(name, within, detail)
    else:
        report.skip(name, f"{detail}; the compiler's software floating point takes longer for "
                          "some numbers, use an integer scheme where that matters")


def _check_symbols(builder: ImageBuilder, report: Report) -> None:
    offences = find_offences(builder)
    detail = ", ".join(f"{offence.symbol} ({offence.reason})" for offence in offences)
    report.check("no heap, no double precision, no libm", not offences,
                 f"the object needs {detail}" if offences else
                 "the object needs nothing but memcpy, memset and the compiler's own helpers")


def write_report(directory: Path, report: Report) -> None:
    """Puts the report into the artefact; one that cannot be written keeps its verdict."""
    try:
        replace_file(directory / "report.json", as_json(report.to_json()))
        replace_file(directory / "report.md", report.to_markdown().encode())
    except OSError as error:
        report.unwritten = f"the report cannot be written: {error.strerror}"

