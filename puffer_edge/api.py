"""The public functions: load, inspect, export and verify; the command line is a layer on them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from puffer_edge.arguments import LoadArguments
from puffer_edge.errors import PufferEdgeError, UsageError
from puffer_edge.frontends.assumptions import refuse_assumptions
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Program
from puffer_edge.loading import DEFAULTS, accepted, load, load_quietly, refuse_options, warn
from puffer_edge.signatures import public

__all__ = ["export", "inspect", "load", "verify"]

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from puffer_edge.inspection import Inspection
    from puffer_edge.quantization.integer_input import Counts
    from puffer_edge.verification.originals import SecondReading
    from puffer_edge.verification.report import Report


@public(LoadArguments.__annotations__, DEFAULTS)
def inspect(policy: Any, options: LoadOptions | None = None, *, strict: bool = False,
            **changes: Unpack[LoadArguments]) -> Inspection:
    """What a policy is, and what export would make of it; arguments as of :func:`load`.

    The notes are in the result, hence no warnings.
    """
    from puffer_edge.inspection import examine

    if isinstance(policy, Program):
        refuse_options(options, changes)
        return examine(accepted(policy, strict, changes.get("accept", ())))
    found = examine(load_quietly(policy, options, strict, changes))
    if not isinstance(policy, str | Path):
        return found
    from puffer_edge.frontends.metadata import metadata

    return replace(found, metadata=metadata(Path(policy)))


@public(LoadArguments.__annotations__, DEFAULTS)
def export(policy: Any, directory: str | Path | None = None, *, target: str = "cortex-m",
           name: str = "", seed: int = 0, scheme: str = "float32", calibrate: str = "",
           steps: int = 4000, observe: Sequence[int] = (),
           layers: Mapping[str, str] | None = None, observer: str = "minmax",
           min_agreement: float = 0.95, counts: Counts | None = None, board: str = "",
           kernels: str = "", original: str = "",
           second_reader: Callable[[SecondReading], None] = lambda reading: None,
           strict: bool = False,
           progress: Callable[[str], None] = lambda text: None,
           options: LoadOptions | None = None, **changes: Unpack[LoadArguments]) -> Path:
    """Writes the artefact of a policy for a target.

    Args:
        policy: a Program, or what :func:`load` takes.
        directory: where the artefact goes; an artefact that is there is replaced. By default
            ``<stem>-<target>`` in the working directory, of the policy file's stem.
        target: a key of ``targets.TARGETS``, rpi, micropython, onnx or tflite.
        name: stem of the C identifiers; made by default from the policy file's stem, of a Program
            or module from the directory's name; ``policy`` where none can be made.
        seed: of the test vectors, and of the environment that calibrates.
        scheme: float32; float16, which stores matrices as halves; int8, int8x16, int16; or auto:
            int8, and int16 for the layers that need it; onnx and tflite
            have their own, see ``exporters.formats``.
        calibrate: for an integer scheme: an .npz or .npy of observations, ``env:<id>``, or
            ``bounds:LOW:HIGH``.
        steps: to play in ``env:<id>``, several episodes; half of them judge.
        observe: elements of its flattened observation that the policy sees; all by default.
        layers: schemes of single layers by name, as ``{"decoder": "int16"}``.
        observer: how ranges are made of recorded numbers: minmax, percentile or mse.
        min_agreement: what the scheme auto must reach, a share of equal greedy actions, by verify's
            judgement: with its 95 % interval, and little of the margin lost by the others.
        counts: what integer observations count, by field: ``{"gyro": (scale, offset)}``.
        board: for micropython: a board of ``exporters.micropython.boards``; any board by default.
        kernels: for micropython: bytecode, unrolled, viper or thumb; the fastest by default.
        original: whether the library that owns the policy's format runs it beside ours: auto (if
            it is installed, and cannot run code that is in the file), run (also where it can), or
            never. Nothing is written where it disagrees.
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
    from puffer_edge.artefact.directory import write
    from puffer_edge.exporters.exporter import refuse_useless
    from puffer_edge.exporters.finding import EXPORTERS
    from puffer_edge.exporters.request import ExportRequest
    from puffer_edge.targets import find_exported

    found = find_exported(target).name
    exporter = EXPORTERS[found]
    if isinstance(policy, Program):
        refuse_options(options, changes)
    given: dict[str, Any] = {
        "calibrate": calibrate, "steps": steps, "observe": tuple(observe), "layers": layers or {},
        "observer": observer, "min_agreement": min_agreement, "counts": counts, "board": board,
        "kernels": kernels}
    refuse_useless(exporter, target, scheme, given)
    source = Path(policy) if isinstance(policy, str | Path) else None
    path = default_directory(source, target) if directory is None else Path(directory)
    name = name or name_from(source.stem if source else Path(os.path.abspath(path)).name)
    program = (accepted(policy, strict, changes.get("accept", ())) if isinstance(policy, Program)
               else load_quietly(policy, options, strict, changes))
    if not isinstance(policy, Program):
        warn(program.notes)
        second_reader(_read_again(policy, program, original, progress, seed, options, changes,
                                  calibrate if os.path.isfile(calibrate) else ""))
    request = exporter.prepare(ExportRequest(program, found, name, seed, scheme, source, **given),
                               progress)
    if strict:
        refuse_assumptions(request.program)
    warn(note for note in request.program.notes if note not in program.notes)
    write(path, exporter.files(request, progress))
    return path


