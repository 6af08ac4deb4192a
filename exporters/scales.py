# SPDX-License-Identifier: MIT
"""Scales for the integers of other runtimes, from the project's own calibration."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Binary, Conv, Gemm, Reshape, Split
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.gptq import round_weights
from puffer_edge.quantization.rules.conv import seen

LARGEST = 127
"""Of a weight."""


@dataclass(frozen=True)
class Integers:
    """A policy in float32 whose values have ranges.

    Attributes:
        program: the observation is brought to [-1, 1] by feature, which the first weights undo.
        ranges: smallest and largest number of every value that is no constant; both states of a
            pair have one range, so that what is carried is not rounded twice.
        fine: what deserves 16 bits: states, whose errors add up, and the observation by feature,
            whose range has room to spare.
        weights: of linear layers and convolutions in integers of 8 bits, with a scale for each
            output, by the name of the result; what rounding adds to a mean sum is in the bias.
    """

    program: Program
    ranges: dict[str, tuple[float, float]]
    fine: frozenset[str] = frozenset()
    weights: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def affine(self, value: str, bits: int) -> tuple[np.float32, int]:
        """Scale and zero point of a value; 0 is exact, and 16 bits are symmetric."""
        low, high = self.ranges[value]
        largest = 2 ** (bits - 1) - 1
        if bits == 16:
            return np.float32(max(-low, high, 1e-6) / largest), 0
        scale = np.float32(max(high - low, 1e-6) / (2 * largest + 1))
        return scale, int(np.clip(np.round(-largest - 1 - low / scale), -largest - 1, largest))

    def is_fine(self, op: Conv | Gemm) -> bool:
        """Whether both ends of a layer have 16 bits although its weights have 8.

        Beside states, and where sums are compared or added: of such, no runtime is faster in 8.
        """
        return (op.x in self.fine or op.y in self.program.results
                or any(op.y in reader.operands for reader in self.program.ops
                       if isinstance(reader, Binary | Split)))


def per_channel(weight: Array) -> tuple[Array, Array]:
    """The nearest integers of 8 bits, -127 to 127, and a scale [N] for each row of axis 0."""
    reach = np.abs(weight.reshape(len(weight), -1)).max(1)
    scale = np.maximum(reach / LARGEST, 1e-12).astype(np.float32)
    divisor = scale.reshape(-1, *(1,) * (weight.ndim - 1))
    return np.clip(np.round(weight / divisor), -LARGEST, LARGEST).astype(np.int8), scale


def with_ranges(program: Program, calibration: Calibration) -> Integers:
    """What the integers of a decomposed Program cover."""
    ranges = {name: calibration.bounds(name) for name in calibration.low}
    for state in program.states:
        pairs = [ranges[state.input], ranges[state.output]]
        union = (min(low for low, _ in pairs), max(high for _, high in pairs))
        ranges[state.input] = ranges[state.output] = union
    states = frozenset(name for state in program.states for name in (state.input, state.output))
    return _round(*_by_feature(Integers(program, ranges, states), calibration))


def _by_feature(integers: Integers, calibration: Calibration) -> tuple[Integers, dict[str, Array]]:
    """(x - middle) / reach for every feature, where only linear layers read the observation.

    Also what was recorded, [T, size] by value.
    """
    program, samples = integers.program, calibration.samples
    same = {program.input}
    for op in program.ops:
        if isinstance(op, Reshape) and op.x in same and program.values[op.y].shape[-1] == (
                program.contract.observation_size):
            same.add(op.y)
    readers = [op for op in program.ops if same & set(op.operands) and not isinstance(op, Reshape)]
    whole = program.values[program.input].shape
    if not readers or whole[-1] != program.contract.observation_size or any(
            not isinstance(op, Gemm) for op in readers):
        return integers, samples
    low, high = calibration.features(program.input)
    middle, reach = (low + high) / 2, (high - low) / 2
    draft = Draft(program)
    scaled = draft.binary("mul", program.input, 1 / reach)
    centred = draft.binary("sub", scaled, middle / reach)
    for op in program.ops:
        draft.layer = op.layer
        changed: dict[str, str] = {program.input: centred}
        if isinstance(op, Gemm) and op.x in same:
            weight = draft.constants[op.weight].astype(np.float64)
            bias: Any = draft.constants[op.bias] if op.bias else np.zeros(len(weight))
            draft.linear(changed.get(op.x, op.x), draft.constant(weight * reach),
                         draft.constant(bias + weight @ middle), op.y)
        else:
            draft.append(op.renamed(changed) if isinstance(op, Reshape) else op)
    names = {centred, *same} - {program.input}
    if program.input in samples:
        samples = {**samples, **dict.fromkeys(names, (samples[program.input] - middle) / reach)}
    ones = dict.fromkeys(names, (-1.0, 1.0))
    return Integers(program.with_ops(draft.ops, draft.constants), {**integers.ranges, **ones},
                    integers.fine | names), samples


def _round(integers: Integers, samples: dict[str, Array]) -> Integers:
    """Weights rounded by what was recorded, as our own integers are."""
    program = integers.program
    draft, weights = Draft(program), {}
    for op in program.ops:
        draft.layer = op.layer
        if isinstance(op, Conv | Gemm):
            weight = program.constants[op.weight].astype(np.float64)
            matrix, inputs = weight.reshape(len(weight), -1), samples.get(op.x)
            if isinstance(op, Conv):
                inputs = seen(op, inputs, program.values[op.x].shape, weight.shape)
            scales = np.maximum(np.abs(matrix).max(1) / LARGEST, 1e-12)
            rows, correction = round_weights(matrix, scales, None if inputs is None else np.asarray(
                inputs, np.float64).reshape(-1, matrix.shape[1]))
            bias: Any = program.constants[op.bias] if op.bias else np.zeros(len(weight))
            # A name of its own, as layers that share a matrix round it differently.
            draft.append(replace(op, weight=draft.constant(weight),
                                 bias=draft.constant(bias + correction)))
            weights[op.y] = rows.reshape(weight.shape).astype(np.int8), scales.astype(np.float32)
        else:
            draft.append(op)
    return replace(integers, program=program.with_ops(draft.ops, draft.constants), weights=weights)
