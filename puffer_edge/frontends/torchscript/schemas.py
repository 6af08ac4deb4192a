# SPDX-License-Identifier: MIT
"""The arguments of torch's ops by name: TorchScript prints calls by position.

``schemas.txt`` holds one overload per line, as torch prints it:
``elu_(Tensor(a!) self, Scalar alpha=1) -> Tensor(a!)``. ``(a!)`` is written to, ``(a)`` is looked
at by the result.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from puffer_edge.frontends.torchscript.values import Device, Tensor
from puffer_edge.ir.functions import FUNCTIONS

_LINE = re.compile(r"(\w+)(?:\.(\w+))?\((.*)\) -> (.*)")
_ARGUMENT = re.compile(r"(\w+)(\([^)]*\))?((?:\[\d*\]|\?)*)(\([^)]*\))? (\w+)(?:=(.*))?")
_MISSING = object()

SCALAR_TYPES = {0: "uint8", 1: "int8", 2: "int16", 3: "int32", 4: "int64", 5: "float16",
                6: "float32", 7: "float64", 11: "bool", 15: "bfloat16"}
"""Names of torch's dtypes by their numbers, as code prints them."""


@dataclass(frozen=True)
class Argument:
    """One argument of an op.

    Attributes:
        name: of it.
        kind: ``Tensor``, ``Scalar``, ``int``, ``ScalarType``...
        listed: a list of these.
        repeated: how often a single number stands in a list; 0 where it may not.
        optional: None will do.
        gaps: None will do inside of the list.
        default: where it is left out; ``_MISSING`` where it may not be.
        keyword: given by name only.
        viewed: the result may be a window on it.
        written: the op writes into it.
    """

    name: str
    kind: str
    listed: bool
    repeated: int
    optional: bool
    gaps: bool
    default: Any
    keyword: bool
    viewed: bool
    written: bool

    def accept(self, value: Any) -> Any:
        """The value as the lowerings want it.

        Raises:
            TypeError: it is of another kind.
        """
        if value is None:
            if self.optional:
                return None
            raise TypeError(f"{self.name} is None")
        if self.listed:
            if isinstance(value, list | tuple):
                return [None if item is None and self.gaps else self._one(item) for item in value]
            if self.repeated:
                return [self._one(value)] * self.repeated
            raise TypeError(f"{self.name} is no list")
        return self._one(value)

    def _one(self, value: Any) -> Any:
        kind = type(value)
        if self.kind == "Tensor":
            fits = isinstance(value, Tensor)
        elif self.kind == "Scalar":
            fits = kind in (int, float, bool)
        elif self.kind == "ScalarType":
            if kind is int and value in SCALAR_TYPES:
                return SCALAR_TYPES[value]
            fits = kind is str and value in SCALAR_TYPES.values()
        elif self.kind in ("Device", "Layout", "MemoryFormat"):
            fits = isinstance(value, Device | str | int)
        else:
            if self.kind == "float" and kind is int:
                return float(value)
            fits = kind.__name__ == self.kind
        if not fits:
            raise TypeError(f"{self.name} is no {self.kind}")
        return value


@dataclass(frozen=True)
class Schema:
    """One overload of an op.

    Attributes:
        op: its name.
        overload: empty for the first.
        arguments: in order.
        results: how many there are; None for a list.
    """

    op: str
    overload: str
    arguments: tuple[Argument, ...]
    results: int | None

    @property
    def target(self) -> str:
        """As graphs of torch.export call it."""
        return f"aten.{self.op}.{self.overload or 'default'}"

    def bind(self, given: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name, defaults included.

        Raises:
            TypeError: they do not fit.
        """
        plain = [a for a in self.arguments if not a.keyword]
        if len(given) > len(plain):
            raise TypeError("there are too many arguments")
        values = {a.name: value for a, value in zip(plain, given, strict=False)}
        if not named.keys() <= {a.name for a in self.arguments} - values.keys():
            raise TypeError("there is an argument of another name")
        values |= named
        bound = {}
        for argument in self.arguments:
            value = values.get(argument.name, argument.default)
            if value is _MISSING:
                raise TypeError(f"{argument.name} is missing")
            bound[argument.name] = argument.accept(value)
        return bound


@cache
def schemas() -> dict[str, tuple[Schema, ...]]:
    """The overloads of each op."""
    found: dict[str, tuple[Schema, ...]] = {}
    text = Path(__file__).with_name("schemas.txt").read_text(encoding="ascii")
    for line in text.splitlines():
        schema = _schema(line)
        found[schema.op] = (*found.get(schema.op, ()), schema)
    for known in FUNCTIONS.values():  # some of torch's are no ops, but written in Python
        op = known.torch.rpartition(".")[2]
        if op and not known.parameters and op not in found:
            found[op] = (_schema(f"{op}(Tensor self) -> Tensor"),)
    return found


def _schema(line: str) -> Schema:
    match = _LINE.fullmatch(line)
    assert match, line
    op, overload, inside, result = match.groups()
    keyword, arguments = False, []
    for text in re.split(r", (?=[A-Za-z*])", inside) if inside else []:
        if text == "*":
            keyword = True
            continue
        parts = _ARGUMENT.fullmatch(text)
        assert parts, line
        kind, alias, suffix, late, name, default = parts.groups()
        alias = alias or late or ""
        sizes = re.search(r"\[(\d*)\]", suffix)
        if name == "dtype" and kind == "int":
            kind = "ScalarType"
        arguments.append(Argument(
            name, kind, sizes is not None, int(sizes.group(1) or 0) if sizes else 0,
            suffix.endswith("?"), suffix.startswith("?["), _default(default), keyword, bool(alias),
            "!" in alias))
    return Schema(op, overload or "", tuple(arguments), _results(result))


def _default(text: str | None) -> Any:
    return _MISSING if text is None else ast.literal_eval(text)


def _results(text: str) -> int | None:
    if text.endswith("[]"):
        return None
    return text.count(",") + 1
