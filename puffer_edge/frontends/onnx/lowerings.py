# SPDX-License-Identifier: MIT
"""The table of lowerings: a function for each of ONNX's ops."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from math import inf
from typing import TypeAlias, TypeVar

from puffer_edge.frontends.graph.graph import Operand

Lowering: TypeAlias = Callable[..., "Operand | tuple[Operand, ...]"]
Lowers = TypeVar("Lowers", bound=Lowering)

LOWERINGS: dict[str, Lowering] = {}
"""ONNX's op_type -> function(graph, node, *operands), None for an absent input."""

ARITY: dict[str, tuple[int, float]] = {}
"""Fewest and most operands of each lowering, from its signature; all of the first are present."""


def lowers(*op_types: str) -> Callable[[Lowers], Lowers]:
    """Decorator that puts a lowering into :data:`LOWERINGS`."""

    def register(function: Lowers) -> Lowers:
        LOWERINGS.update(dict.fromkeys(op_types, function))
        operands = list(signature(function).parameters.values())[2:]
        variadic = any(p.kind is Parameter.VAR_POSITIONAL for p in operands)
        fewest = sum(p.default is Parameter.empty for p in operands)
        ARITY.update(dict.fromkeys(op_types, (fewest, inf if variadic else len(operands))))
        return function

    return register
