# SPDX-License-Identifier: MIT
"""What continuous integration asks for: severities, statistics, baselines, excluded files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.subset.test_command import run

SOURCE = ("import dataclasses\nfrom array import array\nx = array('b', [200])\n"
          "d = {'b': 1, 'a': 2}\nprint(list(d))\n")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize(("ignored", "fail_on", "code"), [
    ("PE3", "error", 1), ("PE2", "error", 0), ("PE2", "warning", 1), ("PE2,PE301", "warning", 0),
    ("PE2,PE301", "info", 1), ("PE2,PE301", "", 1)])
def test_severities(file: Path, ignored: str, fail_on: str, code: int) -> None:
    assert run(file, "--ignore", ignored, *(["--fail-on", fail_on] if fail_on else []))[0] == code


def test_formats_tell_the_severity(file: Path) -> None:
    found = json.loads(run(file, "--format", "json")[1])["findings"]
    assert [item["severity"] for item in found] == ["error", "warning", "info"]
    (log,) = json.loads(run(file, "--format", "sarif")[1])["runs"]
    assert [item["level"] for item in log["results"]] == ["error", "warning", "note"]
    assert [line.split()[0] for line in run(file, "--format", "github")[1].splitlines()] == [
        "::error", "::warning", "::notice"]


def test_statistics(file: Path) -> None:
    code, output = run(file, "--statistics")
    lines = output.splitlines()
    assert code == 1 and lines[0].split() == ["1", "PE201", "error", "no-module"]
    assert lines[-1] == "3 findings in 1 files"


def test_a_baseline_leaves_out_what_was_there(file: Path) -> None:
    baseline = file.with_name("known.json")
    assert run(file, "--baseline", baseline)[0] != 0  # there is none
    assert run(file, "--baseline", baseline, "--write-baseline")[0] == 0
    file.write_text("# moved\n" + SOURCE)
    assert run(file, "--baseline", baseline)[0] == 0
    file.write_text(SOURCE + "import dataclasses\nimport enum\n")
    code, output = run(file, "--baseline", baseline)
    assert code == 1 and [line.split()[-1] for line in output.splitlines()[:-1]] == [
        "'dataclasses'", "'enum'"]


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"findings": [1]}', '{"findings": [[1, 2, 3, []]]}'])
def test_a_wrong_baseline_is_one_error(
        file: Path, text: str, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    from puffer_edge.cli import main

    baseline = file.with_name("known.json")
    baseline.write_text(text)
    monkeypatch.setattr("sys.argv", ["puffer-edge", "check", str(file), "--baseline",
                                     str(baseline)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2 and "is no baseline" in capsys.readouterr().err


def test_files_are_left_out(file: Path) -> None:
    assert run(file.parent, "--exclude", "a.py")[0] == 0
    pyproject = file.with_name("pyproject.toml")
    pyproject.write_text('[tool.puffer-edge.check.per-file-ignores]\n"a.py" = ["PE2", "PE30"]\n')
    assert run(file)[0] == 0
    pyproject.write_text('[tool.puffer-edge.check.per-file-ignores]\n"b.py" = ["PE"]\n')
    assert run(file)[0] == 1


@pytest.mark.parametrize(("pattern", "reported"), [
    ("a.py", False), ("code/*", False), ("b.py", True), ("!a.py", True), ("!other/*", False),
    ("!code/*", True)])
def test_ignores_by_file(tmp_path: Path, pattern: str, reported: bool) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("import dataclasses\n")
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.puffer-edge.check.per-file-ignores]\n"{pattern}" = ["PE2"]\n')
    assert run(tmp_path / "code")[0] == int(reported)
