# SPDX-License-Identifier: MIT
"""Files of d3rlpy that say what is not supported, or that somebody has changed."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
import torch

import puffer_edge
from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError
from tests.frontends.support.d3rlpy import NONE, Network, encoder, write

Settings = dict[str, Any]


def discrete(path: Path, algorithm: str = "dqn", **settings: Any) -> Path:
    torch.manual_seed(1)
    values = Network(torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU()),
                     _fc=torch.nn.Linear(8, 3))
    return write(path / "policy.d3", {"q_funcs": torch.nn.ModuleList([values])}, algorithm, [4], 3,
                 **{"encoder_factory": encoder("default"),
                    "q_func_factory": {"type": "mean", "params": {}}, **settings})


NOT_SUPPORTED: dict[str, tuple[str, Settings]] = {
    "candidates are sampled": ("bcq", {}),
    "another encoder": ("dqn", {"encoder_factory": encoder("simba")}),
    "another activation": ("dqn", {"encoder_factory": encoder("default", activation="geglu")}),
    "values that sample": ("dqn", {"q_func_factory": {"type": "iqn", "params": {}}}),
    "another scaler": ("dqn", {"observation_scaler": {"type": "own", "params": {}}}),
}


@pytest.mark.parametrize(("algorithm", "settings"), NOT_SUPPORTED.values(), ids=list(NOT_SUPPORTED))
def test_what_is_not_supported(algorithm: str, settings: Settings, tmp_path: Path) -> None:
    """The hint's way out is TorchScript or ONNX, which the table of sources has rows of."""
    with pytest.raises(UnsupportedError) as caught:
        puffer_edge.load(discrete(tmp_path, algorithm, **settings))
    assert "algo.save_policy('policy.onnx')" in caught.value.hint


def test_parameters_without_settings(tmp_path: Path) -> None:
    """``save_model`` has no activations; its hint leads to a file that is read."""
    path = tmp_path / "model.pt"
    torch.save({"q_funcs": {"0._encoder._layers.0.weight": torch.ones(8, 4),
                            "0._fc.weight": torch.ones(3, 8)}}, path)
    with pytest.raises(UnsupportedError, match="no settings") as caught:
        puffer_edge.load(path)
    assert "algo.save('policy.d3')" in caught.value.hint
    assert puffer_edge.load(discrete(tmp_path)).source == "d3rlpy 2.8.1, dqn"


def changed(path: Path, change: Callable[[Settings], object]) -> Path:
    tree = pickle.loads(discrete(path).read_bytes())
    config = json.loads(tree["config"])
    change(config)
    tree["config"] = json.dumps(config)
    (path / "changed.d3").write_bytes(pickle.dumps(tree))
    return path / "changed.d3"


SCALER = {"type": "standard", "params": {"mean": [0.0] * 4, "std": [0.0] * 4, "eps": 0.0}}
DAMAGED: dict[str, Callable[[Settings], object]] = {
    "no algorithm": lambda config: config.pop("config"),
    "more actions": lambda config: config.update(action_size=4),
    "no whole number of actions": lambda config: config.update(action_size="3"),
    "a deviation of zero": lambda config: config["config"]["params"].update(
        observation_scaler=SCALER),
    "statistics of another size": lambda config: config["config"]["params"].update(
        observation_scaler={"type": "min_max", "params": {"minimum": [0], "maximum": [1]}}),
    "a number that is none": lambda config: config["config"]["params"].update(
        observation_scaler={"type": "min_max", "params": {"minimum": [1e999] * 4,
                                                          "maximum": [1] * 4}}),
    "no encoder": lambda config: config["config"]["params"].pop("encoder_factory"),
    "an image of a vector": lambda config: config.update(observation_shape=[1, 2, 2]),
    "sizes that are none": lambda config: config.update(observation_shape=[-4]),
}


@pytest.mark.parametrize("change", DAMAGED.values(), ids=list(DAMAGED))
def test_what_does_not_fit(change: Callable[[Settings], object], tmp_path: Path) -> None:
    with pytest.raises((FileFormatError, UnsupportedError)):
        puffer_edge.load(changed(tmp_path, change))


def test_nothing_in_it_is_run(tmp_path: Path) -> None:
    """A pickle that begins like such a file, and calls."""
    canary = tmp_path / "canary"

    class Call:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (canary,)

    (tmp_path / "policy.d3").write_bytes(pickle.dumps(
        {"torch": Call(), "config": json.dumps({"observation_shape": [1]}), "version": NONE}))
    with pytest.raises(PufferEdgeError):
        puffer_edge.load(tmp_path / "policy.d3")
    assert not canary.exists()
