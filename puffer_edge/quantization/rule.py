# SPDX-License-Identifier: MIT
"""One rule per op: how it is rewritten in integers, and the facts that its neighbours need of it.

``rules/`` declares them, ``quantize`` imports those; all else asks :func:`rule_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Activation, Op, Program, Quantization
from puffer_edge.quantization.calibration import Calibration

Rewrite = Callable[[Any, Any], None]
Function = TypeVar("Function", bound=Rewrite)


class Movement(Enum):
    """What an op that only moves elements does to them."""

    RESHAPE = "all, in their order"
    REORDER = "all, in another order"
    SELECT = "some, or some of them several times"
    FILL = "all, with a constant between them"


def _unsupported(op: Op, emitter: Any) -> None:
    raise UnsupportedError(f"the op {type(op).__name__} cannot be computed in integers",
                           where=op.layer or op.outputs[0], hint="export it with --scheme float32")


def _no_matrices(op: Any, name: str) -> Sequence[str]:
    return ()


def _no_memories(op: Any, program: Program, calibration: Calibration) -> Mapping[str, Quantization]:
    return {}


def _no_function(op: Any) -> Activation | None:
    return None


def _not_affine(op: Any, program: Program) -> tuple[Array, Array] | None:
    return None


@dataclass(frozen=True)
class Rule:
    """How an op is quantised.

    Attributes:
        rewrite: appends the integer ops to the ``emit.Emitter`` and declares what they make.
        starts: the op takes float values too, by quantising them: integers begin here.
        matrices: names of the constant weights, [rows, ...], that the op multiplies the value of
            that name with; the range proof chooses the value's bits by them.
        columns: fields of an input and of the matrix [N, K] that it is multiplied by, where nothing
            else is done with it: each of its elements may have a scale of its own, which goes into
            its column.
        rows: fields of the constants with a row per output, where outputs do not depend on one
            another, so that the layer can be taken apart.
        memories: qparams that inputs must have, because the op adds to them: cells. What they are
            made of, back to the states, has them from the beginning.
        movement: outputs hold the very numbers of the first input, so who reads them reads it.
        joins: outputs hold the numbers of all inputs.
        arithmetic: what it makes of a memory is one.
        function: the elementwise function that the op is, or None.
        affine: scale and shift, float64 and broadcasting to the first input, where that is all
            that the op does to it, or None.
        category: field of an input of whole numbers that must come in as they are.
        flags: field of an input of zeros and ones, alike.
        table: field of the lookup table that the op is.
        float16: fields of the matrices whose kernel also reads float16.
    """

    rewrite: Rewrite = _unsupported
    starts: bool = False
    matrices: Callable[[Any, str], Sequence[str]] = _no_matrices
    columns: tuple[str, str] | None = None
    rows: tuple[str, ...] = ()
    memories: Callable[[Any, Program, Calibration], Mapping[str, Quantization]] = _no_memories
    movement: Movement | None = None
    joins: bool = False
    arithmetic: bool = False
    function: Callable[[Any], Activation | None] = _no_function
    affine: Callable[[Any, Program], tuple[Array, Array] | None] = _not_affine
    category: str = ""
    flags: str = ""
    table: str = ""
    float16: tuple[str, ...] = ()


RULES: dict[type[Op], Rule] = {}
"""Filled by :func:`rule` and :func:`facts` when ``rules`` is imported."""
_NONE = Rule()


def rule(kind: type[Op], **facts: Any) -> Callable[[Function], Function]:
    """Decorator that registers the rewrite of an op, with the other attributes of :class:`Rule`."""

    def add(rewrite: Function) -> Function:
        RULES[kind] = Rule(rewrite, **facts)
        return rewrite

    return add


def facts(kind: type[Op], **known: Any) -> None:
    """Registers what is to be known of an op that no float Program has."""
    RULES[kind] = Rule(**known)


def rule_of(op: Op) -> Rule:
    """The rule of an op; one without facts, whose rewrite refuses, where it has none."""
    return RULES.get(type(op), _NONE)


def reads_by_columns(op: Op, name: str, program: Program) -> bool:
    """Whether an op does nothing with a value but multiply it by a constant matrix."""
    columns = rule_of(op).columns
    return (columns is not None and getattr(op, columns[0]) == name
            and op.operands.count(name) == 1 and getattr(op, columns[1]) in program.constants)
