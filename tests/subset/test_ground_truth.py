# SPDX-License-Identifier: MIT
"""The checker says what the real interpreter does, snippet by snippet."""

from __future__ import annotations

import ast
import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from puffer_edge.subset import Config, check_source
from puffer_edge.verification.micropython.interpreters import PINNED, run_webassembly
from tests.subset import table
from tests.tools import need_micropython

CONFIG = Config(port="webassembly", mpy_version=PINNED)
MISSING = {"ImportError", "AttributeError", "NameError", "TypeError", "NotImplementedError"}


def codes(source: str, kinds: str) -> list[str]:
    """Codes of the findings of some kinds."""
    report = check_source(source, CONFIG)
    assert report.problems == []
    return [finding.code for finding in report.findings if finding.code[2] in kinds]


def parses(source: str) -> bool:
    """Whether this Python knows the syntax; 3.10 has no except*."""
    try:
        ast.parse(source.encode())
    except SyntaxError:
        return False
    return True


def hot(body: str) -> str:
    """A module whose function step has the body and must not allocate."""
    inner = body.replace("\n", "\n ")
    return f"{table.SETUP}\n# puffer-edge: no-alloc\ndef step():\n {inner}\n"


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What MicroPython does with all snippets, in one run."""
    need_micropython()
    folder = tmp_path_factory.mktemp("truth")
    (folder / "snippets.json").write_text(json.dumps({
        "setup": table.SETUP, "allocation": [*table.allocation(), *table.UNDECIDED],
        "syntax": table.syntax(), "names": table.names()}))
    script = Path(__file__).with_name("interpreter.py")
    (folder / "interpreter.py").write_bytes(script.read_bytes())
    run_webassembly(folder, "interpreter.py")
    results: dict[str, list[Any]] = json.loads((folder / "results.json").read_text())
    return results


def test_the_table_is_large() -> None:
    sizes = [len(table.allocation()), len(table.syntax()), len(table.names()),
             len(table.meaning())]
    assert sum(sizes) >= 500
    assert len(table.UNDECIDED) <= 16


def test_the_checker_says_what_the_table_says() -> None:
    """Without the interpreter: the table is what it found."""
    wrong = {body: codes(hot(body), "45") for body, allocates in table.allocation().items()
             if bool(codes(hot(body), "45")) != allocates}
    assert wrong == {}


def test_allocation(truth: dict[str, list[Any]]) -> None:
    found = dict(zip(table.allocation(), truth["allocation"], strict=False))
    assert {body: (found[body], expected) for body, expected in table.allocation().items()
            if found[body] is not expected} == {}


def test_undecided_snippets_run(truth: dict[str, list[Any]]) -> None:
    """They are in the list because they depend on data or on the port, not because they fail."""
    found = truth["allocation"][len(table.allocation()):]
    assert len(found) == len(table.UNDECIDED)


def test_syntax(truth: dict[str, list[Any]]) -> None:
    wrong = {}
    for source, error in zip(table.syntax(), truth["syntax"], strict=True):
        if error == "SyntaxError" and not parses(source):
            assert check_source(source, CONFIG).exit_code == 2
        elif bool(codes(source, "1")) != (error == "SyntaxError"):
            wrong[source] = (error, codes(source, "1"))
    assert wrong == {}


def test_names(truth: dict[str, list[Any]]) -> None:
    wrong = {}
    for source, error in zip(table.names(), truth["names"], strict=True):
        if bool(codes(source, "2")) != (error in MISSING):
            wrong[source] = (error, codes(source, "2"))
    assert wrong == {}


@pytest.mark.parametrize("source", table.meaning())
def test_meaning(source: str, tmp_path: Path) -> None:
    need_micropython()
    (tmp_path / "program.py").write_text(source)
    here = subprocess.run([sys.executable, "-I", "program.py"], cwd=tmp_path, check=False,
                          capture_output=True, text=True)
    there = ""
    with contextlib.suppress(Exception):
        there = run_webassembly(tmp_path, "program.py")
    same = here.returncode == 0 and here.stdout == there
    assert bool(codes(source, "3")) != same, (here.stdout, there)
