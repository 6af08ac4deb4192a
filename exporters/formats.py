"""Formats of other runtimes as targets: one file, its contract inside, and what judges it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.artefact import manifest, program_file, vectors
from puffer_edge.artefact.directory import MANIFEST, as_json, write
from puffer_edge.errors import UsageError
from puffer_edge.exporters import onnx, tflite
from puffer_edge.ir import Program
from puffer_edge.naming import identifier, stem
from puffer_edge.passes import optimize
from puffer_edge.planning import plan
from puffer_edge.quantization.agreement import measure_of, outputs
from puffer_edge.quantization.calibration import Calibration, calibrate
from puffer_edge.quantization.coverage import doubts_of_recording
from puffer_edge.quantization.recording import STEPS, record
from puffer_edge.targets import ONNX, TFLITE, Target


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        target: what the user types, and words.
        file: name in the artefact.
        backend: what runs it.
        schemes: keys that ``write`` takes.
        calibrated: those that need a recording.
        prepare: the Program whose values are calibrated.
        write: (prepared Program, scheme, calibration) -> the file's content.
    """

    target: Target
    file: str
    backend: str
    schemes: tuple[str, ...]
    calibrated: tuple[str, ...]
    prepare: Callable[[Program], Program]
    write: Callable[[Program, str, Calibration | None], bytes]


FORMATS = {
    ONNX.name: Format(ONNX, onnx.FILE, "onnxruntime", onnx.SCHEMES, onnx.CALIBRATED, onnx.prepare,
                      onnx.write),
    TFLITE.name: Format(TFLITE, tflite.FILE, "tflite", tflite.SCHEMES, tflite.CALIBRATED,
                        tflite.prepare, tflite.write),
}


def export(program: Program, directory: Path, *, target: str, name: str, seed: int = 0,
           scheme: str = "float32", source: Path | None = None, calibrate_with: str = "",
           observer: str = "minmax", steps: int = STEPS, observe: tuple[int, ...] = (),
           progress: Callable[[str], None] = lambda text: None) -> Program:
    """Writes an artefact: equal inputs give equal bytes.

    Args:
        program: in float32, as a front end made it.
        directory: see :func:`puffer_edge.artefact.directory.write`.
        target: a key of :data:`FORMATS`.
        name: of the policy.
        seed: of the test vectors, at least 0, and of the environment that calibrates.
        scheme: one of the format's.
        source: the policy file, for its hash.
        calibrate_with: see :func:`quantization.recording.record`.
        observer: a key of ``OBSERVERS``.
        steps: to play in an environment.
        observe: see :func:`quantization.recording.record`.
        progress: is told what is being done.

    Returns:
        The float Program that judges the file, with notes of what was found on the way.

    Raises:
        UsageError: the format has no such scheme, a recording is missing, or a name is unsafe.
        UnsupportedError: an op has no form there.
        MissingDependencyError: a package is missing.
        OutputError: the directory cannot be written.
    """
    chosen = FORMATS[target]
    stem(name)
    for field in program.contract.observation:
        identifier(field.name, "a field of the observation")
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative")
    if scheme not in chosen.schemes:
        raise UsageError(f"the target {target} has no scheme {scheme!r}",
                         hint=f"choose one of {', '.join(chosen.schemes)}")
    optimized = optimize(program)
    if scheme == "float16":
        optimized = halved(optimized)
    prepared, calibration = chosen.prepare(optimized), None
    files: dict[str, bytes] = {}
    if scheme in chosen.calibrated and not calibrate_with:
        raise UsageError(f"the scheme {scheme} needs observations to calibrate with",
                         hint="give --calibrate observations.npz or --calibrate env:CartPole-v1")
    if calibrate_with:
        progress("recording")
        recording = record(calibrate_with, program, seed=seed, steps=steps, observe=observe)
        seen, held_back = recording.halves()
        for text in [recording.warning] if recording.warning else [
                *doubts_of_recording(program.contract, seen, held_back)]:
            optimized = optimized.noting("warning", text)
        progress(f"calibrating over {len(seen.observations)} steps")
        if scheme in chosen.calibrated:
            calibration = calibrate(prepared, seen.observations, seen.reset, observer)
        references = outputs(program, seen), outputs(program, held_back)
        files["judge.npz"] = vectors.judged_by(
            held_back.observations, held_back.reset, references[1],
            measure_of(program.contract.action, *references))
    progress(f"writing {chosen.file}")
    files |= {chosen.file: chosen.write(prepared, scheme, calibration),
              "vectors.npz": vectors.make(optimized, seed=seed).to_bytes(),
              "program.npz": program_file.to_bytes(optimized)}
    description = manifest.build(
        optimized, plan(optimized), name=name, target=chosen.target, scheme=scheme,
        constant_bytes=len(files[chosen.file]),
        ram=sum(state.initial.nbytes for state in optimized.states), source=source, files=files,
        seed=seed)
    write(directory, {**files, MANIFEST: as_json(description)})
    return optimized


def halved(program: Program) -> Program:
    """The Program with constants that float16 has, which is what a float16 file computes with.

    Raises:
        UsageError: a weight is too large for float16.
    """
    found: dict[str, Any] = {}
    for name, array in program.constants.items():
        if array.dtype == np.float32:
            with np.errstate(over="ignore"):
                array = array.astype(np.float16).astype(np.float32)
            if not np.isfinite(array).all():
                raise UsageError("a weight is too large for float16", where=name,
                                 hint="export with --scheme float32")
        found[name] = array
    return replace(program, constants=found)
