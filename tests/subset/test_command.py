# SPDX-License-Identifier: MIT
"""The command line: formats, exit codes, configuration, suppressions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puffer_edge.cli import app, main
from puffer_edge.subset import Config, check_source

BAD = "import dataclasses\n"


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_text(BAD)
    return path


def test_findings_look_like_those_of_other_checkers(file: Path) -> None:
    code, output = run(file)
    assert code == 1
    assert output.splitlines()[0] == f"{file}:1:1: PE201 rp2 has no module 'dataclasses'"


def test_a_clean_directory_is_0(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("import time\ntime.sleep_ms(1)\n")
    assert run(tmp_path)[0] == 0


def test_ports_differ(file: Path) -> None:
    file.write_text("import rp2, machine\n")
    assert run(file, "--port", "rp2")[0] == 0
    assert "no module 'rp2'" in run(file, "--port", "esp32")[1]
    assert "no module" in run(file, "--port", "webassembly")[1]


def test_versions_differ(file: Path) -> None:
    file.write_text("import asyncio\nimport vfs\n")
    assert run(file, "--mpy-version", "1.20")[0] == 1
    assert run(file, "--mpy-version", "1.29")[0] == 0


def test_json_names_everything(file: Path) -> None:
    _, output = run(file, "--format", "json")
    assert json.loads(output) == {"files": 1, "problems": [], "findings": [
        {"path": str(file), "line": 1, "column": 1, "code": "PE201", "severity": "error",
         "text": "rp2 has no module 'dataclasses'"}]}


def test_sarif_has_a_rule_for_every_result(file: Path) -> None:
    (log,) = json.loads(run(file, "--format", "sarif")[1])["runs"]
    rules = {rule["id"] for rule in log["tool"]["driver"]["rules"]}
    assert [result["ruleId"] for result in log["results"]] == ["PE201"]
    assert "PE201" in rules and log["invocations"][0]["executionSuccessful"]


def test_github_annotates(file: Path) -> None:
    file.write_text("import dataclasses  # 100 %\nimport typing")
    lines = run(file, "--format", "github")[1].splitlines()
    assert [line.split("::")[1] for line in lines] == [
        f"error file={file},line={line},col=1,title=PE201" for line in (1, 2)]


def test_a_reason_is_asked_for() -> None:
    assert check_source("import enum  # noqa: PE201 mip installs it\n").exit_code == 0
    codes = [finding.code for finding in check_source("import enum  # noqa: PE201\n").findings]
    assert codes == ["PE001"]
    codes = [finding.code for finding in check_source("import enum  # noqa: E501\n").findings]
    assert codes == ["PE201"]


def test_a_noqa_inside_of_a_string_is_text() -> None:
    report = check_source("x = '# noqa: PE201 no'; import enum\n")
    assert report.exit_code == 1


def test_the_longest_code_decides() -> None:
    config = Config(select=("PE2", "PE301"), ignore=("PE20", "PE3"))
    assert [code for code in ("PE101", "PE201", "PE210", "PE301", "PE302")
            if config.reports(code)] == ["PE210", "PE301"]


def test_configuration_is_read_and_options_win(file: Path) -> None:
    pyproject = file.with_name("pyproject.toml")
    pyproject.write_text('[tool.puffer-edge.check]\nmodules = ["dataclasses"]\nport = "esp32"\n')
    assert run(file)[0] == 0
    file.write_text("import rp2\n")
    assert run(file)[0] == 1
    assert run(file, "--port", "rp2")[0] == 0


@pytest.mark.parametrize("text", [
    "[tool.puffer-edge.check]\nporrt = 'x'", "[tool.puffer-edge.check]\nport = 3",
    "[tool.puffer-edge.check]\nselect = 'PE1'", "[tool.puffer-edge]\ncheck = 3", "[tool",
    "[tool.puffer-edge.check]\nselect = ['XX']", "[tool.puffer-edge.check]\nport = 'pic'",
    "[tool.puffer-edge.check]\nmpy-version = 'new'"])
def test_a_wrong_configuration_is_one_error(
        file: Path, text: str, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    file.with_name("pyproject.toml").write_text(text)
    monkeypatch.setattr("sys.argv", ["puffer-edge", "check", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_explain() -> None:
    code, output = run("--explain", "pe201")
    assert code == 0 and "ImportError" in output
    assert len(run("--explain", "all")[1].splitlines()) > 25


def test_excluded_files_are_passed_over(file: Path) -> None:
    file.with_name("pyproject.toml").write_text('[tool.puffer-edge.check]\nexclude = ["a.*"]\n')
    assert run(file.parent)[0] == 0
    assert run(file)[0] == 1  # named itself
