# SPDX-License-Identifier: MIT
"""What strangers see first is valid, by the checkers that own the formats."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCHEMAS = {
    "vendor.github-workflows": ".github/workflows/*.yml",
    "vendor.github-actions": "action.yml",
    "vendor.github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "vendor.github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "vendor.citation-file-format": "CITATION.cff",
}


def needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed; make docs brings it")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, text=True, check=False,
                          capture_output=True)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("schema", "files"), SCHEMAS.items())
def test_files_fit_their_schemas(schema: str, files: str, tmp_path: Path) -> None:
    needs("check_jsonschema")
    found = [str(path) for path in sorted(ROOT.glob(files))]
    done = run("check_jsonschema", "--builtin-schema", schema, *found)
    assert found and done.returncode == 0, done.stdout
    planted = tmp_path / "planted.yml"
    planted.write_text("jobs: 3\nruns: 4\nbody: 5\nblank_issues_enabled: 6\nauthors: 7\n")
    assert run("check_jsonschema", "--builtin-schema", schema, str(planted)).returncode


@pytest.mark.exhaustive
def test_workflows_are_sound() -> None:
    zizmor = Path(sys.executable).parent / "zizmor"
    if not zizmor.exists():
        pytest.skip("zizmor is not installed; make docs brings it")
    done = subprocess.run([zizmor, "--offline", "--min-severity", "medium", "."], cwd=ROOT,
                          text=True, check=False, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_call_what_everybody_can_call() -> None:
    """Each command of a workflow is a script or a target of the tree, or an installation."""
    makefile = (ROOT / "Makefile").read_text()
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        text = path.read_text()
        for target in re.findall(r"run: make (\S+)", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for script in re.findall(r"(\.ci/\S+)", text):
            assert (ROOT / script.rstrip(",")).is_file(), script
        assert len(re.findall(r"run: \|", text)) == 0, f"{path}: a script that only CI has"


def test_the_version_is_in_one_place() -> None:
    from puffer_edge.version import VERSION

    assert f"version: {VERSION}\n" in (ROOT / "CITATION.cff").read_text()
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()
    literal = re.compile(rf'"{re.escape(VERSION)}"')
    holders = [path for path in sorted((ROOT / "puffer_edge").rglob("*.py"))
               if literal.search(path.read_text())]
    assert [path.name for path in holders] == ["version.py"]
    ast.literal_eval(next(node.value for node in ast.parse(holders[0].read_text()).body
                          if isinstance(node, ast.Assign)))
