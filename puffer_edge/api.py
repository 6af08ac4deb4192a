# SPDX-License-Identifier: MIT
"""The public functions: load, inspect, export and verify; the command line is a layer on them."""

from __future__ import annotations

import json
import os
import shlex
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from puffer_edge.arguments import LoadArguments, PolicySource
from puffer_edge.blackbox.layout import asked_for
from puffer_edge.errors import OutputError, PolicyWarning, UsageError
from puffer_edge.frontends.assumptions import refuse_assumptions
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Program
from puffer_edge.loading import DEFAULTS, accepted, load, load_quietly, refuse_options, warn
from puffer_edge.naming import stem_from
from puffer_edge.quantization.recording import Observations, Recording, record, source_of
from puffer_edge.robot import RobotContract
from puffer_edge.robot.reading import read_contract
from puffer_edge.shield import Wish, fit, read_shield
from puffer_edge.shield.holding_back import clean_bytes, held_back
from puffer_edge.signatures import public

__all__ = ["calibrate", "export", "inspect", "load", "verify"]

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from typing_extensions import Unpack

    from puffer_edge.inspection import Inspection
    from puffer_edge.quantization.integer_input import Counts
    from puffer_edge.verification.originals import SecondReading
    from puffer_edge.verification.reference import Reference
    from puffer_edge.verification.report import Report


@public(LoadArguments.__annotations__, DEFAULTS)
def inspect(policy: PolicySource, options: LoadOptions | None = None, *, strict: bool = False,
            **changes: Unpack[LoadArguments]) -> Inspection:
    """What a policy is, and what export would make of it; arguments as of :func:`load`.

    The notes are in the result, hence no warnings.
    """
    from puffer_edge.inspection import examine

    if isinstance(policy, Program):
        refuse_options(options, changes)
        return examine(accepted(policy, strict, changes.get("accept", ())))
    found = examine(load_quietly(policy, options, strict, changes))
    if not isinstance(policy, str | os.PathLike):
        return found
    from puffer_edge.frontends.metadata import metadata

    return replace(found, metadata=metadata(Path(policy)))


