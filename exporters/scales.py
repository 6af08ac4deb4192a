"""Scales for the integers of other runtimes, from the project's own calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.ir import Program
from puffer_edge.ir.op import Array
from puffer_edge.ir.ops import Gemm, Reshape
from puffer_edge.quantization.calibration import Calibration


@dataclass(frozen=True)
class Integers:
    """A policy in float32 whose values have ranges.

    Attributes:
        program: the observation is brought to [-1, 1] by feature, which the first weights undo.
        ranges: smallest and largest number of every value that is no constant; both states of a
            pair have one range, so that what is carried is not rounded twice.
        fine: what deserves 16 bits: states, whose errors add up, and the observation by feature,
            whose range has room to spare.
    """

    program: Program
    ranges: dict[str, tuple[float, float]]
    fine: frozenset[str] = frozenset()

    def affine(self, value: str, bits: int) -> tuple[np.float32, int]:
        """Scale and zero point of a value; 0 is exact, and 16 bits are symmetric."""
        low, high = self.ranges[value]
        largest = 2 ** (bits - 1) - 1
        if bits == 16:
            return np.float32(max(-low, high, 1e-6) / largest), 0
        scale = np.float32(max(high - low, 1e-6) / (2 * largest + 1))
        return scale, int(np.clip(np.round(-largest - 1 - low / scale), -largest - 1, largest))


def per_channel(weight: Array) -> tuple[Array, Array]:
    """Symmetric integers of 8 bits, -127 to 127, and a scale [N] for each row of axis 0."""
    reach = np.abs(weight.reshape(len(weight), -1)).max(1)
    scale = np.maximum(reach / 127, 1e-12).astype(np.float32)
    divisor = scale.reshape(-1, *(1,) * (weight.ndim - 1))
    return np.clip(np.round(weight / divisor), -127, 127).astype(np.int8), scale


def with_ranges(program: Program, calibration: Calibration) -> Integers:
    """What the integers of a decomposed Program cover."""
    ranges = {name: calibration.bounds(name) for name in calibration.low}
    for state in program.states:
        pairs = [ranges[state.input], ranges[state.output]]
        union = (min(low for low, _ in pairs), max(high for _, high in pairs))
        ranges[state.input] = ranges[state.output] = union
    return _by_feature(program, calibration, ranges)


def _by_feature(program: Program, calibration: Calibration,
                ranges: dict[str, tuple[float, float]]) -> Integers:
    """(x - middle) / reach for every feature, where only linear layers read the observation."""
    states = frozenset(name for state in program.states for name in (state.input, state.output))
    seen = {program.input}
    for op in program.ops:
        if isinstance(op, Reshape) and op.x in seen and program.values[op.y].shape[-1] == (
                program.contract.observation_size):
            seen.add(op.y)
    readers = [op for op in program.ops if seen & set(op.operands) and not isinstance(op, Reshape)]
    whole = program.values[program.input].shape
    if not readers or whole[-1] != program.contract.observation_size or any(
            not isinstance(op, Gemm) for op in readers):
        return Integers(program, ranges, states)
    low, high = calibration.features(program.input)
    middle, reach = (low + high) / 2, (high - low) / 2
    draft = Draft(program)
    scaled = draft.binary("mul", program.input, 1 / reach)
    centred = draft.binary("sub", scaled, middle / reach)
    for op in program.ops:
        draft.layer = op.layer
        changed: dict[str, str] = {program.input: centred}
        if isinstance(op, Gemm) and op.x in seen:
            weight = draft.constants[op.weight].astype(np.float64)
            bias: Any = draft.constants[op.bias] if op.bias else np.zeros(len(weight))
            draft.linear(changed.get(op.x, op.x), draft.constant(weight * reach),
                         draft.constant(bias + weight @ middle), op.y)
        else:
            draft.append(op.renamed(changed) if isinstance(op, Reshape) else op)
    found = program.with_ops(draft.ops, draft.constants)
    ones = {name: (-1.0, 1.0) for name in {centred, *seen} - {program.input}}
    return Integers(found, {**ranges, **ones}, states | set(ones))
