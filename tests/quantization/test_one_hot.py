# SPDX-License-Identifier: MIT
"""Integers of a policy whose observation is a number, given one-hot, as Taxi's is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge import runtimes

pytest.importorskip("stable_baselines3")
pytest.importorskip("gymnasium")


def test_taxi_is_exported_in_integers(tmp_path: Path) -> None:
    """500 states and 6 actions; what the zip's own network chooses in every state is the judge."""
    import gymnasium
    import torch
    from stable_baselines3 import DQN

    # The name of the version that this gymnasium has.
    taxi = max(name for name in gymnasium.registry if name.startswith("Taxi-v"))
    model = DQN("MlpPolicy", taxi, seed=1, device="cpu", buffer_size=1,
                policy_kwargs={"net_arch": [32]})
    with torch.no_grad():  # choices that differ by the state, as a trained policy's do
        model.q_net.q_net[0].weight.mul_(30)
    model.save(tmp_path / "taxi.zip")
    out = puffer_edge.export(tmp_path / "taxi.zip", tmp_path / "out", scheme="int8",
                             calibrate=f"env:{taxi}", steps=400)
    report = puffer_edge.verify(out, target="host")
    assert report.passed, report.to_markdown()
    hot = np.eye(500, dtype=np.float32)
    wanted = model.predict(np.arange(500), deterministic=True)[0]
    assert len(set(wanted.tolist())) > 2
    policy = runtimes.load(out, "numpy")
    found = np.array([int(policy.step(row)) for row in hot])
    assert (found == wanted).mean() >= 0.95
