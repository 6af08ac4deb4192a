# SPDX-License-Identifier: MIT
"""What other commands put into the page of an artefact, and what keeps them from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import puffer_edge
from puffer_edge import using
from puffer_edge.benchmarking import Measurement
from puffer_edge.cli import app
from puffer_edge.cli.shared import add_to_page
from puffer_edge.errors import MissingDependencyError
from puffer_edge.page import parts
from puffer_edge.page.reading import Place
from puffer_edge.page.render import render
from puffer_edge.page.sections.playing import playing
from puffer_edge.toolchains.zig import Zig
from tests import zoo
from tests.page.test_page import Page

MATCH = {"policy": {"episodes": 3, "mean": 2.0, "interval": [1.0, 3.0], "returns": [1.0, 2.0, 3.0],
                    "agreement": 1.0},
         "compared": {"episodes": 3, "mean": 3.0, "interval": [2.0, 5.0],
                      "returns": [2.0, 2.0, 5.0], "agreement": None},
         "difference": [-1.0, 0.0], "failures": [], "backends": [], "shared_assumptions": [],
         "passed": True}


@pytest.fixture(autouse=True)
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without a player, which other tests have."""
    def missing(self: object) -> list[str]:
        raise MissingDependencyError("the compiler zig is not installed", hint="")

    monkeypatch.setattr(Zig, "driver", missing)


def test_returns_share_their_bins() -> None:
    found = parts.played(MATCH, "X-v1", (0, 2), "puffer-edge run x")
    assert found["histogram"]["low"] == 1.0 and found["histogram"]["high"] == 5.0
    ours, theirs = found["histogram"]["policy"], found["histogram"]["compared"]
    assert sum(ours) == sum(theirs) == 3 and len(ours) == len(theirs) == parts.BINS
    assert ours[0] == 1 and theirs[-1] == 1 and theirs[5] == 2 and ours[5] == ours[10] == 1
    alone = parts.played({**MATCH, "compared": None}, "X-v1", (), "")
    assert "compared" not in alone["histogram"] and alone["observe"] == []
    same = parts.played({**MATCH, "policy": {**MATCH["policy"], "returns": [5.0, 5.0]},
                         "compared": None}, "X-v1", (), "")
    assert same["histogram"]["policy"][0] == 2 and same["histogram"]["high"] == 6.0
    page = Page(str(playing(Place({"played": found}))))
    assert "plays like the original" in page.text and "paired difference" in page.text
    failed = Page(str(playing(Place({"played": {**found, "failures": ["it falls"]}}))))
    assert "it falls" in failed.text and "plays like" not in failed.text


def test_what_fit_tried() -> None:
    rows = [{"name": "int8", "price": {"flash": 100, "ram": 20}, "mean": 9.5, "why": ""},
            {"name": "int16", "price": None, "mean": None, "why": "too large"}]
    found = parts.fitted({"best": "int8", "rows": rows}, "puffer-edge fit x")
    text = Page(render({"fit": found})).text
    assert "delivered" in text and "too large" in text and "9.5" in text


def test_bench_adds_to_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a"
    monkeypatch.setattr(using, "bench", lambda *policy, **options: [
        Measurement("numpy", "", 5, 1.5, 2.5, 0.25, 1000, 2000)])
    puffer_edge.export(zoo.program("norms"), folder, target="cortex-m")
    done = CliRunner().invoke(app, ["bench", str(folder), "--backends", "numpy", "--seconds",
                                    "0.01"])
    assert done.exit_code == 0, done.output
    report = json.loads((folder / "report.json").read_text())
    assert [row["backend"] for row in report["bench"]["rows"]] == ["numpy"]
    assert report["passed"] is None
    assert "On this computer" in Page((folder / "report.html").read_text()).text
    puffer_edge.export(zoo.program("norms"), folder, target="cortex-m")  # the reports go with it
    assert not (folder / "report.html").exists()


def test_what_cannot_be_written_is_told_and_no_failure(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a"
    puffer_edge.export(zoo.program("norms"), folder, target="cortex-m")
    (folder / "report.html").mkdir()
    add_to_page(folder, "bench", {"rows": []})
    assert "report.html" in capsys.readouterr().err
    add_to_page(tmp_path, "bench", {"rows": []})  # no artefact
    assert "is not written" in capsys.readouterr().err
    add_to_page(tmp_path / "policy.pt", "bench", {"rows": []})  # a file has no report
    assert capsys.readouterr() == ("", "")
