# SPDX-License-Identifier: MIT
"""What Sample Factory's config.json adds, and what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

import puffer_edge
from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from tests.frontends.support import ROWS

GOOD = {"nonlinearity": "tanh", "obs_subtract_mean": 3.0, "obs_scale": 0.5}


def made(policy: str, directory: Path) -> Any:
    return next(row for row in ROWS if (row.trainer, row.policy) == ("Sample Factory", policy)
                ).make(directory)


def config(directory: Path, text: Any = GOOD) -> Path:
    path = directory / "settings.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


def test_the_settings_are_used(tmp_path: Path) -> None:
    """``(x - 3) / 0.5`` before the statistics, tanh after the layers."""
    path = made("discrete", tmp_path).path
    program = puffer_edge.load(path, config=config(tmp_path))
    told = " ".join(note.text for note in program.notes)
    assert "the activation is" not in told and "obs_scale" not in told
    weights = {key.removeprefix("model."): value.double()
               for key, value in torch.load(path)["model"].items()}
    norm = "obs_normalizer.running_mean_std.running_mean_std.obs."
    x = np.linspace(0, 4, 6).astype(np.float32)
    h = (torch.from_numpy(x).double() - 3) / 0.5
    h = (h - weights[f"{norm}running_mean"]) / torch.sqrt(weights[f"{norm}running_var"] + 1e-5)
    h = h.clamp(-5, 5)
    for name in ("encoder.encoders.obs.mlp_head.0", "encoder.encoders.obs.mlp_head.2"):
        h = torch.tanh(weights[f"{name}.weight"] @ h + weights[f"{name}.bias"])
    head = "action_parameterization.distribution_linear"
    expected = weights[f"{head}.weight"] @ h + weights[f"{head}.bias"]
    # A dozen roundings of numbers below 16, in each of three layers.
    assert np.allclose(Interpreter(program).step(x)["logits"], expected.numpy(), atol=3e-5)
    assert "obs_scale 1" in " ".join(n.text for n in puffer_edge.load(path).notes)


@pytest.mark.parametrize(("text", "error", "words"), [
    ("{", FileFormatError, "no JSON"), ("[" * 100_000, FileFormatError, "no JSON"),
    ([], FileFormatError, "no settings of Sample Factory"),
    ({"env": "atari"}, FileFormatError, "no settings of Sample Factory"),
    (GOOD | {"nonlinearity": "gelu"}, FileFormatError, "none of elu, relu, tanh"),
    (GOOD | {"nonlinearity": ["relu"]}, FileFormatError, "none of elu, relu, tanh"),
    (GOOD | {"obs_scale": 0}, FileFormatError, "obs_scale is 0"),
    (GOOD | {"obs_scale": "255"}, FileFormatError, "obs_scale is no number"),
    (GOOD | {"obs_subtract_mean": float("inf")}, FileFormatError, "obs_subtract_mean is no number"),
    (GOOD | {"continuous_tanh_scale": 2.0}, UnsupportedError, "continuous_tanh_scale")])
def test_bad_settings_are_one_error(text: Any, error: type[PufferEdgeError], words: str,
                                    tmp_path: Path) -> None:
    with pytest.raises(error, match=words):
        puffer_edge.load(made("discrete", tmp_path).path, config=config(tmp_path, text))


def test_no_other_checkpoint_takes_settings(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"0.weight": torch.ones(2, 3), "0.bias": torch.ones(2)}, path)
    with pytest.raises(UsageError, match="config= is of no use"):
        puffer_edge.load(path, config=config(tmp_path))


def test_an_image_whose_shape_nobody_tells(tmp_path: Path) -> None:
    found = made("convnet_simple, separate critic", tmp_path)
    with pytest.raises(UsageError, match=r"(?s)does not tell the shape.*\(2, 84, 84\)"):
        puffer_edge.load(found.path)
    with pytest.raises(UsageError, match="none for 2 planes"):
        puffer_edge.load(found.path, observation={"image": (3, 36, 36)})
    with pytest.raises(FileFormatError, match="inputs"):
        puffer_edge.load(found.path, observation={"image": (2, 80, 36)})


def test_filters_of_ones_own_are_refused_by_name(tmp_path: Path) -> None:
    found = made("convnet_impala", tmp_path)
    checkpoint = torch.load(found.path)
    stem = "encoder.encoders.obs.enc.conv_head"
    checkpoint["model"][f"{stem}.0.weight"] = torch.ones(17, 2, 8, 8)
    torch.save(checkpoint, found.path)
    with pytest.raises(UnsupportedError, match="17 filters 8 by 8, 32 filters 4 by 4"):
        puffer_edge.load(found.path)
