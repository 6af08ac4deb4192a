# SPDX-License-Identifier: MIT
"""verify of an artefact for an ATmega2560: what it tells, and that it sees what is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import puffer_edge
from puffer_edge.errors import MissingDependencyError, UnsupportedError
from puffer_edge.ir.ops import Gemm
from puffer_edge.verification.report import Report
from tests import zoo
from tests.support.exporting import export_as_it_is, write_artefact
from tests.tools import need

ALL = [*zoo.CASES, *zoo.QUANTIZED]


def verified(folder: Path, **options: Any) -> Report:
    need("avr-gcc", "simavr")
    return puffer_edge.verify(folder, target="mega", native=False, **options)


def test_a_policy_in_integers(tmp_path: Path) -> None:
    case = "min_gru_2_layers_int8"
    write_artefact(zoo.program(case), tmp_path / "a", target="mega", scheme="int8")
    report = verified(tmp_path / "a")
    assert report.passed, report.to_markdown()
    assert (report.toolchain, report.emulator) == ("gcc", "simavr")
    found = report.measurements
    assert found["ram_bytes"] == found["struct_bytes"]
    assert 0 < (found["integer_cycles_min"] or 0) <= (found["integer_cycles_max"] or 0)
    assert 50 < (found["stack_bytes"] or 0) <= (found["stack_bound_bytes"] or 0) < 1000
    assert (found["check_cycles"] or 0) > 50 * (found["flash_data_bytes"] or 0)
    verdicts = {check.name: check.verdict for check in report.checks}
    assert verdicts["flash and memory of the AVR ATmega2560 suffice"] == "passed"
    assert verdicts["cycles per step from integers do not depend on the data"] == "passed"
    assert verdicts["an integer-only build needs no floating point"] == "passed"


def test_a_wrong_weight_fails(tmp_path: Path) -> None:
    export_as_it_is("mlp_int8", tmp_path / "a")
    header = tmp_path / "a" / "policy.h"
    text = header.read_text()
    start = text.index("{\n", text.index("zoo_w0[")) + 2
    first = text[start:].split(",")[0]
    header.write_text(text[:start] + text[start:].replace(first, f" {int(first) // 2 + 1}", 1))
    report = verified(tmp_path / "a", trust=True)
    failed = {check.name for check in report.checks if check.verdict == "failed"}
    assert {"self-test on AVR ATmega2560", "the weights are those that the checksum is of"} < failed


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", ["mlp_int8", "lstm_int8", "mlp"])
def test_a_chip_of_two_kilobytes(case: str, tmp_path: Path) -> None:
    """An Arduino Uno's, whose timers and instructions are fewer."""
    need("avr-gcc", "simavr")
    write_artefact(zoo.program(case), tmp_path / "a", target="atmega328p",
                   scheme=case.rpartition("_")[2] if "_" in case else "float32")
    report = puffer_edge.verify(tmp_path / "a", native=False, board="uno")
    assert report.passed, report.to_markdown()
    verdicts = {check.name: check.verdict for check in report.checks}
    assert verdicts["flash and memory of the AVR ATmega328P suffice"] == "passed"
    told = " ".join(note["text"] for note in report.notes)
    assert case != "mlp_int8" or "the cycles that simavr counts" in told
    assert report.measurements.get("cycles_min", 1) != 0


def test_a_chip_of_32_kilobytes_refuses_more(tmp_path: Path) -> None:
    bench = zoo.Bench((1, 100))
    x = bench.x
    for after, before in ((45, 100), (100, 45)):  # 18,000 bytes each
        x = bench.op(Gemm, x=x, weight=bench.weight(after, before), bias=bench.weight(after))
    with pytest.raises(UnsupportedError, match="and the chip 32,768 of flash"):
        puffer_edge.export(bench.program(x), tmp_path / "a", target="uno")
    assert not (tmp_path / "a").exists()


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", ALL)
def test_every_op(case: str, tmp_path: Path) -> None:
    report = verified(export_as_it_is(case, tmp_path / "a"))
    assert report.passed, report.to_markdown()


@pytest.mark.parametrize("program", ["avr-gcc", "simavr"])
def test_what_is_missing_is_one_error(program: str, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    need("avr-gcc")
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == program else which(name))
    message = f"{program} is not installed(.|\n)*apt install"
    with pytest.raises(MissingDependencyError, match=message):
        puffer_edge.verify(export_as_it_is("mlp_int8", tmp_path / "a"), target="mega", native=False)
