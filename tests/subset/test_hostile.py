"""Whatever a file holds, the checker ends with a message."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puffer_edge.cli import app

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
    monkeypatch.setattr("puffer_edge.subset.source.os.open", refuse)
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 2
    assert "cannot be read: Permission denied" in result.output
