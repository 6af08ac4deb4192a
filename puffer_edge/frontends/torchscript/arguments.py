# SPDX-License-Identifier: MIT
"""What ``forward`` is called with: tensors, and tuples of them, as an LSTM's two states are."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.torchscript.values import Function, Tensor
from puffer_edge.readers.text import printable

PARTS = "Dict[str, Tensor]"
"""The annotation of a dictionary of observations."""

MAX_PARTS = 16
_HINT = "save a module whose forward takes tensors"


@dataclass(frozen=True)
class Argument:
    """An argument that is a tensor or a tuple of some.

    Attributes:
        name: in the code.
        parts: tensors of the tuple; 0 for a tensor itself.
        default: forward may be called without it.
    """

    name: str
    parts: int = 0
    default: bool = False

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of its tensors: ``h``, or ``state.0`` and ``state.1``."""
        return tuple(f"{self.name}.{i}" for i in range(self.parts)) if self.parts else (self.name,)

    def value(self, tensors: Mapping[str, Tensor]) -> Any:
        """What the code gets, of its tensors by name."""
        given = tuple(tensors[name] for name in self.tensors)
        return given if self.parts else given[0]


def arguments(function: Function, where: str) -> tuple[list[Argument], list[Argument]]:
    """The arguments that forward needs, and of the others those that take tensors.

    A dictionary of observations is not among them: see :func:`takes_parts`.

    Args:
        function: forward.
        where: the archive, for messages.

    Raises:
        UnsupportedError: it needs something that is no tensor.
    """
    given = function.node.args
    first = len(given.args) - len(given.defaults)
    if takes_parts(function):
        return [], _optional(given.args[first:])
    needed = [_argument(argument) for argument in given.args[1:first]]
    for argument, found in zip(given.args[1:first], needed, strict=True):
        if found is None:
            kind = ast.unparse(argument.annotation) if argument.annotation else ""
            raise UnsupportedError(
                f"forward takes {printable(argument.arg)}, a {printable(kind)}",
                where=f"{where}, {printable(function.file)} line {function.node.lineno}",
                hint=_HINT)
    return [a for a in needed if a], _optional(given.args[max(first, 1):])


def takes_parts(function: Function) -> bool:
    """Whether all that it needs is a dictionary of observations."""
    given = function.node.args
    needed = given.args[1 : len(given.args) - len(given.defaults)]
    return len(needed) == 1 and needed[0].annotation is not None and (
        ast.unparse(needed[0].annotation) == PARTS)


def names_of(found: Sequence[Argument]) -> list[str]:
    """Names of all tensors, in order."""
    return [name for argument in found for name in argument.tensors]


def _optional(nodes: Sequence[ast.arg]) -> list[Argument]:
    found = [_argument(node, default=True) for node in nodes if node.annotation is not None]
    return [argument for argument in found if argument]


def _argument(node: ast.arg, *, default: bool = False) -> Argument | None:
    kind = node.annotation
    if kind is None:
        return Argument(node.arg, 0, default)
    if _generic(kind) == "Optional" and isinstance(kind, ast.Subscript):
        kind = kind.slice
    if isinstance(kind, ast.Name) and kind.id == "Tensor":
        return Argument(node.arg, 0, default)
    if _generic(kind) == "Tuple" and isinstance(kind, ast.Subscript):
        parts = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
        if 0 < len(parts) <= MAX_PARTS and all(
                isinstance(part, ast.Name) and part.id == "Tensor" for part in parts):
            return Argument(node.arg, len(parts), default)
    return None


def _generic(node: ast.expr) -> str:
    return node.value.id if isinstance(node, ast.Subscript) and isinstance(
        node.value, ast.Name) else ""
