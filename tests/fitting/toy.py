# SPDX-License-Identifier: MIT
"""A tiny environment and a trainer of 30 lines, so that searches take no time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gymnasium
import numpy as np

from puffer_edge.fitting import Effort, Made, Practice
from puffer_edge.fitting.practice import label
from puffer_edge.fitting.seeds import practice_seeds
from puffer_edge.fitting.students import untrained
from puffer_edge.ir import Activation, Builder, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import Gemm, Unary
from puffer_edge.quantization.recording import Recording

SIDES = "puffer-edge-tests/Sides-v0"


class Sides(gymnasium.Env):  # type: ignore[misc]
    """The action is the sign of a weighted sum of three numbers; a reward of 1 where it is."""

    WEIGHTS = np.array([1.0, -2.0, 0.5])

    def __init__(self, fails: bool = False) -> None:
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(2)
        self._fails, self._steps = fails, 0
        self._seen = np.zeros(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._steps = 0
        return self._next(), {}

    def step(self, action: Any) -> Any:
        reward = float(int(action) == int(self._seen @ self.WEIGHTS > 0))
        self._steps += 1
        if self._fails and self._steps > 2:
            raise RuntimeError("the motor is on fire")
        return self._next(), reward, self._steps >= 12, False, {}

    def _next(self) -> Any:
        self._seen = self.np_random.normal(size=3)
        return self._seen.astype(np.float32)


def register() -> None:
    for name, fails in ((SIDES, False), (SIDES.replace("Sides", "Fails"), True)):
        if name not in gymnasium.registry:
            gymnasium.register(name, entry_point=Sides, kwargs={"fails": fails})


def sides(weights: Any = Sides.WEIGHTS) -> Program:
    """A teacher that knows the answer, by eight pairs of ReLUs where one would do."""
    builder = Builder("the answer")
    x = builder.input("observation", (1, len(weights)))
    pairs = np.tile(np.stack([weights, np.negative(weights)]), (8, 1)).astype(np.float32)
    hidden = builder.add(Gemm, x=x, weight=builder.constant(pairs, "pairs"),
                         bias=builder.constant(np.zeros(16, np.float32), "c"), layer="hidden")
    hidden = builder.add(Unary, x=hidden, function=Activation("relu"), layer="hidden")
    signs = np.tile([[0.0, 0.0], [1.0, -1.0]], 8).astype(np.float32)
    y = builder.add(Gemm, x=hidden, weight=builder.constant(signs, "w"),
                    bias=builder.constant(np.zeros(2, np.float32), "b"), layer="output")
    return builder.build({"logits": y}, Contract((Field("observation", (len(weights),)),),
                                                 Discrete((2,))))


@dataclass(frozen=True)
class LeastSquares:
    """Linear policies by numpy: the interface's second back end."""

    def fit(self, teacher: Program, env: Practice | Recording, budget: Effort) -> Made:
        seen = env if isinstance(env, Recording) else self._played(teacher, env, budget)
        inputs = np.c_[seen.observations, np.ones(len(seen.observations))]
        solution, *_ = np.linalg.lstsq(inputs, label(teacher, seen), rcond=None)
        student = untrained(teacher, replace(budget.candidate, widths=(), cell=""), budget.seed)
        return Made(replace(student, constants={
            **student.constants, "output.weight": solution[:-1].T.astype(np.float32),
            "output.bias": solution[-1].astype(np.float32)}), seen)

    def finetune(self, policy: Program, env: Practice, budget: Effort) -> Made:
        """By the best of some random changes."""
        random, best = np.random.default_rng(budget.seed), policy
        seeds = practice_seeds(budget.seed, 1)[:8]
        for _ in range(budget.updates):
            changed = replace(best, constants={
                name: (array + 0.3 * random.standard_normal(array.shape)).astype(np.float32)
                for name, array in best.constants.items()})
            best = max(best, changed, key=lambda each: env.play(each, seeds).returns.mean())
        return Made(best, self._played(best, env, budget))

    def _played(self, program: Program, env: Practice, budget: Effort) -> Recording:
        found = env.play(program, practice_seeds(budget.seed, 0), keep=True, steps=200).recording
        assert found is not None
        return found
