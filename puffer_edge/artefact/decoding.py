# SPDX-License-Identifier: MIT
"""Plain data of a stranger -> dataclasses, every field of the type that its annotation says.

What is made here goes on into C text, array sizes and table indices, so nothing is taken on trust:
a number is a number of the right kind and size, a text has no control characters, a tuple is as
long as it must be, and no field is missing or new.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union

LARGEST = 1 << 40
"""Magnitude of an integer: no size, index, shift or bound comes near."""
LONGEST_TEXT = 20_000
"""Characters; the notes of a policy are some hundred."""
LONGEST_LIST = 1 << 20
"""Elements of a list."""


def decode(plain: Any, kind: Any, classes: Mapping[str, type[Any]]) -> Any:
    """A value of a type, from what JSON gave.

    Args:
        plain: dicts with the key ``class``, lists, texts, numbers, booleans and None.
        kind: the annotation: int, float, bool, str, a dataclass, a tuple, a union or Literal.
        classes: by name, those that may occur where the annotation is a base class of theirs.

    Raises:
        TypeError: it is not of that type.
        ValueError: a number or a text is out of bounds.
    """
    origin = typing.get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(plain, typing.get_args(kind), classes)
    if origin is Literal:
        if plain in typing.get_args(kind):
            return plain
        raise TypeError(f"{_shown(plain)} is none of {typing.get_args(kind)}")
    if origin is tuple:
        return _tuple(plain, typing.get_args(kind), classes)
    if is_dataclass(kind):
        return _object(plain, kind, classes)
    return _scalar(plain, kind)


def _scalar(plain: Any, kind: Any) -> Any:
    if kind is float and type(plain) is int:
        return plain  # JSON of 1.0 may be 1
    if kind not in (int, float, bool, str, type(None)) or type(plain) is not kind:
        raise TypeError(f"{_shown(plain)} is no {getattr(kind, '__name__', kind)}")
    if kind is int and abs(plain) > LARGEST:
        raise ValueError(f"the number {_shown(plain)} is too large")
    if kind is float and math.isnan(plain):
        raise ValueError("a number is NaN")
    if kind is str and (len(plain) > LONGEST_TEXT or not plain.isprintable()):
        raise ValueError(f"the text {_shown(plain)} is too long or holds control characters")
    return plain


def _union(plain: Any, kinds: tuple[Any, ...], classes: Mapping[str, type[Any]]) -> Any:
    for kind in kinds:
        try:
            return decode(plain, kind, classes)
        except TypeError:
            continue
    raise TypeError(f"{_shown(plain)} is none of {kinds}")


def _tuple(plain: Any, kinds: tuple[Any, ...], classes: Mapping[str, type[Any]]) -> Any:
    if not isinstance(plain, list) or len(plain) > LONGEST_LIST:
        raise TypeError(f"{_shown(plain)} is no list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(decode(part, kinds[0], classes) for part in plain)
    if len(plain) != len(kinds):
        raise TypeError(f"{_shown(plain)} has not {len(kinds)} elements")
    return tuple(decode(part, kind, classes) for part, kind in zip(plain, kinds, strict=True))


def _object(plain: Any, kind: Any, classes: Mapping[str, type[Any]]) -> Any:
    if not isinstance(plain, dict) or not isinstance(plain.get("class"), str):
        raise TypeError(f"{_shown(plain)} is no {kind.__name__}")
    found: Any = classes.get(plain["class"])
    if found is None or not issubclass(found, kind):
        raise TypeError(f"{_shown(plain['class'])} is no {kind.__name__}")
    hints, named = _hints(found), {field.name for field in fields(found)}
    if set(plain) - {"class"} != named:
        raise TypeError(f"{found.__name__} has not the fields {sorted(set(plain) - {'class'})}")
    return found(**{name: decode(plain[name], hints[name], classes) for name in sorted(named)})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _shown(plain: Any) -> str:
    """A short, printable form for a message."""
    return ascii(plain if not isinstance(plain, int) or abs(plain) < 1 << 64 else "...")[:60]
