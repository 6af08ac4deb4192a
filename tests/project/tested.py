# SPDX-License-Identifier: MIT
"""Which tests are those of a module: ``python -m tests.project.tested puffer_edge/planning.py``.

The map is read from the imports. A test is as far from a module as the shortest way of imports from
one to the other; modules that only a search of their folder finds, as ops and rules, are where
that folder is.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.project import layers

ROOT = Path(__file__).parents[2]
READ = {
    "puffer_edge.exporters.micropython.source": ("puffer_edge.runtimes.micropython.",),
    "puffer_edge.exporters.rpi": ("puffer_edge.runtimes.rpi.",),
    "puffer_edge.verification.micropython.session": (
        "puffer_edge.verification.micropython.driver",
        "puffer_edge.verification.micropython.heap_proof"),
    "puffer_edge.subset.running": ("puffer_edge.subset.run_marked",),
}
"""What runs elsewhere, on devices or in other interpreters, and who reads it."""


def test_files() -> dict[str, str]:
    """The sources of the tests and of what they share, by dotted name."""
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text(encoding="utf-8")
            for path in sorted((ROOT / "tests").rglob("*.py"))}


@cache
def distances() -> dict[str, dict[str, int]]:
    """Of each module of the package, how far each test file is that reaches it."""
    sources, tests = layers.read(ROOT), test_files()
    graph = layers.modules({**sources, **tests})
    for module, source in sources.items():
        if module == layers.PACKAGE:  # which imports what is asked of it
            continue
        starts = [*_searched(module, source), *READ.get(module, ())]
        graph[module] |= {other for other in sources
                          if other != module and other.startswith(tuple(starts) or "-")}
    found: dict[str, dict[str, int]] = {module: {} for module in sources}
    for test in tests:
        if test.rpartition(".")[2].startswith("test_"):
            for module, steps in _from(test, graph).items():
                if module in found:
                    found[module][test] = steps
    return found


def _searched(module: str, source: str) -> Iterator[str]:
    """How the names begin of what a module imports by names that it makes."""
    if "import_module(f" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args
                and node.func.id == "import_module" and isinstance(node.args[0], ast.JoinedStr)):
            first = node.args[0].values[0]
            yield str(first.value) if isinstance(first, ast.Constant) else f"{module}."


def _from(start: str, graph: layers.Graph) -> dict[str, int]:
    steps, queue = {start: 0}, deque([start])
    while queue:
        module = queue.popleft()
        for other in graph.get(module, ()):
            if other not in steps:
                steps[other] = steps[module] + 1
                queue.append(other)
    return steps


def tests_of(module: str) -> list[tuple[int, str]]:
    """Steps and path of each test that reaches a module, nearest first, its own room's before."""
    room = layers.room(module)
    own = f"tests/{room}/", f"tests/test_{room}.py"
    return sorted(((steps, test.replace(".", "/") + ".py")
                   for test, steps in distances()[module].items()),
                  key=lambda found: (found[0], not found[1].startswith(own),
                                     found[1]))


def main() -> None:
    for path in sys.argv[1:]:
        parts = Path(path).with_suffix("").parts
        module = ".".join(parts if parts[0] == layers.PACKAGE else (layers.PACKAGE, *parts))
        module = module.removesuffix(".__init__")
        for steps, test in tests_of(module)[:12]:
            print(f"{module}  {steps}  {test}")


if __name__ == "__main__":
    main()
