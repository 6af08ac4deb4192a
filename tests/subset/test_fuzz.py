# SPDX-License-Identifier: MIT
"""No source makes the checker fail: random text, and real code cut up and put together anew."""

from __future__ import annotations

import ast
import sysconfig
from copy import deepcopy
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.subset import check_source

MODULES = ["ast", "bisect", "calendar", "colorsys", "contextlib", "copy", "csv", "dataclasses",
           "fractions", "heapq", "inspect", "random", "statistics", "struct", "textwrap", "typing"]
FILES = [Path(sysconfig.get_paths()["stdlib"]) / f"{name}.py" for name in MODULES]
STATEMENTS = [node for file in FILES for node in ast.walk(ast.parse(file.read_text("utf-8")))
              if isinstance(node, ast.stmt)]
EXPRESSIONS = [node for statement in STATEMENTS[::7] for node in ast.walk(statement)
               if isinstance(node, ast.expr) and not isinstance(
                   getattr(node, "ctx", None), ast.Store | ast.Del)]
NUMBER = st.integers(0, 1 << 20)
DECLARED = st.sampled_from(["", "# range: x in [0, 9]\n", "# range: len(a[0]) in [-2**30, 7]\n",
                            "# range: self.x[...] in [1, 2]\n", "# noqa: PE401 reason\n"])


def judge(source: str) -> None:
    """Whatever it says, it says it about a line of the source."""
    report = check_source(source)
    lines = source.count("\n") + source.count("\r") + 2
    assert report.files + len(report.problems) >= 1
    for finding in report.findings:
        assert 1 <= finding.line <= lines and finding.column >= 1
        assert finding.text and "\n" not in finding.text


@settings(deadline=None)
@given(st.text(max_size=200))
def test_random_text(text: str) -> None:
    judge(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(
    "( ) [ ] { } : , = := == x a.b 1 2.5 1j 'a' f'{x}' b'' lambda def class if else for in while "
    "yield await async return * ** - not @ ; \\ \n \n \t # # # import from as try except with "
    "match case _ True None ... global del assert raise".split(" ")), max_size=40))
def test_random_tokens(tokens: list[str]) -> None:
    judge(" ".join(tokens))


@settings(max_examples=150, deadline=None)
@given(st.lists(NUMBER, min_size=1, max_size=8), DECLARED)
def test_statements_of_real_code_in_a_function_that_must_not_allocate(
        numbers: list[int], declared: str) -> None:
    body = "\n".join(ast.unparse(STATEMENTS[i % len(STATEMENTS)]) for i in numbers)
    inner = body.replace("\n", "\n    ")
    judge(f"{declared}# puffer-edge: no-alloc\ndef step(self, a, x=1, *b, **c):\n    {inner}\n")


@settings(max_examples=150, deadline=None)
@given(NUMBER, st.lists(st.tuples(NUMBER, NUMBER), max_size=6), DECLARED)
def test_expressions_in_places_where_nobody_expects_them(
        number: int, swaps: list[tuple[int, int]], declared: str) -> None:
    copy = ast.parse(ast.unparse(STATEMENTS[number % len(STATEMENTS)]))
    for position, chosen in swaps:
        nodes = [node for node in ast.walk(copy) if isinstance(node, ast.BinOp | ast.Call
                                                               | ast.Compare | ast.Subscript)]
        if nodes:
            node = nodes[position % len(nodes)]
            field = {ast.BinOp: "left", ast.Call: "func", ast.Compare: "left",
                     ast.Subscript: "slice"}[type(node)]
            expression = EXPRESSIONS[chosen % len(EXPRESSIONS)]
            setattr(node, field, deepcopy(expression))
    text = ast.unparse(ast.fix_missing_locations(copy)).replace("\n", "\n    ")
    judge(f"{declared}x = 3\n# puffer-edge: no-alloc\ndef step(a):\n    {text}\n")
