# SPDX-License-Identifier: MIT
"""`report-time`: what a board printed, beside the estimate."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

import puffer_edge
from puffer_edge.cli import main
from puffer_edge.errors import FileFormatError, PufferEdgeError, UsageError
from puffer_edge.sizing import compare
from tests.support.exporting import export_as_it_is
from tests.tools import need

LOG = """boot v1.2 step us\r
selftest 0\r
step us 132 longest 140 estimated 100 to 150\r
something else: step us 7
step us 131 longest 190 estimated 100 to 150\r
step us 135 longest 190 estimated 100 to 150\r
step us 13"""


def test_the_lines_of_an_example() -> None:
    found = compare(LOG)
    assert found.steps == (132, 131, 135) and found.typical == 132 and found.longest == 190
    assert (found.unit, found.estimated, found.off, found.selftest) == ("us", (100, 150), 0, 0)


@pytest.mark.parametrize(("measured", "off"), [(75, -0.25), (100, 0), (150, 0), (165, 0.1)])
def test_how_far_off_it_is(measured: int, off: float) -> None:
    found = compare(f"step us {measured} longest {measured} estimated 100 to 150\n")
    assert found.off == pytest.approx(off)


def test_units_and_estimates() -> None:
    cycles = compare("step cycles 1250 longest 1300\n", (10.0, 12.0), 125_000_000)
    assert cycles.estimated == (1250, 1501) and cycles.off == 0
    assert compare("step ns 900 longest 1000\n", (0.5, 0.8)).estimated == (500, 801)
    assert compare("step ns 900 longest 1000\n").off is None
    flashed = compare("self-test: good\none step: 8,439 microseconds, measured; of...\n")
    assert flashed.typical == flashed.longest == 8439 and flashed.selftest == 0
    assert compare("selftest 3\nselftest 0\nstep us 1 longest 1").selftest == 3


@pytest.mark.parametrize(("log", "says"), [
    ("", "no time of a step"), ("step us x longest 3", "no time of a step"),
    ("step us 1 longest 2\nstep cycles 3 longest 4\n", "different units"),
    ("step us 99999999999999999999 longest 1", "no time")])
def test_what_is_no_log_is_one_error(log: str, says: str) -> None:
    with pytest.raises(FileFormatError, match=says):
        compare(log)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                          monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["report-time", *words])
        return int(ended.value.code or 0)

    (tmp_path / "log").write_bytes(LOG.encode() + b"\xff\0")
    assert run(str(tmp_path / "log")) == 0
    assert "estimated: 100 to 150 us: within" in capsys.readouterr().out
    assert run(str(tmp_path / "log"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["estimated"] == [100, 150]
    monkeypatch.setattr("sys.stdin", io.StringIO("selftest 1\nstep us 10 longest 10\n"))
    assert run("-") == 6  # the self-test failed
    assert run(str(tmp_path / "no")) == 3
    assert run(str(tmp_path / "log"), "--board", "pico") == 2
    for directory, board in ((tmp_path, "pico"), (tmp_path, "picoo")):
        with pytest.raises(PufferEdgeError):
            puffer_edge.report_time(tmp_path / "log", directory, board=board)
    with pytest.raises(UsageError, match="both"):
        puffer_edge.report_time(text="step us 1 longest 1", directory=tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", ["mlp", "lstm_int8"])
def test_a_project_prints_the_estimate_that_verify_tells(
        case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A Nucleo has an FPU, so both tell of the same step; and a Pico's of the step in integers."""
    need("arm-none-eabi-gcc")
    export_as_it_is(case, tmp_path / "a", target="cortex-m4", name="lander")
    told = puffer_edge.step_time(tmp_path / "a", "nucleo-f411re")
    found = puffer_edge.verify(tmp_path / "a", board="nucleo-f411re", native=False).measurements
    assert told is not None
    assert [told.microseconds(each) for each in (told.least, told.most)] == [
        found["microseconds_least"], found["microseconds_most"]]
    # The image is another, and so are the lines of the cache that its code shares.
    assert told.microseconds(told.likely) == pytest.approx(found["microseconds"], rel=0.05)
    with pytest.raises(SystemExit) as ended:
        main(["firmware", str(tmp_path / "a"), "--board", "pico", "--framework", "pico-sdk", "-o",
              str(tmp_path / "p")])
    assert not ended.value.code
    assert "an estimate, no measurement" in " ".join(capsys.readouterr().out.split())
    text = (tmp_path / "p" / "example" / "main.c").read_text()
    line = next(each for each in text.splitlines() if each.startswith("#define ESTIMATED"))
    least, most = (int(each) for each in line.split('"')[1].split()[1::2])
    pico = puffer_edge.step_time(tmp_path / "a", "pico")
    assert pico is not None
    assert least <= pico.microseconds(pico.least) < pico.microseconds(pico.most) <= most
    assert (least, most) != (0, 1)
    shown = compare(f"step us {least} longest {most} {line.split(chr(34))[1].strip()}\n")
    assert shown.estimated == (least, most)
