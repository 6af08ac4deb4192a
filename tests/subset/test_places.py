# SPDX-License-Identifier: MIT
"""Where people use the checker: flake8, pre-commit, GitHub, and the real interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from puffer_edge.cli import app
from tests.tools import need_micropython

ROOT = Path(__file__).parents[2]


def test_flake8_reports_findings(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import enum\nx = [*range(3)]\nimport abc  # noqa: PE201 mine\n")
    (tmp_path / "pyproject.toml").write_text('[tool.puffer-edge.check]\nignore = ["PE103"]\n')
    done = subprocess.run([sys.executable, "-m", "flake8", "--select", "PE", "a.py"],
                          cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.stdout == "a.py:1:1: PE201 rp2 has no module 'enum'\n", done.stderr


def test_the_hook_is_a_command_that_exists(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, *arguments = hook["entry"].split()
    assert f'{program} = "puffer_edge.cli:main"' in (ROOT / "pyproject.toml").read_text()
    (tmp_path / "a.py").write_text("import enum\n")
    assert CliRunner().invoke(app, [*arguments, str(tmp_path / "a.py")]).exit_code == 1


@pytest.mark.parametrize(("source", "code"), [("import enum\n", 1), ("import time\n", 0)])
def test_the_action_annotates(source: str, code: int, tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    script = action["runs"]["steps"][-1]["run"]
    program = tmp_path / "bin" / "puffer-edge"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m puffer_edge "$@"\n')
    program.chmod(0o755)
    (tmp_path / "a b.py").write_text("x = 1\n")
    (tmp_path / "a.py").write_text(source)
    done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, capture_output=True,
                          text=True, check=False, env={
        **os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "PATHS": ".",
        "PORT": "esp32", "MPY_VERSION": "", "SARIF": "out.sarif", "PYTHONPATH": str(ROOT)})
    assert done.returncode == code, done.stderr
    assert done.stdout.count("::error file=a.py,line=1,col=1,title=PE201::") == code
    assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"


def run(path: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", "--run", "--select", "PE1,PE9", str(path)])
    return result.exit_code, result.output


def test_run_finds_what_really_allocates(tmp_path: Path) -> None:
    need_micropython()
    path = tmp_path / "a.py"
    path.write_text("import helper\n"
                    "# puffer-edge: no-alloc\ndef quiet():\n    return helper.add(1)\n"
                    "# puffer-edge: no-alloc\ndef loud():\n    return [1]\n"
                    "# puffer-edge: no-alloc\ndef fails():\n    return helper.nothing\n"
                    "# puffer-edge: no-alloc\ndef needs(x):\n    return [x]\n")
    (tmp_path / "helper.py").write_text("def add(x):\n    return x + 1\n")
    code, output = run(path)
    assert code == 1
    assert [line.split(": ", 1)[1] for line in output.splitlines()[:-1]] == [
        "PE901 loud() allocates: 32 bytes", "PE902 fails() raises AttributeError"]


def test_run_says_why_a_file_cannot_be_imported(tmp_path: Path) -> None:
    need_micropython()
    path = tmp_path / "a.py"
    path.write_text("import machine\n# puffer-edge: no-alloc\ndef step(): pass\n")
    code, output = run(path)
    assert code == 2
    assert "cannot import it: ImportError" in output


def test_run_imports_every_file(tmp_path: Path) -> None:
    need_micropython()
    (tmp_path / "a.py").write_text("import machine\n")
    (tmp_path / "b.py").write_text("undefined\n")
    code, output = run(tmp_path)
    assert code == 2 and output.count("cannot import it") == 1 and "NameError" in output


def test_run_without_node_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_text("# puffer-edge: no-alloc\ndef step(): pass\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(app, ["check", "--run", str(path)])
    assert result.exception is not None
    assert "MicroPython for WebAssembly is not installed" in str(result.exception)
