# SPDX-License-Identifier: MIT
"""Bounds along a sequence of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Activation, Op, Program
from puffer_edge.verification.error_bound import ops
from puffer_edge.verification.error_bound.pair import Pair, exact
from puffer_edge.verification.error_bound.rule import RULES

KEPT = 24
"""Steps whose roundings keep their signs; older ones are forgotten or go to the rest."""

ops.load()


class ErrorBound:
    """Bounds along a sequence of steps.

    Args:
        program: what we run.
        constants: how far the other implementation's constants may be from ours, by name: where a
            front end computed one (a folded normalisation, a sum of two biases). Others are equal.
    """

    def __init__(self, program: Program, constants: Mapping[str, Array] | None = None) -> None:
        self.program = program
        self.constants = dict(constants or {})
        self.resynchronise()

    def resynchronise(self) -> None:
        """Says that both implementations have the same state now."""
        self.state = {s.input: exact(np.zeros(s.initial.shape)) for s in self.program.states}

    def step(self, known: Mapping[str, Array]) -> dict[str, Array]:
        """Bounds on the outputs of one step by their outside names, flat; the state advances.

        Args:
            known: our value of every name, as ``Interpreter.values`` gives them.
        """
        pairs = {name: exact(known[name]) for name in (*self.program.constants, self.program.input)}
        for name, d in self.constants.items():
            pairs[name] = replace(pairs[name], d=d)
        for name, pair in self.state.items():
            pairs[name] = replace(pair, v=np.asarray(known[name], np.float64))
        count = 0
        for op in self.program.ops:
            inputs = [pairs[name] if name else None for name in op.inputs]
            for name, result in zip(op.outputs, propagate(op, inputs), strict=True):
                # Ours is known: no need to carry the float64 one.
                v = np.asarray(known[name], np.float64)
                origin = result.origin
                if origin is None:
                    origin, count = count + np.arange(v.size).reshape(v.shape), count + v.size
                pairs[name] = replace(result, v=v, origin=origin)
        self.state = self._advanced(pairs)
        return {name: pairs[value].bound.reshape(-1) for name, value
                in zip(self.program.output_names, self.program.outputs, strict=True)}

    def _advanced(self, pairs: dict[str, Pair]) -> dict[str, Pair]:
        """The new state, the rest of each of its elements as a coefficient of its own."""
        after = [pairs[s.output] for s in self.program.states]
        if not after:
            return {}
        d = np.concatenate([p.d.reshape(-1) for p in after])
        width = max((p.g.shape[-1] for p in after if p.g is not None), default=0)
        g = np.concatenate([np.zeros((p.v.size, width)) if p.g is None
                            else p.g.reshape(p.v.size, width) for p in after])
        # The oldest come first; they have shrunk most where the layer forgets.
        old = max(width - KEPT * d.size, 0)
        g = np.concatenate([g[:, old:], np.diag(d + np.abs(g[:, :old]).sum(1))], axis=1)
        ends = np.cumsum([p.v.size for p in after])[:-1]
        return {s.input: Pair(p.v, np.zeros(p.v.shape), part.reshape(*p.v.shape, -1))
                for s, p, part in zip(self.program.states, after, np.split(g, ends), strict=True)}


def propagate(op: Op, inputs: list[Any]) -> tuple[Pair, ...]:
    """The outputs of an op as pairs."""
    (result, *more) = RULES[type(op)](op, *inputs)
    activation: Activation | None = getattr(op, "activation", None)
    if activation:
        result = result.apply(activation.function, activation.parameters)
    return (result, *more)
