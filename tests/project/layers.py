# SPDX-License-Identifier: MIT
"""Who imports whom: the arrows between modules, by their own import statements.

An import counts wherever it stands: in a function, behind ``if TYPE_CHECKING``, as a constant
argument of ``import_module``. That a package's ``__init__`` runs when one of its modules is
imported does not count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

PACKAGE = "puffer_edge"
Graph = dict[str, set[str]]


def read(root: Path) -> dict[str, str]:
    """The source of every module below ``root/puffer_edge``, links followed, by dotted name."""
    found: dict[str, str] = {}

    def walk(folder: Path, name: str) -> None:
        for path in sorted(folder.iterdir()):
            if path.is_dir() and path.name != "__pycache__":
                walk(path, f"{name}.{path.name}")
            elif path.suffix == ".py":
                module = name if path.stem == "__init__" else f"{name}.{path.stem}"
                found[module] = path.read_text(encoding="utf-8")

    walk(root / PACKAGE, PACKAGE)
    return found


def modules(sources: Mapping[str, str], known: Iterable[str] = ()) -> Graph:
    """The modules that each module imports, itself left out; ``known``: all, if more than those."""
    known = known or sources
    return {module: {target for name in imported(source, module)
                     if (target := _known(name, known)) not in ("", module)}
            for module, source in sources.items()}


@lru_cache(maxsize=2048)
def imported(source: str, module: str) -> tuple[str, ...]:
    """Full names, of modules or of something in them."""
    return tuple(_imported(ast.parse(source), module))


def _imported(tree: ast.AST, module: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # as of a plain module; no __init__ of ours imports so
                base = ".".join([*module.split(".")[:-node.level], *filter(None, [base])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            function, first = node.func, node.args[0]
            name = function.attr if isinstance(function, ast.Attribute) else getattr(
                function, "id", "")
            if name in ("import_module", "__import__") and isinstance(first, ast.Constant):
                yield str(first.value)


def _known(name: str, known: Iterable[str]) -> str:
    """The module that a full name lies in; empty for one of others."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def room(module: str) -> str:
    """The package or module below ``puffer_edge`` that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def between_rooms(graph: Mapping[str, set[str]]) -> dict[tuple[str, str], list[str]]:
    """The arrows between rooms, with the imports that they are made of."""
    found: dict[tuple[str, str], list[str]] = {}
    for module, targets in graph.items():
        for target in targets:
            if room(module) != room(target):
                found.setdefault((room(module), room(target)), []).append(f"{module} -> {target}")
    return found


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The sets of nodes that reach each other, of two nodes or more (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in graph.get(node, ()):
            if target not in order:
                visit(target)
            if target in stack:
                low[node] = min(low[node], low[target])
        if low[node] == order[node]:
            start = stack.index(node)
            if len(stack) - start > 1:
                found.append(sorted(stack[start:]))
            del stack[start:]

    for node in graph:
        if node not in order:
            visit(node)
    return found
