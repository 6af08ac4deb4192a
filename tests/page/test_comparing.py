# SPDX-License-Identifier: MIT
"""Two artefacts side by side, a badge, and the step of the action that verifies."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from typer.testing import CliRunner

import puffer_edge
from puffer_edge.artefact.opening import read_subject
from puffer_edge.cli import app
from puffer_edge.page.badge import VERDICTS, badge
from puffer_edge.page.comparing import Row, compare
from puffer_edge.page.writing import write_page
from puffer_edge.verification.describing import about
from tests import zoo

ROOT = Path(__file__).parents[2]


def test_two_artefacts_side_by_side(tmp_path: Path) -> None:
    for name in ("mlp", "norms"):
        puffer_edge.export(zoo.program(name), tmp_path / name, target="cortex-m")
    report = {"passed": True, "measurements": {"stack_bytes": 200, "made up": 5, "no": "number"},
              **about(read_subject(tmp_path / "norms"))}
    write_page(tmp_path / "norms", report)
    rows = {row.what: row for row in compare(tmp_path / "mlp", tmp_path / "norms")}
    assert (rows["name"].first, rows["name"].second) == ("mlp", "norms")
    manifests = [json.loads((tmp_path / name / "policy.json").read_text())
                 for name in ("mlp", "norms")]
    assert [rows["macs"].first, rows["macs"].second] == [each["macs"] for each in manifests]
    assert rows["RAM, stack (bytes)"] == Row("RAM, stack (bytes)", None, 200)
    assert rows["verdict"].second == "passed" and "no" not in rows and rows["made up"].second == 5
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "mlp"), str(tmp_path / "norms"),
                                    "--json"])
    assert [row["what"] for row in json.loads(done.output)] == list(rows)
    printed = CliRunner().invoke(app, ["compare", str(tmp_path / "mlp"), str(tmp_path / "norms")])
    assert printed.exit_code == 0 and "float32" in printed.output
    assert Row("x", 4, 2).ratio == 0.5 and Row("x", 0, 2).ratio is None


@pytest.mark.parametrize(("passed", "judged", "word"), [
    (True, True, "verified"), (True, False, "not judged"), (False, True, "failed")])
def test_a_badge(passed: bool, judged: bool, word: str) -> None:
    text = badge({"passed": passed, "judged": judged, "name": "<x>&", "target": "cortex-m4"})
    root = ElementTree.fromstring(text)
    assert "".join(root.itertext()).count(word) == 2 and VERDICTS[word] in text
    assert root[0].text == f"puffer-edge: <x>& on cortex-m4 {word}"


@pytest.mark.parametrize("code", [0, 6])
def test_the_action_verifies_and_writes_a_summary(code: int, tmp_path: Path) -> None:
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("id") == "verify"]
    program = tmp_path / "bin" / "puffer-edge"
    program.parent.mkdir()
    program.write_text('#!/bin/bash\nmkdir -p "$2"; echo "verified $*" > "$2/report.md"\n'
                       f'[ "$2" != b ] || exit {code}\n')
    program.chmod(0o755)
    done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, check=False, env={
        **os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "VERIFY": "a b c",
        "BADGE": "badge.svg", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")})
    assert done.returncode == code
    assert (tmp_path / "summary.md").read_text().splitlines() == [
        f"verified verify {name} --badge badge.svg" for name in "abc"]
