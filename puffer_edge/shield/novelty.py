# SPDX-License-Identifier: MIT
"""An output of the policy that says how unlikely its observation is, and where to draw the line.

The directions in the first hidden layer are those in which observations with two elements exchanged
differ most from the recorded ones, relative to the deviation of those: generalised eigenvectors of
the two covariances. Half of the recording makes the directions, a quarter the line, and the last
quarter says how often it is crossed without a reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program, Quantization
from puffer_edge.ir.ops import Gemm, GemmInteger
from puffer_edge.quantization.gptq import Rounding
from puffer_edge.quantization.linear import prove
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import find_scheme
from puffer_edge.shield.checking import LARGEST_SUM
from puffer_edge.shield.holding_back import parts
from puffer_edge.shield.shield import NOVELTY, ONE, Likelihood

LEAST_STEPS = 400
PAIRS = 200
"""Of elements that are exchanged; of more, a part."""
REST = 0.3
"""Deviation of rounding, in steps of 8 bits, that is added to that of the layer."""
FEWEST = 4
"""The line is at least so many allowances away."""
LARGEST = 32767


@dataclass(frozen=True)
class Evidence:
    """How often clean observations were called unlikely.

    Attributes:
        steps, episodes: that nothing was made of.
        alarms: of these steps.
    """

    steps: int
    episodes: int
    alarms: int


def add_novelty(program: Program, recording: Recording, directions: int, allowance: float,
                margin: float) -> tuple[Program, Likelihood, Evidence]:
    """The policy with the output, and the line.

    Args:
        program: as it is exported.
        recording: its observations.
        directions: how many.
        allowance: what a step may have, in multiples of what it has on average.
        margin: the line, in multiples of the largest sum of the recording.

    Raises:
        UsageError: the recording is too short, or the policy has such an output.
        UnsupportedError: the policy has no layer to look at.
    """
    if NOVELTY in program.output_names:
        raise UsageError(f"the policy has an output {NOVELTY}, which a shield's likelihood adds")
    if len(recording.observations) < LEAST_STEPS:
        raise UsageError(f"a likelihood is made of at least {LEAST_STEPS} recorded steps, and "
                         f"there are {len(recording.observations)}")
    layer = first_layer(program)
    first, line, held_back = parts(recording)
    seen = values_of(program, layer, first)
    made = _with_output(program, layer, *_directions(program, layer, first, seen, directions))
    scores = [step_scores(values_of(made, made.outputs[-1], part)) for part in (line, held_back)]
    allowed = max(1, min(math.ceil(allowance * float(scores[0].mean())), LARGEST_SUM))
    far = max(int(sums(scores[0], line.reset, allowed).max()), FEWEST * allowed)
    likelihood = Likelihood(directions, allowed, min(math.ceil(margin * far), LARGEST_SUM))
    alarms = sums(scores[1], held_back.reset, allowed, likelihood.threshold) > likelihood.threshold
    return made, likelihood, Evidence(len(alarms), int(held_back.reset.sum()), int(alarms.sum()))


def first_layer(program: Program) -> str:
    """The first layer's result behind its activation, or what a policy of one layer looks at.

    Raises:
        UnsupportedError: there is no layer of that kind.
    """
    for op in program.ops:
        if isinstance(op, Gemm | GemmInteger) and _is_flat(program, op.y):
            name = op.y
            while name not in program.results:
                readers = [other for other in program.ops if name in other.inputs]
                alone = len(readers) == 1 and len(readers[0].outputs) == 1
                if not alone or type(readers[0]).__name__ not in ("Unary", "Table"):
                    break
                name = readers[0].outputs[0]
            return op.x if name in program.results and _is_flat(program, op.x) else name
    raise UnsupportedError("the policy has no linear layer for a likelihood to look at",
                           hint="leave [likelihood] out of the shield")


def _is_flat(program: Program, name: str) -> bool:
    value = program.values[name]
    return value.shape == (1, value.size) and value.dtype in ("float32", "int8", "int16")


def values_of(program: Program, name: str, recording: Recording) -> Array:
    """A value of every step [T, ...], all steps at once where no state and no rows forbid it."""
    observations = recording.observations.astype(np.float32)
    shape = program.values[program.input].shape
    needed = _needed(program, name)
    if shape == (1, observations.shape[1]) and not needed & {
            state.input for state in program.states}:
        known = {**program.constants, program.input: observations}
        with np.errstate(all="ignore"):
            for op in program.ops:
                if needed & set(op.outputs):
                    results = op.evaluate([known[each] if each else None for each in op.inputs])
                    known.update(zip(op.outputs, results, strict=True))
        if known[name].shape == (len(observations), program.values[name].size):
            return known[name]
    interpreter, found = Interpreter(program), []
    for row, reset in zip(observations, recording.reset, strict=True):
        if reset:
            interpreter.reset()
        values = interpreter.values(row)
        interpreter.advance(values)
        found.append(values[name].reshape(-1))
    return np.array(found)


def _needed(program: Program, name: str) -> set[str]:
    """The value and those that it is computed of."""
    needed = {name}
    for op in reversed(program.ops):
        if needed & set(op.outputs):
            needed |= {each for each in op.inputs if each}
    return needed


def _directions(program: Program, layer: str, recording: Recording, seen: Array, count: int
                ) -> tuple[Array, Array]:
    """[k, U] weights of real numbers and [k] biases, so that each result has a deviation of 1."""
    qparams = program.values[layer].quantization
    scale, zero = (1.0, 0.0) if qparams is None else (qparams.scale, qparams.zero_point)
    real = (seen.astype(np.float64) - zero) * scale
    mean = real.mean(axis=0)
    rest = REST * (scale if qparams is not None and program.values[layer].dtype == "int8" else
                   max(float(np.abs(real).max()), 1e-6) / 127)
    inside = np.cov(real.T).reshape(len(mean), -1) + rest**2 * np.eye(len(mean))
    inverse = np.linalg.inv(np.linalg.cholesky(inside))
    outside = np.zeros_like(inside)
    elements = recording.observations.shape[1]
    pairs = list(combinations(range(elements), 2))
    for k in np.linspace(0, len(pairs) - 1, min(len(pairs), PAIRS)).astype(int):
        other = recording.observations.copy()
        other[:, list(pairs[k])] = other[:, list(pairs[k])[::-1]]
        far = (values_of(program, layer, Recording(other, recording.reset)).astype(np.float64)
               - zero) * scale - mean
        there = inverse @ (far.T @ far / len(far)) @ inverse.T
        outside += there / max(float(np.trace(there)), 1e-12)  # each pair counts alike
    vectors = np.linalg.eigh(outside)[1][:, ::-1][:, :count]
    weights = vectors.T @ inverse
    if len(weights) < count:
        weights = np.concatenate([weights, np.zeros((count - len(weights), len(mean)))])
    return weights, -weights @ mean


def _with_output(program: Program, layer: str, weights: Array, biases: Array) -> Program:
    value = program.values[layer]
    unique = f"{NOVELTY}.value"
    while unique in program.values:
        unique += "_"
    constants = dict(program.constants)
    if value.quantization is None:
        constants |= {f"{unique}.w": weights.astype(np.float32),
                      f"{unique}.b": biases.astype(np.float32)}
        op: Gemm | GemmInteger = Gemm(x=layer, weight=f"{unique}.w", bias=f"{unique}.b", y=unique,
                                      layer=NOVELTY)
    else:
        given = Quantization(1 / ONE, 0, -LARGEST, LARGEST)
        scheme = find_scheme("int8" if value.dtype == "int8" else "int8x16")
        linear = prove(weights * value.quantization.scale, biases, value.quantization.largest,
                       value.quantization.zero_point, scheme, NOVELTY, None, Rounding())
        constants |= {f"{unique}.w": linear.weight.astype(np.int8),
                      f"{unique}.b": linear.bias.astype(np.int32),
                      f"{unique}.requantization": linear.requantization(given.scale)}
        op = GemmInteger(x=layer, weight=f"{unique}.w", bias=f"{unique}.b",
                         requantization=f"{unique}.requantization", y=unique, dtype="int16",
                         quantization=given, layer=NOVELTY)
    made = max((i + 1 for i, each in enumerate(program.ops) if layer in each.outputs), default=0)
    ops = (*program.ops[:made], op, *program.ops[made:])
    return program.with_ops(ops, constants, outputs=(*program.outputs, unique),
                            output_names=(*program.output_names, NOVELTY))


def in_64ths(novelty: Array) -> Array:
    """The output of a step as integers, as the shield takes them."""
    if novelty.dtype.kind == "i":
        return novelty.astype(np.int64)
    scaled = np.clip(novelty.astype(np.float32) * np.float32(ONE), -LARGEST, LARGEST)
    whole: Array = np.trunc(scaled).astype(np.int64)
    return whole


def step_scores(novelty: Array) -> Array:
    """Of outputs [T, k], what each step adds, in 64ths."""
    z = in_64ths(novelty)
    return np.asarray((z * z // ONE).sum(axis=-1))


def sums(scores: Array, reset: Array, allowance: int, threshold: int = LARGEST_SUM) -> Array:
    """The sum after every step."""
    found, total = np.empty(len(scores), np.int64), 0
    for i, score in enumerate(scores):
        total = advance(0 if reset[i] else total, int(score), allowance, threshold)
        found[i] = total
    return found


def advance(total: int, score: int, allowance: int, threshold: int) -> int:
    """The sum after one more step."""
    return min(max(total + score - allowance, 0), threshold + (threshold >> 3))


def bound(evidence: Evidence) -> float:
    """The largest rate of alarms per step that is likely (95 %), were steps independent."""
    if not evidence.alarms:
        return min(1.0, 3 / max(evidence.steps, 1))
    return min(1.0, (evidence.alarms + 2 * math.sqrt(evidence.alarms) + 3)
               / max(evidence.steps, 1))


def described(evidence: Evidence) -> str:
    """In words."""
    return (f"of {evidence.steps:,} recorded steps that no line was drawn by ({evidence.episodes} "
            f"episodes) the shield finds {evidence.alarms:,} unlikely; at 95 % at most "
            f"{bound(evidence):.2g} of them, were they independent")


