# SPDX-License-Identifier: MIT
"""No file is too long to be read, and no function either."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("puffer_edge", "exporters", "runtimes", "firmware", "tests", "benchmarks", "examples")
LINES = 400
STATEMENTS = 60
"""Lines of a function behind its signature and docstring."""
DATA = {"tests/subset/table.py", "tests/zoo.py"}
"""Tables of cases."""
ASSEMBLY = "runtimes/micropython/thumb/"
"""A line is an instruction there."""


def files(*kinds: str) -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*"))
            if path.suffix in kinds and not any(part.is_symlink() for part in path.parents)]


def test_no_file_is_long() -> None:
    found = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n")
             for path in files(".py", ".h", ".c", ".j2")}
    assert len(found) > 500
    assert {name: lines for name, lines in found.items()
            if lines > LINES and name not in DATA} == {}


def test_no_function_is_long() -> None:
    found = {}
    for path in files(".py"):
        name = str(path.relative_to(ROOT))
        if name.startswith(ASSEMBLY):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]
                found[f"{name}: {node.name}"] = lines
    assert len(found) > 5000
    assert {name: lines for name, lines in found.items() if lines > STATEMENTS} == {}
