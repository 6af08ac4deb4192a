"""One rule per op: how it is rewritten in integers, and which matrices read its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from puffer_edge.ir import Op, Quantization

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer

Array = npt.NDArray[Any]
Rewrite = Callable[[Any, "Quantizer"], None]
Matrices = Callable[[Any, str], Sequence[str]]
Memories = Callable[[Any, "Quantizer"], Mapping[str, Quantization]]
Function = TypeVar("Function", bound=Rewrite)


def _none(op: Any, name: str) -> Sequence[str]:
    return ()


def _no_memory(op: Any, quantizer: Quantizer) -> Mapping[str, Quantization]:
    return {}


@dataclass(frozen=True)
class Rule:
    """How an op is quantised.

    Attributes:
        rewrite: appends the integer ops to the quantizer and declares what they make.
        matrices: names of the constant weights, [rows, ...], that the op multiplies the value of
            that name with; the range proof chooses the value's bits by them.
        starts: the op takes float values too, by quantising them: integers begin here.
        memories: inputs that must have a certain scale, because the op adds to them: cells. What
            they are made of, back to the states, has it from the beginning.
        moves: outputs hold the very numbers of the inputs, so who reads them reads the inputs.
    """

    rewrite: Rewrite
    matrices: Matrices = _none
    starts: bool = False
    moves: bool = False
    memories: Memories = _no_memory


RULES: dict[type[Op], Rule] = {}
"""The rule of each op that has one; filled by :func:`rule`."""


def rule(kind: type[Op], *, matrices: Matrices = _none, starts: bool = False,
         moves: bool = False, memories: Memories = _no_memory) -> Callable[[Function], Function]:
    """Decorator that registers the rewrite of an op; arguments as of :class:`Rule`."""

    def add(rewrite: Function) -> Function:
        RULES[kind] = Rule(rewrite, matrices, starts, moves, memories)
        return rewrite

    return add


def rows_of(weight: Array) -> Array:
    """A weight as [rows, everything else], float64."""
    return np.asarray(weight, np.float64).reshape(len(weight), -1)
