# SPDX-License-Identifier: MIT
"""False alarms and exchanged elements in environments, with policies that were trained in them."""

from __future__ import annotations

from pathlib import Path

import pytest

import puffer_edge
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import find_scheme
from puffer_edge.shield.novelty import add_novelty
from puffer_edge.verification import exchanging

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
CALIBRATED, HELD_BACK = 16_000, 40_000
"""Steps: three false alarms in so many, and less than one in ten thousand is no longer likely."""
CASES = {
    "CartPole-v1": ("cartpole_sb3.zip", {}, {(0, 2), (1, 2), (2, 3)}),
    "Pendulum-v1": ("pendulum_sb3.zip", {
        "vec_normalize": str(POLICIES / "pendulum_vecnormalize.pkl")}, {(0, 1), (0, 2), (1, 2)}),
    "Acrobot-v1": ("acrobot_sb3.zip", {}, {(i, j) for i in range(4) for j in (4, 5)})}
"""Policy, what it is loaded with, and pairs of elements that have to be told apart."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("environment", list(CASES))
@pytest.mark.parametrize("scheme", ["int8", "float32"])
def test_false_alarms_are_rarer_than_one_in_ten_thousand(environment: str, scheme: str) -> None:
    pytest.importorskip("gymnasium")
    file, options, told = CASES[environment]
    policy = puffer_edge.load(POLICIES / file, **options)
    recording = puffer_edge.calibrate(policy, f"env:{environment}", steps=CALIBRATED, seed=0)
    fresh = puffer_edge.calibrate(policy, f"env:{environment}", steps=HELD_BACK, seed=10_000)
    program = optimize(policy)
    if scheme == "int8":
        whole = optimize(policy, fuse=False)
        program = quantize(whole, calibrate(whole, recording.observations[:2000],
                                            recording.reset[:2000]), find_scheme(scheme))
    made, line, _ = add_novelty(program, recording, 4, 8.0, 4.0)
    alarms = exchanging.false_alarms(made, line, fresh)
    found = exchanging.pairs(made, line, fresh, beginnings=1000)
    for pair in found:
        print(f"| {environment} | {scheme} | {pair.elements} | {pair.rate:.3f} | {pair.delay} |")
    print(f"{environment} {scheme}: {alarms} of {len(fresh.observations)} steps, "
          f"{int(fresh.reset.sum())} episodes; {exchanging.in_words(found)}")
    assert alarms < 1e-4 * len(fresh.observations)
    assert told <= {pair.elements for pair in found if pair.told}