def _read_again(policy: Any, program: Program, original: str, progress: Callable[[str], None],
                seed: int, options: LoadOptions | None, changes: Mapping[str, Any],
                recorded: str) -> SecondReading:
    """What the original says to the Program, also over what was recorded.

    Raises:
        VerificationError: it disagrees.
    """
    from puffer_edge.verification.originals import mode_of, read_again

    given = {name: value for name, value in changes.items()
             if name not in ("example", "module", "observation_shape")}
    module = changes.get("module")
    named = module if isinstance(module, str) else ""
    live = None if named else module or (None if isinstance(policy, str | Path) else policy)
    seen = None
    if recorded:
        from puffer_edge.quantization.recording import record

        seen = record(recorded, program).observations
    reading = read_again(policy if live is None else live, program,
                         replace(options or LoadOptions(), **given), mode=mode_of(original),
                         module=named, example=changes.get("example"), recorded=seen, seed=seed,
                         progress=progress)
    reading.raise_if_wrong(str(policy) if isinstance(policy, str | Path) else type(policy).__name__)
    return reading


def verify(directory: str | Path, *, original: str | Path | None = None,
           run_original: bool = False, load_options: LoadOptions | None = None,
           **options: Any) -> Report:
    """Builds an artefact, runs it, and judges it; see ``verification.verify.verify``.

    Args:
        directory: what export wrote.
        original: the policy file that it was exported from; the library that owns its format then
            runs it beside the artefact.
        run_original: also where that library can run code that is in the file.
        load_options: that the policy was exported with.
        options: of ``verification.verify.verify``.
    """
    from puffer_edge.verification.verify import verify as run

    if original is None:
        if run_original or load_options not in (None, LoadOptions()):
            raise UsageError("what the policy file lacks is told for --original, which is missing",
                             hint="give --original FILE, or leave it out")
        return run(Path(directory), **options)
    from puffer_edge.verification.originals.asking import Given, refuse_another

    path, load_options = Path(original), load_options or LoadOptions()
    refuse_another(Path(directory), path)
    program = load_quietly(path, load_options, False, {})
    given = Given(path, program, load_options, "run" if run_original else "auto")
    return run(Path(directory), original=given, **options)


def default_directory(policy: Path | None, target: str) -> Path:
    """Where an artefact goes if the user does not say: beside nothing else, told by its name."""
    return Path(f"{policy.stem if policy else 'policy'}-{target}")


def name_from(text: str) -> str:
    """A safe C name made from a file's name; ``policy`` where none can be made."""
    from puffer_edge.naming import stem

    try:
        return stem(re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:41])
    except PufferEdgeError:
        return "policy"
