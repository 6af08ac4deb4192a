# SPDX-License-Identifier: MIT
"""The bundled CartPole policies play under MicroPython, and act as the artefact in C does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge import runtimes
from puffer_edge.verification.micropython.interpreters import run_webassembly
from tests.micropython.artefacts import session
from tests.tools import need, need_micropython

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
PLAY = """
from array import array
from math import cos, sin

from policy import Policy

SEEN = ({seen})
policy = Policy()
logits = policy.outputs["logits"]
observation = array("f", [0] * len(SEEN))
held = 0
with open("trace.bin", "wb") as trace:
    # Dynamics and limits of CartPole-v1 (Barto, Sutton and Anderson 1983), Euler steps of 20 ms.
    for start in (-0.04, -0.01, 0.02, 0.05):
        x, v, angle, turn = start, -start, start / 2, 0.03
        policy.reset()
        for step in range(500):
            state = x, v, angle, turn
            for i in range(len(SEEN)):
                observation[i] = state[SEEN[i]]
            policy.step_float(observation)
            for part in ([step == 0], observation, logits, policy.action):
                trace.write(bytes(part))
            force = 10.0 if policy.action[0] else -10.0
            push = (force + 0.05 * turn * turn * sin(angle)) / 1.1
            alpha = (9.8 * sin(angle) - cos(angle) * push) / (
                0.5 * (4 / 3 - 0.1 * cos(angle) * cos(angle) / 1.1))
            a = push - 0.05 * alpha * cos(angle) / 1.1
            x, v = x + 0.02 * v, v + 0.02 * a
            angle, turn = angle + 0.02 * turn, turn + 0.02 * alpha
            if abs(x) > 2.4 or abs(angle) > 0.2094395:
                break
            held += 1
print(held)
"""


@pytest.mark.parametrize(("name", "seen", "scheme"), [
    pytest.param("cartpole_puffer_lstm", "0, 2", "int8", marks=pytest.mark.exhaustive),
    ("cartpole_puffer_lstm", "0, 2", "int16"),
    ("cartpole_sb3", "0, 1, 2, 3", "int8")])
def test_it_plays_and_equals_c(name: str, seen: str, scheme: str, tmp_path: Path) -> None:
    need_micropython()
    need("cc")
    suffix = ".zip" if name.endswith("sb3") else ".pt"
    with np.load(POLICIES / f"{name}_reference.npz") as data:
        np.save(tmp_path / "recorded.npy", data["observations"])
    for target in ("micropython", "cortex-m"):
        puffer_edge.export(POLICIES / (name + suffix), tmp_path / target, target=target,
                           name="cartpole", scheme=scheme, calibrate=str(tmp_path / "recorded.npy"))
    work = session(tmp_path / "micropython", tmp_path / "run")
    (work.folder / "play.py").write_text(PLAY.format(seen=seen))
    held = int(run_webassembly(work.folder, "play.py"))
    # Four episodes of at most 500 steps; pushing at random ends them after about 20.
    assert held >= 4 * 400
    stored = work.subject.manifest["outputs"][0]["dtype"]
    row = np.dtype([("first", "?"), ("observation", "<f4", (len(seen.split(",")),)),
                    ("logits", stored, (2,)), ("action", "<i2")])
    trace = np.frombuffer((work.folder / "trace.bin").read_bytes(), row)
    with runtimes.load(tmp_path / "cortex-m", "native") as c:
        for step in trace:
            if step["first"]:
                c.reset()
            assert c.step(step["observation"]) == step["action"]
            assert np.array_equal(c.outputs["logits"], step["logits"])
