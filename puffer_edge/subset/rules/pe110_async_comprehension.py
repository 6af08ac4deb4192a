# SPDX-License-Identifier: MIT
"""async inside of comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE110", "async-comprehension", ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
      reason="A comprehension is a function of its own, and not an async one: SyntaxError.",
      instead="an async for loop that appends.",
      bad="async def f(g):\n    return [x async for x in g]",
      good="async def f(g):\n    a = []\n    async for x in g:\n        a.append(x)")
def check(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
          file: File) -> Iterable[Hit]:
    if any(generator.is_async for generator in node.generators):
        yield node, "MicroPython has no async comprehensions"
        return
    parts = [*ast.iter_child_nodes(node)][:-len(node.generators)]
    parts += [test for generator in node.generators for test in generator.ifs]
    parts += [generator.iter for generator in node.generators[1:]]
    if any(isinstance(inner, ast.Await) for part in parts for inner in ast.walk(part)):
        yield node, "MicroPython has no await inside of comprehensions"