@public(LoadArguments.__annotations__, DEFAULTS)
def export(policy: PolicySource, directory: str | os.PathLike[str] | None = None, *,
           target: str = "", name: str = "", seed: int = 0, scheme: str = "",
           calibrate: Observations | None = None,
           steps: int = 4000, observe: Sequence[int] = (),
           layers: Mapping[str, str] | None = None, observer: str = "minmax",
           min_agreement: float = 0.95, counts: Counts | None = None, board: str = "",
           kernels: str = "", url: str = "", helium_float: bool = False,
           contract: str | os.PathLike[str] | RobotContract | None = None,
           shield: str | os.PathLike[str] | Wish | None = None,
           black_box: int | tuple[int, int] = 0, weights: int = 0,
           original: Literal["", "auto", "run", "never"] = "",
           run_original: bool = False,
           second_reader: Callable[[SecondReading], None] = lambda reading: None,
           strict: bool = False,
           progress: Callable[[str], None] = lambda text: None,
           options: LoadOptions | None = None, **changes: Unpack[LoadArguments]) -> Path:
    """Writes the artefact of a policy for a target.

    Args:
        policy: a Program, or what :func:`load` takes.
        directory: where the artefact goes; an artefact that is there is replaced. By default
            ``<stem>-<target>`` in the working directory, of the policy file's stem.
        target: a key of ``targets.TARGETS``, rpi, micropython, onnx or tflite; the board's by
            default, without one cortex-m.
        name: stem of the C identifiers; made by default from the policy file's stem, of a Program
            or module from the directory's name; ``policy`` where none can be made.
        seed: of the test vectors, and of the environment that calibrates.
        scheme: by default the integers that a quantised file brings, where they have a form
            here and the target is neither onnx nor tflite, else float32; float16, which stores
            matrices in float16; int8, int8x16, int16; or auto: int8, and int16 for the layers that
            need it; onnx and tflite have their own, see ``exporters.formats``.
        calibrate: for an integer scheme: observations as an array [T, n], as arrays by name
            (``observations``, and ``reset`` [T] of several episodes), as a Recording of
            :func:`calibrate`, or as an .npz or .npy; or ``env:<id>``, or ``bounds:LOW:HIGH``.
        steps: to play in ``env:<id>``, several episodes; half of them judge.
        observe: elements of its flattened observation that the policy sees; all by default.
        layers: schemes of single layers by name, as ``{"decoder": "int16"}``.
        observer: how ranges are made of recorded numbers: minmax, percentile or mse.
        min_agreement: what the scheme auto must reach, a share of equal greedy actions, by verify's
            judgement: with its 95 % interval, and little of the margin lost by the others.
        counts: what integer observations count, by field: ``{"gyro": (scale, offset)}``.
        board: of ``puffer_edge.boards``, or a ``.toml`` file; any board by default. A policy that
            it cannot hold is refused.
        kernels: for micropython: bytecode, unrolled, viper or thumb; the fastest by default.
        url: for micropython: where the files will lie, for package.json.
        helium_float: for cortex-m55 in float32: linear layers, convolutions and LSTMs sum in
            Helium's floats, in which subnormal numbers are zeros; the oracle does the same.
        contract: of the robot: a file that :func:`puffer_edge.contract` reads, or what it gave.
        shield: what an observation and an action may be: a ``shield.toml``, or a Wish. Its ranges
            are made of ``calibrate``, in a scheme of floats too.
        black_box: in C: write ``policy_blackbox.h``, which keeps so many steps for
            :func:`puffer_edge.replay`; of a recurrent policy also a state every 16 steps, or as
            often as the second number says.
        weights: in C: the sequence number of a blob, ``policy_weights.bin``, that holds all that
            training decides, for slots of flash; 0 keeps it in the code.
        original: whether the library that owns the policy's format runs it beside ours: auto (if
            it is installed, and cannot run code that is in the file), run (also where it can), or
            never. Nothing is written where it disagrees.
        run_original: the same as ``original="run"``.
        second_reader: is told what the original said.
        strict: see :func:`load`.
        progress: is told what is being done.
        options: see :func:`load`.
        changes: see :func:`load`.

    Returns:
        The directory.

    Raises:
        PufferEdgeError: nothing is written then.
    """
    from puffer_edge.artefact.directory import MANIFEST, write
    from puffer_edge.exporters.aiming import DEFAULT, aim
    from puffer_edge.exporters.exporter import refuse_useless
    from puffer_edge.exporters.finding import EXPORTERS
    from puffer_edge.exporters.fitting import refuse_too_large
    from puffer_edge.exporters.request import ExportRequest

    found, chosen = aim(target, board)
    exporter = EXPORTERS[found]
    if isinstance(policy, Program):
        refuse_options(options, changes)
    recording = source_of(calibrate)
    given: dict[str, Any] = {
        "calibrate": recording, "steps": steps, "observe": tuple(observe), "layers": layers or {},
        "observer": observer, "min_agreement": min_agreement, "counts": counts,
        "board": chosen.name if chosen else board,
        "kernels": kernels, "url": url, "helium_float": helium_float,
        "contract": contract if contract is None or isinstance(contract, RobotContract)
        else read_contract(Path(contract)),
        "shield": shield if shield is None or isinstance(shield, Wish)
        else read_shield(Path(shield)), "black_box": asked_for(black_box),
        "weights": sequence_number(weights)}
    if scheme:
        refuse_useless(exporter, target or found, scheme, given)
    original = "run" if run_original else original
    source = Path(policy) if isinstance(policy, str | os.PathLike) else None
    path = (default_directory(source, chosen.name if chosen else target or DEFAULT)
            if directory is None else Path(directory))
    name = name or stem_from(source.stem if source else Path(os.path.abspath(path)).name)
    program = (accepted(policy, strict, changes.get("accept", ())) if isinstance(policy, Program)
               else load_quietly(policy, options, strict, changes))
    if not scheme:
        scheme = exporter.default_scheme(program)
        refuse_useless(exporter, target or found, scheme, given)
    if not isinstance(policy, Program):
        warn(program.notes)
        seen = "" if isinstance(recording, str) and not os.path.isfile(recording) else recording
        second_reader(second_reading(policy, program, original, progress, seed, options, changes,
                                  seen))
    if given["shield"] is not None and recording:  # is played once
        given["calibrate"] = recording = record(recording, program, seed=seed, steps=steps,
                                                observe=tuple(observe))
    request = exporter.prepare(ExportRequest(program, found, name, seed, scheme, source, **given),
                               progress)
    if request.shield is not None:
        if request.helium_float and request.shield.directions:
            raise UsageError("a likelihood is not summed by Helium's floats",
                             hint="leave out --helium-float, or [likelihood]")
        shielded, found_program = fit(request.shield, request.program, request.contract,
                                      recording if isinstance(recording, Recording) else None)
        request = replace(request, shielded=shielded, program=found_program, clean=clean_bytes(
            held_back(recording)) if isinstance(recording, Recording) else b"")
    if strict:
        refuse_assumptions(request.program)
    warn(note for note in request.program.notes if note not in program.notes)
    files = exporter.files(request, progress)
    if chosen is not None:
        refuse_too_large(json.loads(files[MANIFEST]), chosen)
    write(path, files)
    return path


