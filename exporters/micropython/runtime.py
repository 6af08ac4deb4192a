# SPDX-License-Identifier: MIT
"""Joins what a policy needs of the runtime, which lies in a file per op; see runtimes/micropython.

A file imports what it needs from the files beside it (``from .tanh import tanh``). In the joined
module these come first, and the import is gone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files as resources

from puffer_edge.exporters.micropython.kernels import read

FULL, SMALL = "runtime", "small"
"""Folders: the runtime, and its smallest form."""

DOCSTRING = '''"""The runtime of puffer-edge for MicroPython, as far as this policy needs it.

Joined by puffer-edge; do not edit. policy.py calls every op's function once, when the policy is
made: it reads its constants from the blob, and gives back a function without arguments that
computes one step between arrays that exist already. Such a function allocates nothing: it uses
small integers only (every intermediate is proved at export to lie in [-2^30, 2^30 - 1]), no slices,
no tuples made on the way. Its arrays come as one tuple, because the call of a closure over more
than five variables allocates.

The same file runs under CPython and MicroPython 1.20 or later.

What the comments ``# range:`` say is proved at export for the weights at hand, for every input;
`puffer-edge check` shows that with it nothing leaves the small integers, and nothing allocates.
"""
'''
_BESIDE = re.compile(r"^from \.(\w+) import [\w, ]+\n", re.MULTILINE)
_IMPORT = re.compile(r"^(?:import \w+|from \w+ import \w+)\n", re.MULTILINE)


def joined(names: Iterable[str], folder: str = FULL) -> str:
    """One module with functions and classes, and with all that these need, which comes first.

    Args:
        names: that the module must have.
        folder: of the runtime.

    Raises:
        KeyError: the runtime has no such name.
    """
    where = homes(folder)
    order: list[str] = []

    def visit(file: str) -> None:
        if file in order:
            return
        for needed in _BESIDE.findall(_text(folder, file)):
            visit(needed)
        order.append(file)

    for file in sorted({where[name] for name in names}):
        visit(file)
    imports: set[str] = set()
    parts = []
    for file in order:
        text = _BESIDE.sub("", _text(folder, file))
        imports |= set(_IMPORT.findall(text))
        parts.append(f"# {file}.py\n\n{_IMPORT.sub('', text).strip()}\n")
    head = DOCSTRING if folder == FULL else ""
    if imports:
        plain_first = sorted(imports, key=lambda line: (line.startswith("from"), line))
        head += "\n" * bool(head) + "".join(plain_first)
    return "\n\n".join([head, *parts])


@cache
def homes(folder: str = FULL) -> dict[str, str]:
    """The file of every name that the runtime has."""
    found: dict[str, str] = {}
    entries = (resources("puffer_edge.runtimes") / "micropython" / folder).iterdir()
    for entry in sorted(entries, key=lambda entry: entry.name):
        file, _, kind = entry.name.partition(".")
        if kind == "py":
            found |= dict.fromkeys(defined(_text(folder, file)), file)
    return found


def defined(text: str) -> list[str]:
    """Names that a module defines, in the order of their definitions."""
    found = []
    for node in ast.parse(text).body:
        for inner in (node.body if isinstance(node, ast.Try) else [node]):
            if isinstance(inner, ast.FunctionDef | ast.ClassDef):
                found.append(inner.name)
            elif isinstance(inner, ast.Assign):
                found += [name.id for name in inner.targets if isinstance(name, ast.Name)]
            elif isinstance(inner, ast.ImportFrom) and inner is not node:
                found += [alias.name for alias in inner.names]
    return found


@cache
def _text(folder: str, file: str) -> str:
    return read(f"{folder}/{file}.py")
