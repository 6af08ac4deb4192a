# SPDX-License-Identifier: MIT
"""Test vectors: what the interpreter says that every runtime must say, bit for bit."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, StepError, UnsupportedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.readers.npz import read_npz


@dataclass(frozen=True)
class Vectors:
    """Steps of several episodes, one after another.

    Attributes:
        observations: [T, n] float32.
        reset: [T] bool, true where the policy is reset before the step.
        outputs: raw outputs by name, each [T, size] float32.
        actions: [T, heads] int32 or [T, size] float32; of a hybrid policy [T] records.
    """

    observations: Array
    reset: Array
    outputs: dict[str, Array]
    actions: Array

    def first_episode(self, limit: int) -> int:
        """Number of steps before the second reset, at least 2 and at most ``limit``."""
        ends = np.flatnonzero(self.reset)[1:]
        length = int(ends[0]) if ends.size else len(self.observations)
        return min(length, max(limit, 2))

    def to_bytes(self) -> bytes:
        """The same bytes for the same vectors: an .npz with fixed dates."""
        actions = {"actions": self.actions}
        if self.actions.dtype.names:
            actions = {f"actions_{name}": self.actions[name] for name in self.actions.dtype.names}
        return npz({"observations": self.observations, "reset": self.reset, **actions,
                    **{f"output_{name}": array for name, array in self.outputs.items()}})

    @staticmethod
    def load(path: Path) -> Vectors:
        """Reads what :meth:`to_bytes` wrote.

        Raises:
            FileFormatError: the file is missing or damaged.
        """
        hint = "export the policy again"
        arrays = read_npz(path, "the file of test vectors", hint)
        outputs = {key.removeprefix("output_"): array for key, array in arrays.items()
                   if key.startswith("output_")}
        parts = [(name, arrays[f"actions_{name}"]) for name in ("continuous", "discrete")
                 if f"actions_{name}" in arrays]
        if len(parts) == 2:
            dtype = np.dtype([(name, part.dtype, part.shape[1:]) for name, part in parts],
                             align=True)
            arrays["actions"] = np.zeros(len(parts[0][1]), dtype)
            for name, part in parts:
                arrays["actions"][name] = part
        missing = {"observations", "reset", "actions"} - set(arrays)
        if missing or not outputs:
            raise FileFormatError("the file of test vectors lacks arrays", where=str(path),
                                  hint=hint)
        return Vectors(arrays["observations"], arrays["reset"], outputs, arrays["actions"])


def judged_by(observations: Array, reset: Array, reference: Array,
              measure: Array | None) -> bytes:
    """``judge.npz``: steps that the calibration did not see, and the float policy's outputs.

    ``measure`` is what errors of a continuous action are relative to, [n]; None for a discrete one.
    """
    more = {} if measure is None else {"measure": measure}
    return npz({"observations": observations, "reset": reset, "reference": reference, **more})


def npz(arrays: dict[str, Any]) -> bytes:
    """An .npz; numpy gives its members a fixed date, so equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def make(program: Program, *, seed: int = 0) -> Vectors:
    """Vectors over random and extreme observations.

    Floats: four episodes: 32 steps of standard normal observations, 16 of larger ones, 8 that mix
    magnitudes from 1e-6 to 1e3, and 8 extremes (zeros, ones, huge, tiny, alternating). A step that
    is refused, as it overflows, is left out.
    Integers: 32 steps of all magnitudes that the dtype holds, and 4 extremes.

    Raises:
        UnsupportedError: the policy overflows for ordinary observations.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    n = program.contract.observation_size
    dtype = program.values[program.input].dtype
    if dtype != "float32":
        return _of_integers(program, random, dtype)
    sign = np.where(np.arange(n) % 2, -1.0, 1.0)
    extremes = np.stack([np.zeros(n), np.ones(n), -np.ones(n), sign, 1e6 * sign,
                         np.full(n, 1e12), np.full(n, 1e-40), -1e-30 * sign])
    parts = [random.standard_normal((32, n)), 5 * random.standard_normal((16, n)),
             random.standard_normal((8, n)) * 10 ** random.uniform(-6, 3, (8, n)), extremes]
    observations = np.concatenate(parts).astype(np.float32)
    if program.contract.mask is not None:
        observations = program.contract.mask.at_random(observations, random)
    reset = np.zeros(len(observations), bool)
    reset[np.cumsum([0, *(len(part) for part in parts[:-1])])] = True
    found = run(program, observations, reset)
    if not np.array_equal(found.observations[:2], observations[:2]):
        raise UnsupportedError("the outputs for ordinary observations (standard normal) are NaN or "
                               "infinite", hint="look for a division by zero or an overflow")
    return found


def _of_integers(program: Program, random: np.random.Generator, dtype: str) -> Vectors:
    limits, n = np.iinfo(dtype), program.contract.observation_size
    extremes = np.stack([np.full(n, limits.min), np.full(n, limits.max), np.zeros(n),
                         np.where(np.arange(n) % 2, limits.min, limits.max)])
    parts = random.integers(limits.min, limits.max + 1, (32, n)) >> random.integers(
        0, limits.bits, (32, n))
    observations = np.concatenate([parts, extremes]).astype(dtype)
    if program.contract.mask is not None:
        observations = program.contract.mask.at_random(observations, random)
    reset = np.isin(np.arange(len(observations)), (0, len(parts)))
    return run(program, observations, reset)


def run(program: Program, observations: Array, reset: Array) -> Vectors:
    """What the interpreter gives for a sequence of observations.

    Steps that are refused are left out; the ones after them go on from the state before.
    """
    interpreter = Interpreter(program)
    kept, fresh, steps, actions = [], [], [], []
    start = False
    for index, observation in enumerate(observations):
        if reset[index]:
            interpreter.reset()
            start = True
        try:
            outputs = interpreter.step(observation)
        except StepError:
            continue
        kept.append(index)
        fresh.append(start)
        start = False
        steps.append(outputs)
        actions.append(program.act(outputs))
    if not steps:
        raise UnsupportedError("every observation makes NaN or infinite outputs",
                               hint="look for a division by zero or an overflow")
    return Vectors(observations[kept], np.array(fresh),
                   {name: np.stack([step[name] for step in steps]) for name in steps[0]},
                   np.stack(actions))