@public(LoadArguments.__annotations__, DEFAULTS)
def calibrate(policy: PolicySource, observations: Observations, *, steps: int = 4000,
              observe: Sequence[int] = (), seed: int = 0, options: LoadOptions | None = None,
              **changes: Unpack[LoadArguments]) -> Recording:
    """Observations to calibrate integers with, recorded once for several exports.

    Args:
        policy: what plays: a Program, or what :func:`load` takes.
        observations: as ``calibrate=`` of :func:`export`.
        steps: to play in ``env:<id>``; half of them will calibrate, half judge.
        observe: elements of its flattened observation that the policy sees; all by default.
        seed: of the environment.
        options: see :func:`load`.
        changes: see :func:`load`.

    Returns:
        What ``export(calibrate=...)`` takes; its ``save`` writes a file for ``--calibrate``.

    Raises:
        PufferEdgeError: the observations do not fit the policy.
    """
    if isinstance(policy, Program):
        refuse_options(options, changes)
        program = policy
    else:
        program = load_quietly(policy, options, False, changes)
    found = record(source_of(observations), program, seed=seed, steps=steps,
                   observe=tuple(observe))
    if found.observations.shape[1] != program.contract.observation_size:
        raise UsageError(f"the recording has {found.observations.shape[1]} elements per "
                         f"observation, the policy takes {program.contract.observation_size}")
    return found


def second_reading(policy: Any, program: Program, original: str, progress: Callable[[str], None],
                seed: int, options: LoadOptions | None, changes: Mapping[str, Any],
                recorded: str | Recording) -> SecondReading:
    """What the original says to the Program, also over what was recorded.

    Raises:
        VerificationError: it disagrees.
    """
    from puffer_edge.verification.originals import mode_of, read_again

    module = changes.get("module")
    named = module if isinstance(module, str) else ""
    live = None if named else module or (None if isinstance(policy, str | Path) else policy)
    seen = None
    if recorded:
        seen = record(recorded, program).observations
    policy = os.fspath(policy) if isinstance(policy, os.PathLike) else policy
    reading = read_again(policy if live is None else live, program,
                         replace(options or LoadOptions(), **loadable(changes)),
                         mode=mode_of(original), module=named, example=changes.get("example"),
                         recorded=seen, seed=seed, progress=progress)
    reading.raise_if_wrong(str(policy) if isinstance(policy, str | Path) else type(policy).__name__)
    return reading


