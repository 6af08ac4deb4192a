# SPDX-License-Identifier: MIT
"""Names that a file chose, such that they can stand in a manifest and on a terminal."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass, replace
from typing import Any

from puffer_edge.ir import Program

LONGEST = 200
"""Characters of a name; PyTorch's longest have some eighty."""
LONGEST_TEXT = 2000
"""Of a note."""


def printable_names(program: Program) -> Program:
    """The same Program; control characters are escaped as Python does, what is too long is cut.

    Layers, values and states keep names that differ; a Program of printable names is given back.
    """
    values = {name: _name(name) for name in program.values}
    taken = {name for name, clean in values.items() if name == clean}
    for name, clean in values.items():
        if name != clean:
            count = 1
            while clean in taken:
                count += 1
                clean = f"{_name(name)}_{count}"
            taken.add(clean)
            values[name] = clean
    ops = [replace(op.renamed(values), layer=_name(op.layer)) for op in program.ops]
    words = {part: _plain(getattr(program, part)) for part in (
        "source", "output_names", "contract", "notes")}
    if (list(program.ops) == ops and all(name == clean for name, clean in values.items())
            and all(getattr(program, part) == clean for part, clean in words.items())):
        return program
    return program.with_ops(
        ops, {values[name]: array for name, array in program.constants.items()},
        values={values[name]: replace(value, name=values[name])
                for name, value in program.values.items()},
        states=tuple(replace(state, input=values[state.input], output=values[state.output])
                     for state in program.states),
        input=values[program.input], outputs=tuple(values[name] for name in program.outputs),
        **words)


def _name(text: str) -> str:
    clean = _printable(text)
    if len(clean) <= LONGEST:
        return clean
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{clean[:LONGEST - 12]}...{digest}"


def _printable(text: str) -> str:
    """Escapes as of Python's strings in place of what no terminal should get."""
    return text if text.isprintable() else "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text)


def _plain(value: Any) -> Any:
    """Texts of a dataclass, however deep."""
    if isinstance(value, str):
        clean = _printable(value)
        return clean if len(clean) <= LONGEST_TEXT else f"{clean[:LONGEST_TEXT]}..."
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: _plain(getattr(value, field.name)) for field in fields(value)
                   if field.init}
        different = {name: part for name, part in changed.items() if part != getattr(value, name)}
        return replace(value, **different) if different else value
    return value
