# SPDX-License-Identifier: MIT
"""The scripts of docs/explained/references.md, run as they stand with the trainers themselves."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import puffer_edge

PAGE = (Path(__file__).parents[2] / "docs" / "explained" / "references.md").read_text()
OBSERVATIONS = 0.3 * np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)


def script(title: str) -> str:
    """The block of code that begins with this comment."""
    found = re.search(rf"^```python\n(# {title}.*?)^```", PAGE, re.M | re.S)
    assert found, title
    return found[1]


def judged(folder: Path, monkeypatch: pytest.MonkeyPatch, title: str, policy: str,
           given: dict[str, Any], **options: Any) -> None:
    """Runs it beside the policy's file, and verifies the export by what it wrote."""
    monkeypatch.chdir(folder)
    exec(script(title), {"np": np, "observations": OBSERVATIONS, **given})
    out = puffer_edge.export(folder / policy, folder / "out", **options)
    report = puffer_edge.verify(out, target="host", reference=folder / "reference.npz")
    assert report.passed, report.to_markdown()
    assert any("reference" in check.name for check in report.checks)


def test_stable_baselines3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sb3 = pytest.importorskip("stable_baselines3")
    sb3.PPO("MlpPolicy", "CartPole-v1", seed=1, device="cpu").save(tmp_path / "policy.zip")
    judged(tmp_path, monkeypatch, "Stable-Baselines3", "policy.zip", {"PPO": sb3.PPO})


def test_cleanrl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its scripts are no library: the agent of ppo.py, written as there."""
    torch = pytest.importorskip("torch")
    nn = torch.nn

    def layers(size: int) -> Any:
        return nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(),
                             nn.Linear(64, size))

    torch.manual_seed(0)
    agent = nn.ModuleDict({"critic": layers(1), "actor": layers(3)})
    torch.save(agent.state_dict(), tmp_path / "agent.cleanrl_model")
    judged(tmp_path, monkeypatch, "CleanRL", "agent.cleanrl_model",
           {"torch": torch, "agent": agent})


def test_rsl_rl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rsl_rl")
    import torch
    from rsl_rl.models import MLPModel
    from tensordict import TensorDict

    model = MLPModel(TensorDict({"policy": torch.zeros(1, 4)}, batch_size=[1]),
                     {"actor": ["policy"]}, "actor", 3, hidden_dims=[16, 16]).eval()
    torch.save({"actor_state_dict": model.state_dict(), "iter": 1}, tmp_path / "model_1.pt")
    runner = SimpleNamespace(get_inference_policy=lambda device: model)
    judged(tmp_path, monkeypatch, "rsl_rl", "model_1.pt",
           {"torch": torch, "TensorDict": TensorDict, "runner": runner})


def test_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from tests.frontends.onnx_models import model, node, normal

    random = np.random.default_rng(1)
    proto = model([node("Gemm", "obs weight bias", "x", transB=1), node("Tanh", "x", "actions")],
                  {"obs": [1, 4]}, {"actions": [1, 2]},
                  {"weight": normal(random, 2, 4), "bias": normal(random, 2)})
    (tmp_path / "policy.onnx").write_bytes(proto.SerializeToString())
    judged(tmp_path, monkeypatch, "ONNX", "policy.onnx", {"onnxruntime": onnxruntime},
           action="continuous")
