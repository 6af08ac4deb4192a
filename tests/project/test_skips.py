# SPDX-License-Identifier: MIT
"""A proof that did not run, because something is not installed, is no pass in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_tool(): pytest.skip("qemu-mips is not installed")
def test_package(): pytest.importorskip("nowhere_to_be_found")
def test_trainer(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "skrl", None)
    pytest.importorskip("skrl", exc_type=ImportError)
def test_platform(): pytest.skip("files have no owner there")
def test_good(): pass
"""


@pytest.mark.parametrize(("required", "failed"), [("", 0), ("tests", 2), ("trainers", 3)])
def test_skips_for_missing_tools_fail_where_they_must_not_be(
        required: str, failed: int, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_some.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path)],
        env={**os.environ, "PUFFER_EDGE_REQUIRE": required}, capture_output=True, text=True,
        check=False, cwd=tmp_path)
    assert f"{failed} failed" in done.stdout or not failed, done.stdout
    assert f"{4 - failed} skipped" in done.stdout and "1 passed" in done.stdout
    assert done.returncode == bool(failed)
