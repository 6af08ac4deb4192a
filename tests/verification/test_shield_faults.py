# SPDX-License-Identifier: MIT
"""A shield acts on injected faults within the steps that it promises, and verify says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.passes import optimize
from puffer_edge.quantization.recording import Recording
from puffer_edge.shield import Shield, Wish
from puffer_edge.shield.novelty import add_novelty
from puffer_edge.shield.wish import TermWish
from puffer_edge.verification import exchanging
from puffer_edge.verification.checks.shield import Shielding, check_clean, check_faults
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.faults import kinds
from puffer_edge.verification.report import Report
from tests.shield.cases import policy
from tests.shield.test_c import built
from tests.shield.test_novelty import mlp, swapped, swinging

ALL = ["NaN", "infinity", "out of range", "stuck", "too old", "late", "early"]


def clean(shield: Shield, elements: int) -> Recording:
    """Within the shield's range, never twice the same."""
    random = np.random.default_rng(5)
    low, high = (np.clip(side, -4, 4) for side in (shield.guard.low, shield.guard.high))
    return Recording(random.uniform(low, high, (300, elements)).astype(np.float32),
                     np.arange(300) % 100 == 0)


def reported(name: str, folder: Path, trials: int, doctored: bool = False) -> Report:
    program, shield, builder = built(name, folder, "host", "zig")
    if doctored:
        timing = replace(shield.timing, late_us=shield.timing.late_us + 1)
        shield = replace(shield, timing=timing)
    report = Report("lander", "host", "zig", "", "-O2")
    what = Shielding(optimize(program), shield, clean(shield, 5))
    with open_machine(builder, "unicorn") as machine:
        found = check_faults(what, machine, "this computer", trials, report)
        check_clean(what, machine, "this computer", report)
    assert [kind.name for kind in kinds(shield)] == ALL == [each.kind.name for each in found]
    assert doctored or all(each.slowest == each.kind.within for each in found)
    return report


def test_each_kind_is_acted_on_in_time(tmp_path: Path) -> None:
    report = reported("all", tmp_path, 10)
    assert report.passed, report.to_markdown()
    assert "it acts in 0 of 300 recorded steps" in report.to_markdown()


def test_a_shield_of_another_limit_is_found_out(tmp_path: Path) -> None:
    """One that lets a step be a microsecond later than was asked for."""
    failed = [check.name for check in reported("all", tmp_path, 30, doctored=True).checks
              if check.verdict == "failed"]
    assert "the shield on this computer has the bits of the oracle" in failed


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["all", "falls back", "chooses", "forgets nothing"])
def test_a_thousand_of_each_kind(name: str, tmp_path: Path) -> None:
    report = reported(name, tmp_path, 1000)
    assert report.passed, report.to_markdown()


def test_verify_tells_what_the_shield_does_and_costs(tmp_path: Path) -> None:
    wish = Wish(directions=4, max_age=0.01, terms=(TermWish("obs", varies_within=5),))
    directory = puffer_edge.export(mlp(), tmp_path / "a", calibrate=swinging(1200), shield=wish,
                                   target="cortex-m4")
    report = puffer_edge.verify(directory)
    assert report.passed, report.to_markdown()
    told = json.loads((directory / "report.json").read_text())["shield"]
    assert [row["kind"] for row in told["faults"]] == ALL[:5]
    assert [pair["told"] for pair in told["likelihood"]["pairs"]] == [True, True, False]
    assert "not to be told apart: 1 and 2" in report.to_markdown()
    cost = report.measurements
    assert 0 < cost["shield_cycles_most"] < 600 and 0 < cost["shield_flash_bytes"] < 1024


def test_clean_observations_that_a_shield_does_not_leave_alone_are_told(tmp_path: Path) -> None:
    program, shield, builder = built("all", tmp_path, "host", "zig")
    still = clean(shield, 5)
    still.observations[50:150, 1] = 0.5
    report = Report("lander", "host", "zig", "", "-O2")
    with open_machine(builder, "unicorn") as machine:
        check_clean(Shielding(optimize(program), shield, still), machine, "it", report)
    assert not report.passed and "for stuck" in report.to_markdown()


def test_pairs_of_a_recording() -> None:
    made, line, _ = add_novelty(optimize(mlp()), swinging(1200), 4, 8.0, 4.0)
    found = exchanging.pairs(made, line, swinging(600, seed=3), beginnings=20)
    assert [(pair.elements, pair.told) for pair in found] == [
        ((0, 1), True), ((0, 2), True), ((1, 2), False)]
    assert exchanging.false_alarms(made, line, swinging(600, seed=3)) == 0
    assert exchanging.false_alarms(made, line, swapped(swinging(600, seed=3), 0, 1)) > 500


def test_a_policy_without_calibration_is_judged_by_its_vectors(tmp_path: Path) -> None:
    directory = puffer_edge.export(policy(), tmp_path / "a", target="host", shield=Wish(
        safe=0.5, first="safe"))
    report = puffer_edge.verify(directory, page=True)
    assert report.passed and "of 32 recorded steps" in report.to_markdown()
    told = json.loads((directory / "report.json").read_text())["shield"]
    assert told["words"] and told["faults"][0]["kind"] == "NaN"
    page = (directory / "report.html").read_text()
    assert "Faults put before it" in page and told["words"][0] in page
