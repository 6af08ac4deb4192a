# SPDX-License-Identifier: MIT
"""From a float Program and recorded observations to an integer Program and its agreement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UsageError
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.progress import Tell, nobody
from puffer_edge.quantization.agreement import (
    AGREEMENT,
    Agreement,
    Limits,
    agreement_of,
    measure_of,
    outputs,
    scales,
)
from puffer_edge.quantization.bounded_masks import bounded_masks
from puffer_edge.quantization.calibration import Calibration, calibrate
from puffer_edge.quantization.coverage import doubts
from puffer_edge.quantization.describing import Description, LayerError, ranges
from puffer_edge.quantization.gptq import Rounding
from puffer_edge.quantization.mixed_precision import MixedPrecision
from puffer_edge.quantization.outliers import separate_outliers
from puffer_edge.quantization.recording import STEPS, Recording, record
from puffer_edge.quantization.schemes import SCHEMES, Scheme, find_scheme


@dataclass(frozen=True)
class Quantized:
    """An integer Program with what is known of it.

    Attributes:
        program: ready to export.
        seen: observations of the calibration.
        held_back: observations that the calibration did not see.
        reference: the float policy's raw outputs over them.
        measure: what errors of a continuous action are relative to, over both halves.
        agreements: over the calibration's half and the half held back.
        description: layers and ranges, for the report.
    """

    program: Program
    seen: Recording
    held_back: Recording
    reference: npt.NDArray[np.float64]
    measure: npt.NDArray[np.float64] | None
    agreements: dict[str, Agreement]
    description: Description


@dataclass(frozen=True)
class Wish:
    """What the user wants of the integers.

    Attributes:
        scheme: a key of ``SCHEMES``, or ``auto``: int8, and int16 for the layers that need it.
        calibrate: see :func:`recording.record`.
        layers: schemes of single layers, by name.
        observer: a key of ``OBSERVERS``.
        min_agreement: what ``auto`` must reach over the calibration's half, with its interval.
        seed: of the environment.
        steps: to play in the environment; half of them judge.
        observe: elements of the environment's observation that the policy sees; all by default.
        nearest: weights are rounded each for itself; see :class:`gptq.Rounding`.
    """

    scheme: str
    calibrate: str | Recording
    layers: Mapping[str, str] = field(default_factory=dict)
    observer: str = "minmax"
    min_agreement: float = AGREEMENT
    seed: int = 0
    steps: int = STEPS
    observe: tuple[int, ...] = ()
    nearest: bool = False


def to_integers(program: Program, wish: Wish,
                progress: Callable[[str], None] = lambda text: None) -> Quantized:
    """Calibrates with the first half of a recording and judges with the second.

    Args:
        program: as a front end made it.
        wish: how.
        progress: is told what is being done.

    Raises:
        UsageError: the scheme or the data do not fit, or ``auto`` cannot reach its aim.
        UnsupportedError: an op has no integer form, or a layer cannot be proved.
    """
    automatic = wish.scheme == "auto"
    scheme = find_scheme("int8" if automatic else wish.scheme)
    if not wish.calibrate:
        raise UsageError(f"the scheme {wish.scheme} needs observations to calibrate with",
                         hint="give --calibrate observations.npz or --calibrate env:CartPole-v1")
    progress("recording")
    recording = record(wish.calibrate, program, seed=wish.seed, steps=wish.steps,
                       observe=wish.observe, progress=progress)
    seen, held_back = recording.halves()
    progress(f"calibrating over {len(seen.observations)} steps")
    prepared, calibration = calibrated(program, seen, wish, scheme, progress)
    references = {name: outputs(program, part, "running the float policy", progress)
                  for name, part in (("calibration", seen), ("held back", held_back))}
    measure = measure_of(program.contract.action, *references.values())
    chooser = MixedPrecision(prepared, program, calibration, seen, references["calibration"],
                             measure, Rounding(progress, wish.nearest))
    layers = chooser.named(wish.layers)
    if automatic:
        layers = chooser.automatic(wish.min_agreement, progress, layers)
    progress("quantising")
    integers = chooser.quantized(scheme, layers)
    agreements = {}
    schemes = {layer: layers.get(layer, scheme) for layer in chooser.layers()}
    limits = Limits.of(chosen.name for chosen in (*schemes.values(), *layers.values()))
    for name, part in (("calibration", seen), ("held back", held_back)):
        ours = outputs(integers, part, f"judging over the half {name}", progress)
        agreements[name] = agreement_of(references[name], ours, program.contract.action, limits,
                                        scales(integers), measure)
    progress("measuring what each layer adds to the error")
    description = _described(integers, chooser, schemes, held_back, progress)
    warnings = [recording.warning] if recording.warning else [
        *doubts(program.contract, seen, held_back, description.ranges, agreements["held back"])]
    for text in warnings:
        integers = integers.noting("warning", text)
    return Quantized(_noted(integers, agreements), seen, held_back, references["held back"],
                     measure, agreements, description)


def calibrated(program: Program, seen: Recording, wish: Wish, scheme: Scheme,
               progress: Tell = nobody) -> tuple[Program, Calibration]:
    """The Program that is quantised, with its ranges: optimised, its outlier channels apart."""
    prepared = optimize(program, fuse=False)
    calibration = calibrate(prepared, seen.observations, seen.reset, wish.observer, progress)
    bounded = bounded_masks(prepared, calibration)
    if bounded is not prepared:
        prepared = bounded
        calibration = calibrate(prepared, seen.observations, seen.reset, wish.observer, progress)
    narrow = any(SCHEMES[name].activation_dtype == "int8"
                 for name in (scheme.name, *wish.layers.values()) if name in SCHEMES)
    separated = separate_outliers(prepared, calibration, 8 if narrow else 11)
    if separated is prepared:
        return prepared, calibration
    return separated, calibrate(separated, seen.observations, seen.reset, wish.observer, progress)


def _described(integers: Program, chooser: MixedPrecision, schemes: Mapping[str, Scheme],
               held_back: Recording, progress: Tell) -> Description:
    """Layers with their errors, and ranges held against the half that is held back."""
    errors = chooser.shares(schemes, progress)
    return Description(
        [LayerError(layer, schemes[layer].name, error) for layer, error in errors.items()],
        ranges(integers, calibrate(chooser.program, held_back.observations, held_back.reset,
                                   "percentile")))


def _noted(program: Program, agreements: dict[str, Agreement]) -> Program:
    for name, found in agreements.items():
        agreement = "" if found.share is None else (
            f"{found.share:.2%} of the greedy actions agree with the float policy, ")
        program = program.noting("quantised", (
            f"{name}, {found.steps} steps: {agreement}largest error {found.largest_error:.3g}, "
            f"mean {found.mean_error:.3g}"))
    return program
