# SPDX-License-Identifier: MIT
"""The bundled policies are genuine files of their trainers, and do what their references say."""

from __future__ import annotations

import importlib
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
POLICIES = EXAMPLES / "policies"
NAMES = ("acrobot_sb3", "cartpole_sb3", "cartpole_puffer_lstm", "pendulum_sb3")

# PufferLib 3.0's state_dict of Default + LSTMWrapper, in its order; H = 32, 2 inputs, 2 actions.
PUFFER_KEYS = {
    "policy.encoder.0.weight": (32, 2), "policy.encoder.0.bias": (32,),
    "policy.decoder.weight": (2, 32), "policy.decoder.bias": (2,),
    "policy.value.weight": (1, 32), "policy.value.bias": (1,),
    "lstm.weight_ih_l0": (128, 32), "lstm.weight_hh_l0": (128, 32),
    "lstm.bias_ih_l0": (128,), "lstm.bias_hh_l0": (128,),
    "cell.weight_ih": (128, 32), "cell.weight_hh": (128, 32),
    "cell.bias_ih": (128,), "cell.bias_hh": (128,),
}

# Off from the same network in float64: 5e-7 for the MLPs, 6e-6 over 300 steps of the LSTM. A torch
# that sums in another order is off by as much; more than ten times that is still far below 2e-3,
# what the tanh form of GELU does.
TOLERANCE = {"acrobot_sb3": 5e-6, "cartpole_sb3": 5e-6, "cartpole_puffer_lstm": 1e-4,
             "pendulum_sb3": 5e-6}


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for package in ("torch", "gymnasium", "stable_baselines3"):
        pytest.importorskip(package)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module("evaluate")


def reference(name: str) -> dict[str, np.ndarray]:
    with np.load(POLICIES / f"{name}_reference.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def test_the_bundle_stays_small() -> None:
    assert sum(path.stat().st_size for path in POLICIES.iterdir()) < 400_000


@pytest.mark.parametrize(("name", "inputs", "outputs"), [
    ("acrobot_sb3", 6, 3), ("cartpole_sb3", 4, 2), ("cartpole_puffer_lstm", 2, 2),
    ("pendulum_sb3", 3, 1)])
def test_references_have_a_row_per_step(name: str, inputs: int, outputs: int) -> None:
    file = reference(name)
    # An episode of Pendulum has 200, one of Acrobot ends when it has swung up.
    steps = {"pendulum_sb3": 200, "acrobot_sb3": len(file["actions"])}.get(name, 300)
    assert set(file) == {"observations", "logits", "actions"}
    assert file["observations"].shape == (steps, inputs)
    assert file["logits"].shape == (steps, outputs)
    assert file["observations"].dtype == file["logits"].dtype == np.float32
    assert len(file["actions"]) == steps


@pytest.mark.parametrize("name", ["cartpole_sb3", "cartpole_puffer_lstm"])
def test_discrete_actions_are_the_largest_logits(name: str) -> None:
    file = reference(name)
    np.testing.assert_array_equal(file["actions"], file["logits"].argmax(axis=1))
    assert set(file["actions"]) == {0, 1}


def test_continuous_actions_are_clipped_means() -> None:
    file = reference("pendulum_sb3")
    np.testing.assert_array_equal(file["actions"], file["logits"].clip(-2, 2))
    assert np.abs(file["logits"]).max() > 2, "the reference never tries the clip"


@pytest.mark.parametrize("name", ["cartpole_sb3", "pendulum_sb3"])
def test_sb3_zip_has_the_members_of_the_format(name: str) -> None:
    with zipfile.ZipFile(POLICIES / f"{name}.zip") as file:
        assert file.testzip() is None
        assert set(file.namelist()) == {
            "data", "policy.pth", "policy.optimizer.pth", "pytorch_variables.pth",
            "_stable_baselines3_version", "system_info.txt"}


def test_puffer_state_dict_has_the_keys_of_pufferlib_3() -> None:
    torch = pytest.importorskip("torch")
    weights = torch.load(POLICIES / "cartpole_puffer_lstm.pt", weights_only=True)
    assert {key: tuple(value.shape) for key, value in weights.items()} == PUFFER_KEYS
    assert list(weights) == list(PUFFER_KEYS)
    assert {value.dtype for value in weights.values()} == {torch.float32}
    for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        shared = weights[f"cell.{part}"].data_ptr() == weights[f"lstm.{part}_l0"].data_ptr()
        assert shared, f"cell.{part} is a copy"


@pytest.mark.parametrize("name", NAMES)
def test_torch_reproduces_the_reference(name: str, evaluate: ModuleType) -> None:
    file = reference(name)
    player = evaluate.BUNDLED[name][1]()
    player.reset()
    outputs, actions = zip(*map(player.step, file["observations"]), strict=True)
    np.testing.assert_allclose(np.stack(outputs), file["logits"], rtol=0, atol=TOLERANCE[name])
    np.testing.assert_allclose(np.stack(actions), file["actions"], rtol=0, atol=TOLERANCE[name])


@pytest.mark.parametrize(("name", "wanted"), [
    ("acrobot_sb3", -110), ("cartpole_sb3", 475), ("cartpole_puffer_lstm", 400),
    ("pendulum_sb3", -400)])
def test_policy_plays_the_episode_of_its_reference(
        name: str, wanted: float, evaluate: ModuleType) -> None:
    """One whole episode: it starts as the reference does, and the policy plays it well."""
    playing = sys.modules["playing"]
    make, load = evaluate.BUNDLED[name]
    episode = playing.play(make(), load(), playing.TEST_SEED)
    file = reference(name)
    np.testing.assert_array_equal(file["observations"][0], episode.observations[0])
    assert episode.total >= wanted


def test_the_recurrent_policy_needs_its_memory(evaluate: ModuleType) -> None:
    playing = sys.modules["playing"]
    make, load = evaluate.BUNDLED["cartpole_puffer_lstm"]
    player = load()
    remembering = player.step

    def forgetting(observation: np.ndarray) -> tuple[np.ndarray, np.ndarray | int]:
        player.reset()
        return remembering(observation)

    player.step = forgetting
    assert playing.play(make(), player, playing.TEST_SEED).total < 100


def test_bootstrap_interval_of_the_mean(evaluate: ModuleType) -> None:
    playing = sys.modules["playing"]
    assert playing.confidence_interval(np.full(20, 500.0)) == (500.0, 500.0)
    sample = np.random.default_rng(3).normal(10, 2, 400)
    low, high = playing.confidence_interval(sample)
    # The normal interval, which the bootstrap approaches; 10 000 draws leave 2 % of the width.
    half = 1.96 * sample.std() / np.sqrt(len(sample))
    assert abs(low - (sample.mean() - half)) < 0.1 * half
    assert abs(high - (sample.mean() + half)) < 0.1 * half


def test_unknown_policy_is_refused(
        evaluate: ModuleType, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate.py", "/tmp/stranger.zip"])
    with pytest.raises(SystemExit) as stop:
        evaluate.main()
    assert stop.value.code == 2
    assert "no bundled policy" in capsys.readouterr().err
