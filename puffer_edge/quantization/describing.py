# SPDX-License-Identifier: MIT
"""What the reader of a report wants to know of a quantised policy: layers and ranges."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Program
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.quantize import rule_of


@dataclass(frozen=True)
class LayerError:
    """A layer with weights.

    Attributes:
        layer: its name in the policy file.
        scheme: what its weights and inputs are stored in.
        error: mean error of the action's probabilities, or of the continuous action relative to
            its deviation, with this layer in its scheme and all others in int16.
    """

    layer: str
    scheme: str
    error: float


@dataclass(frozen=True)
class Range:
    """A value in integers.

    Attributes:
        value, layer: its name, and that of the layer that makes it.
        low, high: what its integers can stand for; of an observation, the widest feature. Where
            what reads it is a function that is flat beyond, at least what was seen.
        smallest, largest: what it was over the held-back half.
        scale, zero_point: its quantisation; no scale for features with one each.
        bits: how many integers there are, as a power of two.
        clipped: share of the held-back numbers outside of the range.
        steps: share of the held-back steps with one of them.
        histogram: how many of the held-back numbers lie in each of :data:`BINS` equal parts from
            the smallest to the largest.
    """

    value: str
    layer: str
    low: float
    high: float
    smallest: float
    largest: float
    scale: float | None
    zero_point: int
    bits: int
    clipped: float
    steps: float
    histogram: list[int]


@dataclass(frozen=True)
class Description:
    """See :class:`LayerError` and :class:`Range`."""

    layers: list[LayerError]
    ranges: list[Range]

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the manifest."""
        return {"layers": [asdict(layer) for layer in self.layers],
                "ranges": [asdict(row) for row in self.ranges]}


BINS = 16


def _histogram(seen: Array) -> list[int]:
    """Numbers by size; all in one bin where they are all the same."""
    low, high = float(seen.min()), float(seen.max())
    if not np.isfinite((high - low) / BINS) or (high - low) / BINS <= 0:
        return [int(seen.size), *[0] * (BINS - 1)]
    bins = ((seen.reshape(-1).astype(np.float64) - low) * (BINS / (high - low))).astype(np.int64)
    return [int(count) for count in np.bincount(bins.clip(0, BINS - 1), minlength=BINS)]


def _flat_beyond(integers: Program, name: str) -> tuple[bool, bool]:
    """Whether all that reads a value is a table without a slope at its lower, its upper end.

    What is cut off there was of no use: the range ends where the function does.
    """
    readers = integers.consumers().get(name, [])
    if name in integers.results or not all(rule_of(op).table for op in readers):
        return False, False
    tables = [integers.constants[getattr(op, rule_of(op).table)].astype(np.int64)
              for op in readers]
    allowed = [max(2, int(np.ptp(table)) >> 12) for table in tables]
    slopes = [np.abs(np.diff(table)) <= most for table, most in zip(tables, allowed, strict=True)]
    return all(bool(flat[0]) for flat in slopes), all(bool(flat[-1]) for flat in slopes)


def ranges(integers: Program, held_back: Calibration) -> list[Range]:
    """The range of every value that the calibration's half decided, held against the other half.

    Args:
        integers: the integer Program.
        held_back: the float Program's values over the held-back half.
    """
    found = []
    for op in integers.ops:
        for name in op.outputs:
            qparams = integers.values[name].quantization
            if qparams is None or rule_of(op).flags:  # a mask leaves no range
                continue
            if rule_of(op).joins and len(
                    {integers.values[part].quantization for part in op.inputs}) > 1:
                continue  # parts with scales of their own are told alone
            if (affine := rule_of(op).affine(op, integers)) is not None:
                factor, offset = affine
                source, scale = op.inputs[0], None
                low, high = (np.broadcast_to((end - offset) / factor,
                                             integers.values[source].shape).reshape(-1)
                             for end in (qparams.low, qparams.high))
            else:
                low, high = (np.array((end - qparams.zero_point) * qparams.scale)
                             for end in (qparams.low, qparams.high))
                source, scale = name, qparams.scale
            seen = held_back.samples.get(source)
            if seen is None:
                continue
            # Half a step beyond the ends is rounded to them, not cut off; a zero point is rounded.
            steps = 1.0 if qparams.zero_point else 0.5
            slack = steps * (high - low) / (qparams.high - qparams.low)
            if qparams.low == 0:  # below 0 a fused ReLU cuts, not the range
                low = np.minimum(low, seen.min())
            below, above = _flat_beyond(integers, name)
            low = np.minimum(low, seen.min()) if below else low
            high = np.maximum(high, seen.max()) if above else high
            outside = (seen < low - slack) | (seen > high + slack)
            found.append(Range(
                source, op.layer, float(np.min(low)), float(np.max(high)), float(seen.min()),
                float(seen.max()), scale, qparams.zero_point,
                (qparams.high - qparams.low).bit_length(), float(outside.mean()),
                float(outside.any(1).mean()), _histogram(seen)))
    return found
