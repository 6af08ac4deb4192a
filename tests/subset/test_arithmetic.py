# SPDX-License-Identifier: MIT
"""The intervals of the analysis hold every number that Python computes."""

from __future__ import annotations

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.subset import check_source
from puffer_edge.subset.analysis.arithmetic import binary, inverted, negated
from puffer_edge.subset.analysis.values import integer

OPERATORS = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "//": ast.FloorDiv, "%": ast.Mod,
             "&": ast.BitAnd, "|": ast.BitOr, "^": ast.BitXor, "<<": ast.LShift, ">>": ast.RShift,
             "**": ast.Pow}
NUMBER = st.integers(-(2**33), 2**33) | st.integers(-5, 5)
SMALL = st.integers(0, 40)


@settings(deadline=None)
@given(st.sampled_from(sorted(OPERATORS)), st.tuples(NUMBER, NUMBER, NUMBER),
       st.tuples(NUMBER, NUMBER, NUMBER), st.tuples(SMALL, SMALL, SMALL))
def test_the_interval_holds_every_result(sign: str, left: tuple[int, int, int],
                                         right: tuple[int, int, int],
                                         counts: tuple[int, int, int]) -> None:
    a, x, b = sorted(left)
    c, y, d = sorted(counts if sign in ("<<", ">>", "**") else right)
    if sign in ("//", "%") and y == 0:
        return
    found = binary(OPERATORS[sign](), integer(a, b), integer(c, d))
    assert found.low <= eval(f"({x}) {sign} ({y})") <= found.high


@settings(deadline=None)
@given(st.tuples(NUMBER, NUMBER, NUMBER))
def test_unary_operators(numbers: tuple[int, int, int]) -> None:
    a, x, b = sorted(numbers)
    assert negated(integer(a, b)).low <= -x <= negated(integer(a, b)).high
    assert inverted(integer(a, b)).low <= ~x <= inverted(integer(a, b)).high


LINES = st.sampled_from([
    "a += {k}", "a -= {k}", "b += a", "a = b", "b = a * {k}", "a = a >> 1", "b = -a", "c += 1",
    "if a > b:\n{i}    a = {k}", "if a < {k}:\n{i}    b += 1\n{i}else:\n{i}    a -= {k}",
    "a = {k} if b > a else c", "while c < {k}:\n{i}    c += 1", "b = abs(a) % 7", "b = min(a, {k})",
    "for j in range(c, {k}):\n{i}    a += j", "if a == {k}:\n{i}    break", "a = b & 255",
    "if not a:\n{i}    continue", "b = max(a, c) - {k}", "a ^= b", "a = int(a < b) + c"])
PROGRAM = st.lists(st.tuples(LINES, st.integers(-3, 60)), min_size=1, max_size=6)


@settings(deadline=None)
@given(PROGRAM, st.integers(0, 12), st.integers(-9, 9))
def test_loops_hold_what_they_compute(
        lines: list[tuple[str, int]], turns: int, start: int) -> None:
    """If a program leaves the small integers, it is reported."""
    body = "\n".join("        " + line.format(k=k, i=" " * 8) for line, k in lines)
    scale = 1 << 22  # so that a few additions matter
    source = (f"def step():\n    a = {start * scale}\n    b = 7\n    c = 0\n"
              f"    for i in range({turns}):\n{body}\n    return a + b + c\n")
    peak = 0

    def watch(frame: object, event: str, argument: object) -> object:
        nonlocal peak
        values = [v for v in frame.f_locals.values() if type(v) is int]  # type: ignore[attr-defined]
        peak = max([peak, *(max(v, -1 - v) for v in values)])
        if peak >= 1 << 200:
            raise OverflowError
        if type(argument) is int:
            peak = max(peak, argument, -1 - argument)
        return watch

    import sys
    space: dict[str, object] = {}
    exec(source, space)
    before = sys.gettrace()
    sys.settrace(watch)  # type: ignore[arg-type]
    try:
        space["step"]()  # type: ignore[operator]
    except OverflowError:
        pass
    finally:
        sys.settrace(before)
    report = check_source(f"# puffer-edge: no-alloc\n{source}")
    codes = {finding.code for finding in report.findings}
    if peak >= 1 << 30:
        assert codes & {"PE501", "PE502"}, source


def test_a_branch_that_is_never_taken_is_known_all_the_same() -> None:
    """A clamp whose bound no number reaches is no reason for an alarm."""
    source = ("# puffer-edge: no-alloc\n# range: x in [-5, 5]\ndef step(x):\n"
              "    return -300 if x < -300 else 300 if x > 300 else x * 2\n")
    assert check_source(source).findings == []
    assert [finding.code for finding in check_source(
        source.replace("x * 2", "x << 28")).findings] == ["PE501"]
