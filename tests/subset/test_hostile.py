# SPDX-License-Identifier: MIT
"""Whatever a file holds, the checker ends with a message."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puffer_edge.cli import app
from puffer_edge.subset import check_source
from puffer_edge.subset.analysis.arithmetic import binary
from puffer_edge.subset.analysis.values import integer
from puffer_edge.subset.facts import clock

CASES = {
    "syntax error": b"def f(:\n", "unclosed": b"x = (((\n", "binary": bytes(range(256)) * 40,
    "null bytes": b"x = 1\0\n", "utf-16": "x = 1\n".encode("utf-16"), "latin-1": b"x = '\xe9'\n",
    "unknown coding": b"# coding: klingon\nx = '\xff'\n",
    "a line of 10 MB": b"x = '" + b"a" * (10 << 20) + b"'\n",
    "brackets": b"(" * 5000 + b")" * 5000, "calls": b"f(" * 90 + b"x" * 3,
    "minuses": b"-" * 200_000 + b"1", "nots": b"not " * 50_000 + b"1",
    "attributes": b"a" + b".b" * 100_000, "sum": b"1" + b"+1" * 100_000,
    "blocks": b"".join(b" " * i + b"if x:\n" for i in range(120)),
    "lambdas": b"lambda: " * 20_000 + b"1", "powers": b"2" + b"**2" * 30_000,
    "number": b"x = " + b"9" * 10_000, "elifs": b"if x: pass\n" + b"elif x: pass\n" * 20_000,
}
ACCEPTED = {"elifs", "sum"}
"""May be checked where the parser of this Python takes them."""


@pytest.mark.parametrize("case", CASES)
def test_a_message_and_exit_code_2(case: str, tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("import enum\n")
    (tmp_path / "hostile.py").write_bytes(CASES[case])
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "good.py:1:1: PE201" in result.output  # one bad file does not spoil the others
    if case not in ACCEPTED:
        assert result.exit_code == 2
        assert "hostile.py" in result.output


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    loop, pipe = tmp_path / "loop.py", tmp_path / "pipe.py"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    for path in (tmp_path / "missing.py", loop, pipe, Path("/dev/null"), tmp_path / ("a" * 5000)):
        result = CliRunner().invoke(app, ["check", str(path)])
        assert result.exit_code == 2, path
        assert "error:" in result.output


def test_a_loop_of_directories_ends(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "outer").symlink_to(tmp_path)
    (tmp_path / "a.py").write_text("import enum\n")
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.output.count("PE201") == 1


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, flags: int) -> int:  # chmod would not stop root
        raise PermissionError(13, "Permission denied", str(path))

    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    monkeypatch.setattr("puffer_edge.subset.facts.source.os.open", refuse)
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 2
    assert "cannot be read: Permission denied" in result.output


HOT = "# puffer-edge: no-alloc\ndef f(x: int, y):\n    "
HUGE = "0x" + "f" * 2_000
NUMBERS = ("-1", "0", "1 << 100000000", "1 << -1", "1 << 5 << 70000", "-(1 << 5000)", HUGE,
           f"-{HUGE}", "x", "~(1 << 4000)", "(1 << 4000) ** 60", "2 ** -(1 << 300)")
PLACES = ("return {n} << {m}", "return {n} >> {m}", "return {n} ** {m}", "return {n} // {m} % {n}",
          "return {n} & {m} | {n} ^ ~{m}", "return abs({n}) + min({n}, {m}) * -{n}",
          "for i in range({n}): x += {m}", "for i in range({n}, {m}, {n}): x -= i",
          "return y[{n}:{m}]", "y = bytearray({n})\n    return y[{m}]", "return (1, 2, 3)[{n}]",
          "while x < {n}: x += {m}", "if {n} < x < {m}: return x\n    return -x",
          "x: int = {n}\n    x <<= {m}\n    return x", "y.append({n})", "print({n}, {m})",
          "if x != {n}: return x + {m}")


def test_negative_and_huge_numbers() -> None:
    for place in PLACES:
        for n in NUMBERS:
            for m in NUMBERS[::3]:
                report = check_source(HOT + place.format(n=f"({n})", m=f"({m})") + "\n")
                assert not report.problems


def test_a_huge_constant_of_a_module() -> None:
    for text in (f"from micropython import const\nX = const({HUGE})\n",
                 f"X = [{HUGE}] * {HUGE}\n", f"def f(x={HUGE}): return x[{HUGE}]\n",
                 f"# range: x in [0, 2**64]\nx = {HUGE}\n"):
        assert not check_source(text + HOT + "return X\n").problems


@pytest.mark.parametrize("literal", ["0x" + "f" * 1_000_000, "0b" + "1" * 3_000_000,
                                     "0o" + "7_" * 1_000_000 + "7"])
def test_an_integer_of_megabytes_is_refused(literal: str) -> None:
    report = check_source(f"a = 'x'\n{HOT}return {literal} << x\n", path="big.py")
    assert [problem.path for problem in report.problems] == ["big.py:4:12"]
    assert "bits" in report.problems[0].text
    assert not check_source(f"a = '{literal}'\n").problems


def test_what_a_shift_gives_is_what_python_gives() -> None:
    """Every result of a shift lies in the range that the analysis tells."""
    values = [-(1 << 70), -5, -1, 0, 1, 3, 1 << 40]
    for low in values:
        for high in (value for value in values if value >= low):
            for least in (-3, 0, 2, 90):
                for most in (count for count in (-1, 0, 3, 100) if count >= least):
                    for operator, apply in ((ast.LShift(), int.__lshift__),
                                            (ast.RShift(), int.__rshift__)):
                        found = binary(operator, integer(low, high), integer(least, most))
                        for number in {low, high, *(v for v in (-1, 0, 1) if low <= v <= high)}:
                            for count in range(max(least, 0), max(most, -1) + 1):
                                assert found.low <= apply(number, count) <= found.high


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LIMIT", 0.05)
    monkeypatch.setattr(clock.Clock.__init__, "__defaults__", (0.05,))
    expression = "+".join(["x*y"] * 400)
    loops = "".join(f"{'    ' * i}for i{i} in range(x):\n" for i in range(1, 8))
    report = check_source(f"{HOT.rstrip()}\n{loops}{'    ' * 8}x = {expression}\n", path="slow.py")
    assert [problem.path for problem in report.problems] == ["slow.py"]
    assert "takes more than 0.05 s" in report.problems[0].text
