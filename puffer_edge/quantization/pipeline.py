"""From a float Program and recorded observations to an integer Program and its judgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UsageError
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.judging import Judgement, judge, outputs
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.recording import Recording, record
from puffer_edge.quantization.schemes import find_scheme


@dataclass(frozen=True)
class Quantized:
    """An integer Program with what is known of it.

    Attributes:
        program: ready to export.
        held_back: observations that the calibration did not see.
        reference: the float policy's raw outputs over them.
        judgements: over the calibration's half and the half held back.
    """

    program: Program
    held_back: Recording
    reference: npt.NDArray[np.float64]
    judgements: dict[str, Judgement]


def to_integers(program: Program, scheme: str, source: str, *, seed: int = 0,
                progress: Callable[[str], None] = lambda text: None) -> Quantized:
    """Calibrates with the first half of a recording and judges with the second.

    Args:
        program: as a front end made it.
        scheme: a key of ``SCHEMES``.
        source: see :func:`recording.record`.
        seed: of the environment.
        progress: is told what is being done.

    Raises:
        UsageError: the scheme or the data do not fit.
        UnsupportedError: an op has no integer form yet, or a layer cannot be proved.
    """
    chosen = find_scheme(scheme)
    if not source:
        raise UsageError(f"the scheme {scheme} needs observations to calibrate with",
                         hint="give --calibrate observations.npz or --calibrate env:CartPole-v1")
    progress("recording")
    recording = record(source, program, seed=seed)
    seen, held_back = recording.halves()
    progress(f"calibrating over {len(seen.observations)} steps")
    prepared = optimize(program, fuse=False)
    calibration = calibrate(prepared, seen.observations, seen.reset)
    integers = quantize(prepared, calibration, chosen)
    judgements = {}
    for name, part in (("calibration", seen), ("held back", held_back)):
        progress(f"judging over the half {name}")
        reference = outputs(program, part)
        judgements[name] = judge(reference, outputs(integers, part), program.contract.action)
    return Quantized(_noted(integers, judgements), held_back, reference, judgements)


def _noted(program: Program, judgements: dict[str, Judgement]) -> Program:
    for name, found in judgements.items():
        agreement = "" if found.agreement is None else (
            f"{found.agreement:.2%} of the greedy actions agree with the float policy, ")
        program = program.noting("quantised", (
            f"{name}, {found.steps} steps: {agreement}largest error {found.largest_error:.3g}, "
            f"mean {found.mean_error:.3g}"))
    return program
