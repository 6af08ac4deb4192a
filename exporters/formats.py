# SPDX-License-Identifier: MIT
"""Formats of other runtimes as targets: one file, its contract inside, and what judges it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from puffer_edge.artefact import program_file
from puffer_edge.artefact.vectors import judged_by, make
from puffer_edge.errors import UsageError
from puffer_edge.exporters import onnx, tflite
from puffer_edge.exporters.assembling import assemble
from puffer_edge.exporters.exporter import check_names, check_scheme
from puffer_edge.exporters.request import ExportRequest, Progress
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.planning import plan
from puffer_edge.quantization.agreement import Limits, agreement_of, measure_of, outputs
from puffer_edge.quantization.calibration import Calibration, calibrate
from puffer_edge.quantization.coverage import doubts_of_recording
from puffer_edge.quantization.recording import record
from puffer_edge.targets import ONNX, TFLITE, Platform


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
        rounded: of the same, for a scheme that is calibrated: what the file computes.
    """

    target: Platform
    file: str
    backend: str
    schemes: tuple[str, ...]
    calibrated: tuple[str, ...]
    prepare: Callable[[Program], Program]
    write: Callable[[Program, str, Calibration | None], bytes]
    rounded: Callable[[Program, str, Calibration], Program]


FORMATS = {
    ONNX.name: Format(ONNX, onnx.FILE, "onnxruntime", onnx.SCHEMES, onnx.CALIBRATED, onnx.prepare,
                      onnx.write, onnx.rounded),
    TFLITE.name: Format(TFLITE, tflite.FILE, "tflite", tflite.SCHEMES, tflite.CALIBRATED,
                        tflite.prepare, tflite.write, tflite.rounded),
}


class FormatExporter:
    """One file of a format, and what all artefacts have: an Exporter."""

    def __init__(self, name: str) -> None:
        self.targets = (name,)

    @property
    def _format(self) -> Format:
        return FORMATS[self.targets[0]]

    @property
    def schemes(self) -> tuple[str, ...]:
        """Those of the format."""
        return self._format.schemes

    @property
    def main_file(self) -> str:
        """The model."""
        return self._format.file

    def default_scheme(self, program: Program) -> str:
        """The formats' integers need a recording."""
        return "float32"

    def options(self, scheme: str) -> frozenset[str]:
        """A recording judges every scheme, and calibrates some."""
        check_scheme(self, scheme)
        ranges = {"observer"} if scheme in self._format.calibrated else set()
        return frozenset({"calibrate", "steps", "observe"} | ranges)

    def prepare(self, request: ExportRequest, progress: Progress) -> ExportRequest:
        """Optimised, with the ranges of the format's integers and what judges them."""
        program, scheme = optimize(request.program), request.scheme
        if scheme == "float16":
            program = halved(program)
        prepared = self._format.prepare(program)
        calibrated = scheme in self._format.calibrated
        if not request.calibrate:
            if calibrated:
                raise UsageError(
                    f"the scheme {scheme} needs observations to calibrate with", hint="give "
                    "--calibrate observations.npz or --calibrate env:CartPole-v1")
            return replace(request, program=program, original=request.program)
        progress("recording")
        recording = record(request.calibrate, request.program, seed=request.seed,
                           steps=request.steps, observe=request.observe)
        seen, held_back = recording.halves()
        for text in [recording.warning] if recording.warning else [
                *doubts_of_recording(program.contract, seen, held_back)]:
            program = program.noting("warning", text)
        progress(f"calibrating over {len(seen.observations)} steps")
        ranges = calibrate(prepared, seen.observations, seen.reset, request.observer)
        references = outputs(request.program, seen), outputs(request.program, held_back)
        measure = measure_of(program.contract.action, *references)
        judge = judged_by(held_back.observations, held_back.reset, references[1], measure)
        if calibrated:
            progress("judging the integers")
            found = agreement_of(
                references[1], outputs(self._format.rounded(prepared, scheme, ranges), held_back),
                program.contract.action, Limits.of([scheme]), measure=measure)
            if found.verdict == "failed":
                program = program.noting("warning", f"verify will fail: {found.text}")
        return replace(request, program=program, original=request.program, judge=judge,
                       calibration=ranges if calibrated else None)

    def code(self, request: ExportRequest, *, compiled: bool = True) -> dict[str, bytes]:
        """None: a model is data, and its runtime reads it."""
        return {}

    def files(self, request: ExportRequest, progress: Progress) -> dict[str, bytes]:
        """The model, and what all have."""
        check_names(request.program, request.name, request.seed)
        progress(f"writing {self.main_file}")
        model = self._format.write(self._format.prepare(as_stored(request.program)),
                                   request.scheme, request.calibration)
        return assemble(
            request, {self.main_file: model}, plan=plan(request.program),
            tests=make(request.program, seed=request.seed), constant_bytes=len(model),
            ram=sum(state.initial.nbytes for state in request.program.states))


def as_stored(program: Program) -> Program:
    """The Program as it is read again: its values in the order in which ``verify`` finds them."""
    return program_file.from_bytes(program_file.to_bytes(program))


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
