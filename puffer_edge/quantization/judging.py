"""How much an integer policy acts like the float one it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.quantization.recording import Recording

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Judgement:
    """What differs between two policies over one recording.

    Attributes:
        steps: number of steps.
        agreement: share of steps with equal greedy actions in all heads; None for a continuous
            action.
        mean_error, largest_error: of the probabilities (softmax per head), or of the continuous
            action in its own units.
    """

    steps: int
    agreement: float | None
    mean_error: float
    largest_error: float


def outputs(program: Program, recording: Recording) -> Array:
    """Raw first outputs of a Program over a recording, state carried, as real numbers."""
    interpreter = Interpreter(program)
    meaning = program.values[program.outputs[0]].quantization
    rows = []
    for observation, fresh in zip(recording.observations, recording.reset, strict=True):
        if fresh:
            interpreter.reset()
        rows.append(interpreter.step(observation)[program.output_names[0]].astype(np.float64))
    raw = np.stack(rows)
    return raw if meaning is None else (raw - meaning.zero_point) * meaning.scale


def judge(reference: Array, ours: Array, action: Discrete | Continuous) -> Judgement:
    """Compares raw outputs, [T, width] each."""
    if isinstance(action, Continuous):
        acted = [np.stack([action.act(row.astype(np.float32)) for row in rows])
                 for rows in (reference, ours)]
        error = np.abs(acted[0].astype(np.float64) - acted[1])
        return Judgement(len(error), None, float(error.mean()), float(error.max()))
    cuts = np.cumsum(action.sizes)[:-1]
    same = np.ones(len(reference), bool)
    errors = []
    for a, b in zip(np.split(reference, cuts, 1), np.split(ours, cuts, 1), strict=True):
        same &= a.argmax(1) == b.argmax(1)
        errors.append(np.abs(_softmax(a) - _softmax(b)))
    error = np.concatenate(errors, 1)
    return Judgement(len(error), float(same.mean()), float(error.mean()), float(error.max()))


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))
