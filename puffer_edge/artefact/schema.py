# SPDX-License-Identifier: MIT
"""Plain data of a stranger against a schema: every key known, every value of its type and size.

A schema is a type (``int``, ``float``, ``str``, ``bool``, None), a set of words, a pattern of text,
``[schema]`` for a list, a dict by key (``"key?"`` may be missing), ``{pattern: schema}`` for a map,
or a tuple of schemas of which one must fit.
"""

from __future__ import annotations

import math
import re
from typing import Any

LARGEST = 1 << 53
"""Magnitude of an integer: what every reader of JSON keeps exactly."""
LONGEST_TEXT = 20_000
LONGEST_LIST = 1 << 20


def check(plain: Any, schema: Any, where: str = "") -> None:
    """Whether plain data is what a schema says.

    Raises:
        ValueError: it is not; says where, in printable ASCII.
    """
    if isinstance(schema, tuple):
        _check_one_of(plain, schema, where)
    elif isinstance(schema, list):
        if not isinstance(plain, list) or len(plain) > LONGEST_LIST:
            raise ValueError(f"{_place(where)} is no list")
        for index, part in enumerate(plain):
            check(part, schema[0], f"{where}[{index}]")
    elif isinstance(schema, dict):
        _check_dict(plain, schema, where)
    elif not _fits(plain, schema):
        raise ValueError(f"{_place(where)} is {_shown(plain)}, {_wanted(schema)}")


def _check_one_of(plain: Any, schemas: tuple[Any, ...], where: str) -> None:
    found: ValueError | None = None
    for schema in schemas:
        try:
            check(plain, schema, where)
            return
        except ValueError as error:
            found = error
    assert found is not None
    raise found


def _check_dict(plain: Any, schema: dict[Any, Any], where: str) -> None:
    if not isinstance(plain, dict) or len(plain) > LONGEST_LIST:
        raise ValueError(f"{_place(where)} is no object")
    first = next(iter(schema))
    if isinstance(first, re.Pattern):
        for key, part in plain.items():
            if not _fits(key, first):
                raise ValueError(f"{_place(where)} has the key {_shown(key)}, {_wanted(first)}")
            check(part, schema[first], f"{where}.{key}")
        return
    known = {key.removesuffix("?"): part for key, part in schema.items()}
    if unknown := [key for key in plain if key not in known]:
        raise ValueError(f"{_place(where)} has the unknown key {_shown(unknown[0])}")
    for key in schema:
        if key.endswith("?") and key.removesuffix("?") not in plain:
            continue
        if key.removesuffix("?") not in plain:
            raise ValueError(f"{_place(where)} has no {key}")
        check(plain[key.removesuffix("?")], schema[key], f"{where}.{key.removesuffix('?')}")


def _fits(plain: Any, schema: Any) -> bool:
    if isinstance(schema, re.Pattern):
        return isinstance(plain, str) and schema.fullmatch(plain) is not None
    if isinstance(schema, frozenset):
        return isinstance(plain, str) and plain in schema
    if schema is None:
        return plain is None
    if schema is float:
        return (type(plain) is float and not math.isnan(plain)) or (
            type(plain) is int and abs(plain) <= LARGEST)
    if type(plain) is not schema:
        return False
    if isinstance(plain, str):
        return len(plain) <= LONGEST_TEXT and plain.isprintable()
    return not isinstance(plain, int) or abs(plain) <= LARGEST


def _wanted(schema: Any) -> str:
    if isinstance(schema, re.Pattern):
        return f"which is not of the form {schema.pattern}"
    if isinstance(schema, frozenset):
        return f"none of {', '.join(sorted(schema))}"
    return f"no sound {'null' if schema is None else schema.__name__}"


def _place(where: str) -> str:
    return ascii(where.removeprefix("."))[1:-1][:80] or "it"


def _shown(plain: Any) -> str:
    if isinstance(plain, dict | list):
        return "an object" if isinstance(plain, dict) else "a list"
    if isinstance(plain, int) and abs(plain) >= 1 << 64:
        return "a huge number"
    return ascii(plain)[:60]