@public(LoadArguments.__annotations__, DEFAULTS)
def verify(directory: str | os.PathLike[str], *,
           original: str | os.PathLike[str] | None = None, run_original: bool = False,
           target: str = "", board: str = "", toolchain: str = "", emulator: str = "",
           optimize: str = "",
           reference: str | os.PathLike[str] | Reference | Mapping[str, ArrayLike] | None = None,
           min_agreement: float | None = None, max_error: float | None = None, native: bool = True,
           trust: bool = False, page: bool = False, command: str = "",
           progress: Callable[[str], None] = lambda text: None,
           options: LoadOptions | None = None, **changes: Unpack[LoadArguments]) -> Report:
    """Builds an artefact, runs it on the host and on an emulated core, and judges it.

    Args:
        directory: what export wrote; report.json and report.md go into it.
        original: the policy file that it was exported from; the library that owns its format then
            runs it beside the artefact.
        run_original: also where that library can run code that is in the file.
        target: another target than the one exported for.
        board: of ``puffer_edge.boards``: whether it has the memory, and how long a step takes;
            the one exported for by default.
        toolchain: zig (by default), gcc or clang.
        emulator: unicorn or qemu; unicorn by default, where it knows the core.
        optimize: the compiler's optimisation flag; -O2 by default.
        reference: what somebody else computed: an .npz with ``observations``, and ``logits``,
            ``mean``, ``outputs`` or ``actions`` for them (``reset`` of several episodes), or the
            same arrays by name.
        min_agreement: share of greedy actions that an integer policy must have in common with the
            float one; 0.95 by default.
        max_error: largest mean error of its continuous action, as a part of its deviation.
        native: also build and run it on this computer.
        trust: compile and run the code that lies there, also where it is not what this version
            makes of the artefact's Program.
        page: write report.html, too: what report.json says, in one file to look at.
        command: that repeats this, for the page.
        progress: is told what is being done.
        options: that the policy was exported with; for ``original``.
        changes: single ones of them by name.

    Returns:
        The report; what merely differs is a failed check in it.

    Raises:
        FileFormatError: the directory is no artefact, its code another, or the reference does not
            fit.
        MissingDependencyError: a compiler or an emulator is not installed.
        VerificationError: the policy does not compile, or faults.
    """
    from puffer_edge.artefact.directory import read_manifest
    from puffer_edge.verification.reference import load_for
    from puffer_edge.verification.verify import verify as run

    judge = (load_for(read_manifest(Path(directory)), reference) if isinstance(reference, Mapping)
             else Path(reference) if isinstance(reference, str | os.PathLike) else reference)
    given = None
    if original is not None:
        from puffer_edge.verification.originals.asking import Given, refuse_another

        path, chosen = Path(original), replace(options or LoadOptions(), **loadable(changes))
        refuse_another(Path(directory), path)
        given = Given(path, load_quietly(path, chosen, False, {}), chosen,
                      "run" if run_original else "auto")
    elif changes or options not in (None, LoadOptions()) or run_original:
        raise UsageError("what the policy file lacks is told for --original, which is missing",
                         hint="give --original FILE, or leave it out")
    before = _of_others(Path(directory)) if page else {}
    report = run(Path(directory), target=target, board=board, toolchain=toolchain,
                 emulator=emulator, optimize=optimize, reference=judge, original=given,
                 min_agreement=min_agreement, max_error=max_error, trust=trust, native=native,
                 page=page, progress=progress)
    if page and not report.unwritten:
        _write_page(Path(directory), report, command, before, trust, progress)
    if report.unwritten:
        warnings.warn(f"{directory}: {report.unwritten}", PolicyWarning, stacklevel=3)
    return report


def _of_others(directory: Path) -> dict[str, Any]:
    """What other commands found, before verify writes over it."""
    from puffer_edge.page.writing import kept

    return kept(directory)


def _write_page(directory: Path, report: Report, command: str, before: Mapping[str, Any],
                trust: bool, progress: Callable[[str], None]) -> None:
    """report.html, and report.json with what the page shows; a failure is told, as verify does."""
    from puffer_edge.page.writing import PAGE, player_of, write_page

    progress(f"writing {PAGE}")
    report.more |= before
    report.more["commands"] = {"verify": command or shlex.join(
        ["puffer-edge", "verify", str(directory)])}
    try:
        plain = report.to_json()
        write_page(directory, plain, player_of(directory, plain, trust))
    except OutputError as error:
        report.unwritten = error.what


def sequence_number(weights: int) -> int:
    """Of a blob of weights, once it is one."""
    if not isinstance(weights, int) or not 0 <= weights < 1 << 32:
        raise UsageError(f"the blob of weights cannot have the sequence number {weights!r:.40}",
                         hint="1 for the first, and a higher one for each that is to replace it")
    return weights


def loadable(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are fields of LoadOptions; the others are for torch."""
    return {name: value for name, value in changes.items()
            if name in LoadOptions.__dataclass_fields__}


def default_directory(policy: Path | None, target: str) -> Path:
    """Where an artefact goes if the user does not say: beside nothing else, told by its name."""
    return Path(f"{policy.stem if policy else 'policy'}-{target}")
