# SPDX-License-Identifier: MIT
"""What the code of an archive computes with, beside numbers, strings, lists and dictionaries."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from puffer_edge.errors import UnsupportedError


class Device(str):
    """Where a tensor lies; it makes no difference here."""


@dataclass(eq=False)
class Tensor:
    """A tensor at one place of memory: what an in-place op changes, and what views look at.

    Attributes:
        name: of its content in the graph; writes change it.
        base: the tensor that it is a window on.
        view: target and arguments of the call that made the window.
        seen: name of the base's content when ``name`` was read from it.
        copied: it may be a copy or a window; which of the two, the code does not tell.
    """

    name: str
    base: Tensor | None = None
    view: tuple[str, dict[str, Any]] | None = None
    seen: str = ""
    copied: bool = False


@dataclass(eq=False)
class Module:
    """An object of the archive.

    Attributes:
        path: its name from the root, as in a state_dict.
        kind: full name of its class.
        attributes: by name.
    """

    path: str
    kind: str
    attributes: dict[str, Any] = field(default_factory=dict)


class AttributeList(list[Any]):
    """A list that belongs to an object: what is appended to it would be there in the next step."""


class AttributeDict(dict[Any, Any]):
    """A dictionary that belongs to an object."""


class Parts(dict[Any, Any]):
    """The parts of an observation that is a dictionary; which ones there are, the code tells."""


@dataclass(frozen=True)
class Varying:
    """A number that differs from step to step, as a counter does; it may be computed with only."""

    what: str


@dataclass(frozen=True)
class Function:
    """A function or method of the code.

    Attributes:
        name: its full name.
        node: the definition.
        file: where it stands in the archive.
    """

    name: str
    node: ast.FunctionDef
    file: str


@dataclass(frozen=True)
class Method:
    """A method of an object."""

    owner: Module
    function: Function


@dataclass(frozen=True)
class Record:
    """A class of named tuples: its fields."""

    name: str
    fields: tuple[str, ...]


class RecordValue(tuple[Any, ...]):
    """A named tuple."""

    record: Record


def tensors_of(value: Any) -> dict[str, Tensor]:
    """A tensor, or those of a tuple or list of nothing else, by what their names end in."""
    if isinstance(value, Tensor):
        return {"": value}
    parts = value if isinstance(value, tuple | list) else ()
    return {f".{index}": part for index, part in enumerate(parts)
            } if all(isinstance(part, Tensor) for part in parts) else {}


class Shapes(Protocol):
    """The sizes of tensors in a graph that is being recorded; a Recorder is one."""

    inputs: set[str]

    @property
    def calls(self) -> Sequence[Any]:
        """The calls so far."""

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """Its sizes."""

    def dtype(self, tensor: Tensor) -> str:
        """Numpy's name of it."""

    def refuse(self, what: str, hint: str = "") -> UnsupportedError:
        """The error of code that is sound but not supported; the caller raises it."""
