# SPDX-License-Identifier: MIT
"""The printed code of an archive -> functions, methods and classes, as syntax trees.

torch prints what Python's own parser takes: names that Python does not allow go through ``getattr``
and ``__annotations__``. The trees are walked (:mod:`.evaluate`), never compiled.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from typing import Any

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.torchscript.values import Function, Record
from puffer_edge.readers.text import printable

MAX_DEPTH = 200
"""Of indentation and brackets; printed code has a handful."""


@dataclass
class Class:
    """A class of modules.

    Attributes:
        methods: by name.
        constants: what the class itself says of its attributes, ``Final[float] = 0.5``.
    """

    methods: dict[str, Function] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)


class Code:
    """Finds definitions by their full names; each file is parsed when it is first needed.

    Args:
        texts: text by module.
        where: the archive, for messages.
    """

    def __init__(self, texts: dict[str, str], where: str) -> None:
        self._texts = texts
        self._where = where
        self._parsed: dict[str, dict[str, Class | Function | Record]] = {}

    def find(self, name: str) -> Class | Function | Record | None:
        """What a full name stands for, as ``__torch__.torch.nn.functional.elu``.

        Raises:
            FileFormatError: the file that it stands in is no code.
        """
        module, _, last = name.rpartition(".")
        return self._file(module).get(last)

    def _file(self, module: str) -> dict[str, Class | Function | Record]:
        if module not in self._parsed:
            self._parsed[module] = self._parse(module) if module in self._texts else {}
        return self._parsed[module]

    def _parse(self, module: str) -> dict[str, Class | Function | Record]:
        file = f"code/{module.replace('.', '/')}.py"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                text = _checked(self._texts[module])
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise FileFormatError(
                f"its code cannot be parsed ({printable(str(error))})",
                where=f"{self._where}, {printable(file)}",
                hint="save the module again with torch.jit.save") from None
        found: dict[str, Class | Function | Record] = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = Function(f"{module}.{node.name}", node, file)
            elif isinstance(node, ast.ClassDef):
                found[node.name] = _class(node, f"{module}.{node.name}", file)
        return found


def _checked(text: str) -> str:
    """The text, unless it is nested so deeply that it could exhaust the parser's stack."""
    depth = deepest = 0
    for line in text.split("\n"):
        for mark in line:
            depth += (mark in "([{") - (mark in ")]}")
            deepest = max(deepest, depth)
        inside = max(len(line) - len(line.lstrip(" -+~")), line.count("not "), line.count("**"),
                     line.count("- "), line.count("lambda"))
        deepest = max(deepest, inside)
    if deepest > MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    return text


def _class(node: ast.ClassDef, name: str, file: str) -> Class | Record:
    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
    fields = [item.target.id for item in node.body
              if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)]
    if "NamedTuple" in bases:
        return Record(name, tuple(fields))
    found = Class()
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            found.methods[item.name] = Function(f"{name}.{item.name}", item, file)
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.value:
            try:
                found.constants[item.target.id] = ast.literal_eval(item.value)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue
    return found
