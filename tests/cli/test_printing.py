# SPDX-License-Identifier: MIT
"""What is printed and where: verdicts, readers that go, paths that are pasted."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import zoo
from tests.support.exporting import write_artefact

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "puffer_edge"]


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("my policies") / "it's a"
    write_artefact(zoo.program("mlp"), directory, name="zoo")
    return directory


def cli(*words: object, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, **more)  # type: ignore[call-overload,no-any-return]


def test_a_report_that_cannot_be_written_does_not_hide_the_verdict(artefact: Path) -> None:
    (artefact / "report.json").mkdir()
    header = (artefact / "policy.h").read_text()
    try:
        done = cli("verify", artefact, "--target", "host", "--json")
        assert done.returncode == 5 and json.loads(done.stdout)["passed"], done.stderr
        assert "the report cannot be written" in done.stderr
        start = header.index("_w0[")
        (artefact / "policy.h").write_text(header[:start] + header[start:].replace("0.", "0.1", 1))
        done = cli("verify", artefact, "--target", "host", "--trust")
        assert done.returncode == 6 and "not verified" in done.stdout
        assert "the report cannot be written" in done.stderr
    finally:
        (artefact / "policy.h").write_text(header)
        (artefact / "report.json").rmdir()


@pytest.mark.parametrize("words", [["targets"], ["targets", "--json"], ["--help"],
                                   ["export", "--help"], ["check", "--explain", "all"]])
def test_a_reader_that_goes_is_no_failure(words: list[str]) -> None:
    """As ``| head`` does, at once: before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = subprocess.run([*COMMAND, *words], stdout=pipe, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_verdict_is_kept_where_nobody_reads(artefact: Path) -> None:
    (artefact / "policy.h").rename(artefact / "hidden")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = subprocess.run([*COMMAND, "verify", str(artefact)], stdout=pipe, check=False,
                              stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": str(ROOT)})
    (artefact / "hidden").rename(artefact / "policy.h")
    assert done.returncode == 3 and "Traceback" not in done.stderr


def test_commands_that_come_next_can_be_pasted(artefact: Path, tmp_path: Path) -> None:
    made = tmp_path / "a $project's"
    done = cli("firmware", artefact, "--board", "stm32f4", "-o", made)
    assert done.returncode == 0, done.stderr
    assert shlex.split(done.stdout.splitlines()[-1])[1:] == ["make", "-C", str(made)]
    (made / "main.c").write_text("mine")
    done = cli("firmware", artefact, "--board", "stm32f4", "-o", made)
    assert done.returncode == 0 and "left as they are: main.c" in done.stdout
