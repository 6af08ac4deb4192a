# SPDX-License-Identifier: MIT
"""``shield.toml``, and what becomes of it for a policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.shield import Wish, fit, read_shield
from puffer_edge.shield.shield import EARLY, STUCK
from puffer_edge.shield.wish import TermWish
from tests.robot.contracts import policy as robots_policy
from tests.robot.test_c import contract_of
from tests.shield.cases import TIMED, policy, wishes

TEXT = """
[guard]
range = "calibration"
margin = 0.25
max-age = 0.03

[[term]]
name = "gyro"
clip = [-10, 10]
varies-within = 25

[[term]]
elements = [3, 4]
low = [0.0, 1]

[timing]
rate = 50
jitter = 0.2
deadline = 0.01

[action]
low = -1
high = [1, 2, 3]
slew = 0.1
low-pass = 0.5
safe = [0, 0.5, 0]

[reaction]
do = "hold"
hold-steps = 10
then = "zero"
latch-after = 5
release-after = 100
count-only = ["early", "stuck"]
"""


def test_a_file_says_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "shield.toml").write_text(TEXT)
    wish = read_shield(tmp_path / "shield.toml")
    assert wish == Wish(
        "calibration", 0.0, 0.25, 0.03,
        (TermWish("gyro", (), -10.0, 10.0, 25), TermWish("", (3, 4), (0.0, 1.0), None, 0)),
        0.02, 0.2, 0.01, -1.0, (1.0, 2.0, 3.0), 0.1, 0.5, (0.0, 0.5, 0.0), "hold", 10, "safe", 5,
        100, ("early", "stuck"), where=str(tmp_path / "shield.toml"))
    seen = np.array([[0, 0, 0, 0, 2], [4, 4, 4, 4, 6]] * 2, np.float32)
    shield, _ = fit(wish, policy(), None, puffer_edge.calibrate(policy(), seen))
    assert shield.guard.low == (-10, -10, -10, 0, 1)
    assert shield.guard.high == (10, 10, 10, 5, 7)
    assert shield.guard.varies == (25, 25, 25, 0, 0)
    assert (shield.guard.max_age_us, shield.timing.early_us, shield.timing.late_us,
            shield.timing.deadline_us) == (30000, 16000, 24000, 10000)
    assert shield.reacting.counted == EARLY | STUCK


@pytest.mark.parametrize(("wrong", "said"), [
    ("[guard]\nmargin = -1", "below 0"), ("[guard]\nrange = 'all'", "none of calibration"),
    ("[guard]\nmax-age = 1e9", "31 bits"), ("guard = 5", "no table"), ("[gaurd]", "no key"),
    ("term = 5", r"\[\[term\]\]"), ("[[term]]\nlow = 1", "either a name or elements"),
    ("[[term]]\nelements = [1, 1]", "one twice"), ("[[term]]\nelements = [-1]", "whole numbers"),
    ("[timing]\nrate = 0", "0.0 Hz"), ("[timing]\nrate = 1\nperiod = 1", "say the same"),
    ("[timing]\njitter = 1", "below 1"), ("[action]\nclip = [0]", "1 numbers"),
    ("[action]\nslew = nan", "no finite number"), ("[action]\nslew = 'a'", "no finite number"),
    ("[reaction]\ndo = 'jump'", "none of hold"), ("[reaction]\nlatch-after = 65535", "65534"),
    ("[reaction]\ncount-only = ['policy']", "none of range"), ("[", "not TOML"),
])
def test_a_file_that_cannot_be_is_one_error(wrong: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "shield.toml").write_text(wrong)
    with pytest.raises(FileFormatError, match=said):
        read_shield(tmp_path / "shield.toml")


@pytest.mark.parametrize(("kind", "wish", "said"), [
    ("continuous", Wish(terms=(TermWish("wheel"),)), "no term 'wheel'"),
    ("continuous", Wish(terms=(TermWish(elements=(5,)),)), "no element 5 among 5"),
    ("continuous", Wish(terms=(TermWish("gyro", low=1.0, high=-1.0),)), "range is empty"),
    ("continuous", Wish(range="calibration"), "there is none"),
    ("continuous", Wish(jitter=0.1), "nobody tells"),
    ("continuous", Wish(low=0.0), "both bounds"),
    ("continuous", Wish(low=(0.0, 1.0), high=1.0), "2 numbers"),
    ("continuous", Wish(slew=0.0), "not above 0"),
    ("continuous", Wish(low_pass=1.5), "no part of the way"),
    ("choices", Wish(slew=1.0), "no slew"), ("choices", Wish(safe=(4.0, 0.0)), "none of 4"),
    ("choices", Wish(safe=0.5), "none of 4"), ("choices", Wish(safe=(0.0,)), "1 numbers"),
])
def test_what_does_not_fit_the_policy_is_one_error(kind: str, wish: Wish, said: str,
                                                   tmp_path: Path) -> None:
    with pytest.raises((UsageError, FileFormatError), match=said):
        puffer_edge.export(policy(kind), tmp_path / "a", shield=wish)
    assert not (tmp_path / "a").exists()


def test_a_term_takes_nothing_from_another() -> None:
    wish = Wish(terms=(TermWish("gyro", varies_within=7), TermWish(elements=(1,), low=-1.0)))
    guard = fit(wish, policy(), None, None)[0].guard
    assert guard.varies == (7, 7, 7, 0, 0) and guard.low[1] == -1


def test_terms_are_those_of_the_contract_too(tmp_path: Path) -> None:
    contract = contract_of("unitree", tmp_path)
    wish = Wish(terms=(TermWish("base_ang_vel", low=-5.0, varies_within=9),), jitter=0.5)
    shield, _ = fit(wish, robots_policy(contract), contract, None)
    assert [i for i, low in enumerate(shield.guard.low) if low == -5] == list(range(9))
    assert shield.timing.late_us == 30000
    directory = puffer_edge.export(robots_policy(contract), tmp_path / "a", contract=contract,
                                   shield=wish)
    assert '#include "policy_robot.h"' in (directory / "policy_shield.h").read_text()
    assert '#include "policy_shield.h"' in (directory / "policy.c").read_text()


def _with(directory: Path, change: Any) -> dict[str, Any]:
    manifest = json.loads((directory / "policy.json").read_text())
    change(manifest["shield"])
    return manifest  # type: ignore[no-any-return]


def test_a_strangers_shield_is_looked_at(tmp_path: Path) -> None:
    directory = puffer_edge.export(policy(), tmp_path / "a", shield=wishes()["all"][1])
    good = json.loads((directory / "policy.json").read_text())
    assert set(read_code(directory, good)) == {"policy.h", "policy.c", "policy_shield.h"}
    for change in (
            lambda shield: shield.update(hash="0" * 64),
            lambda shield: shield["numbers"]["timing"].update(late_us=60000),
            lambda shield: shield["numbers"]["timing"].update(late_us="1u; evil()"),
            lambda shield: shield["numbers"]["guard"].update(low=[0.0]),
            lambda shield: shield["numbers"]["limits"].update(safe=[float("inf")] * 3),
            lambda shield: shield["numbers"]["reacting"].update(first="evil();"),
            lambda shield: shield.pop("numbers"), lambda shield: shield.clear()):
        with pytest.raises(FileFormatError):
            read_code(directory, _with(directory, change))


def test_the_shield_is_made_of_calibration_in_floats_too(tmp_path: Path) -> None:
    seen = np.random.default_rng(0).normal(0, 1, (100, 5)).astype(np.float32)
    directory = puffer_edge.export(policy(), tmp_path / "a", shield=Wish(margin=0.0),
                                   calibrate=seen)
    numbers = json.loads((directory / "policy.json").read_text())["shield"]["numbers"]
    assert numbers["guard"]["low"] == [float(x) for x in seen[:75].min(axis=0)]
    with pytest.raises(UsageError, match="takes no calibrate="):
        puffer_edge.export(policy(), tmp_path / "b", calibrate=seen, scheme="float32")
    with pytest.raises(UsageError, match="takes no shield="):
        puffer_edge.export(policy(), tmp_path / "b", shield=TIMED, target="onnx")
