# SPDX-License-Identifier: MIT
"""A float Program that can be trained: its constants are torch's parameters.

The weights of what reads the observation are kept for an observation of mean 0 and size 1, as the
steps of an optimiser are of one size for all of them; the Program has them for what comes in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.fitting.fake_quantization import FakeQuantization
from puffer_edge.ir import Op, Program
from puffer_edge.passes import optimize
from puffer_edge.runtimes.torch_backend import OPS

States = dict[str, Any]


class Network:
    """A policy in torch.

    Args:
        program: in float; made of ops that torch differentiates.
        observations: [T, n] of it, for their mean and size.
    """

    def __init__(self, program: Program, observations: Array) -> None:
        import torch

        self._torch = torch
        self.base = optimize(program, fuse=False)
        self._mean = observations.mean(0, dtype=np.float64)
        self._size = observations.std(0, dtype=np.float64)
        self._size[self._size < 1e-6] = 1.0
        first: list[Any] = [op for op in self.base.ops if _takes(op, self.base)]
        self._first = {op.weight: op for op in first}
        self._parameters = {}
        for name, array in self.base.constants.items():
            if array.dtype.kind == "f":
                self._parameters[name] = torch.nn.Parameter(torch.from_numpy(
                    self._inward(name).astype(np.float32)))

    def parameters(self) -> list[Any]:
        """What an optimiser changes."""
        return list(self._parameters.values())

    def program(self) -> Program:
        """The Program with the present weights."""
        constants = {name: held.detach().numpy().astype(np.float32)
                     for name, held in self._outward().items()}
        return replace(self.base, constants={**self.base.constants, **constants})

    def fresh(self, count: int) -> States:
        """States of so many lanes after a reset."""
        return {state.input: self._torch.from_numpy(np.repeat(state.initial, count, 0))
                for state in self.base.states}

    def step(self, observations: Array, state: States, fake: FakeQuantization | None = None,
             integer_state: dict[str, Array] | None = None
             ) -> tuple[Any, States, dict[str, Array]]:
        """One step of a batch.

        Args:
            observations: [B, n] float32.
            state: by name, of every lane.
            fake: the integers that take the place of its values.
            integer_state: their states.

        Returns:
            Raw outputs of the action's heads joined, [B, width]; the states after it, and those
            of the integers.
        """
        torch = self._torch
        known: dict[str, Any] = {**self._outward(), **state}
        known[self.base.input] = torch.from_numpy(observations)
        integers: dict[str, Array] = {}
        if fake is not None:
            integers, integer_state = fake.values(observations, integer_state or {})
        for op in self.base.ops:
            found = self._compute(op, known)
            for name, value in zip(op.outputs, found, strict=True):
                known[name] = value if fake is None else fake.through(name, value, integers)
        heads = self.base.outputs[: len(self.base.contract.heads)]
        after = {each.input: known[each.output] for each in self.base.states}
        return torch.cat([known[name] for name in heads], -1), after, integer_state or {}

    def _compute(self, op: Op, known: dict[str, Any]) -> tuple[Any, ...]:
        inputs = [known[name] if name else None for name in op.inputs]
        return OPS[type(op).__name__](op, self._torch, inputs)

    def _inward(self, name: str) -> Array:
        """A constant as it is kept."""
        array = self.base.constants[name].astype(np.float64)
        if name in self._first:
            return np.asarray(array * self._size)
        for weight, op in self._first.items():
            if getattr(op, "bias", "") == name:
                moved = self.base.constants[weight].astype(np.float64) @ self._mean
                return np.asarray(array + moved)
        return np.asarray(array)

    def _outward(self) -> dict[str, Any]:
        """The constants as the Program has them."""
        torch, found = self._torch, dict(self._parameters)
        for weight, op in self._first.items():
            found[weight] = self._parameters[weight] / torch.from_numpy(
                self._size.astype(np.float32))
            bias = op.bias
            found[bias] = self._parameters[bias] - found[weight] @ torch.from_numpy(
                self._mean.astype(np.float32))
        return found


def trainable(program: Program) -> bool:
    """Whether torch differentiates all of its ops."""
    return all(type(op).__name__ in OPS and type(op).__name__ != "Reshape"
               for op in optimize(program, fuse=False).ops)


def _takes(op: Any, program: Program) -> bool:
    """Whether it multiplies the observation by a matrix, and has a bias."""
    return (getattr(op, "x", "") == program.input and bool(getattr(op, "bias", ""))
            and getattr(op, "weight", "") in program.constants)
