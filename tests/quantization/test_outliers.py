# SPDX-License-Identifier: MIT
"""A channel far larger than the others costs them nothing; against torch's floats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import puffer_edge
from puffer_edge.interpreter import Interpreter
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.outliers import separate_outliers
from puffer_edge.quantization.pipeline import Wish, to_integers
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES

STEPS = 400
LIMITS = {"int8": 0.04, "int8x16": 0.01, "int16": 0.005}


def mlp(activation: str, factors: dict[int, float]) -> torch.nn.Sequential:
    """Whose second hidden layer has channels that are larger by a factor; weights undo it."""
    torch.manual_seed(5)
    act = getattr(torch.nn, activation)
    module = torch.nn.Sequential(torch.nn.Linear(8, 24), act(), torch.nn.Linear(24, 24), act(),
                                 torch.nn.Linear(24, 3)).eval()
    with torch.no_grad():
        for channel, factor in factors.items():
            module[2].weight[channel] *= factor
            module[2].bias[channel] *= factor
            module[4].weight[:, channel] /= factor
    return module


def observations(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((STEPS, 8)).astype(np.float32)


def played(program, rows: np.ndarray) -> np.ndarray:
    qparams = program.values[program.outputs[0]].quantization
    runner = Interpreter(program)
    raw = np.stack([runner.step(row)[program.output_names[0]].reshape(-1) for row in rows])
    return raw if qparams is None else (raw - float(qparams.zero_point)) * qparams.scale


@pytest.mark.parametrize("activation", ["ELU", "ReLU"])
@pytest.mark.parametrize("factors", [{0: 3e3}, {3: 100.0, 5: 1e4, 20: 1e4}])
def test_outliers_have_a_scale_of_their_own(activation: str, factors: dict[int, float],
                                            tmp_path: Path) -> None:
    """Judged with steps that were not calibrated with; without separation it is another policy."""
    module = mlp(activation, factors)
    program = puffer_edge.load(module, observation_shape=8, action="continuous")
    np.savez(tmp_path / "seen.npz", observations=observations())
    rows = observations(1)
    with torch.no_grad():
        wanted = module(torch.from_numpy(rows)).numpy().astype(np.float64)
    for scheme, limit in LIMITS.items():
        made = to_integers(program, Wish(scheme, str(tmp_path / "seen.npz")))
        found = made.program
        # What is joined has no scale of its own, so nothing of it can seem to be cut off.
        assert all(row.clipped < 0.05 for row in made.description.ranges)
        error = np.abs(played(found, rows) - wanted).mean() / wanted.std()
        assert error < limit, f"{scheme}: {error}"
        assert any("differ so much in size" in note.text for note in found.notes
                   if note.kind == "quantised")
    prepared = optimize(program, fuse=False)
    calibration = calibrate(prepared, observations(), np.arange(STEPS) == 0)
    plain = quantize(prepared, calibration, SCHEMES["int8"])
    assert np.abs(played(plain, rows) - wanted).mean() > 0.3 * wanted.std()


@pytest.mark.parametrize("activation", ["ELU", "ReLU", "Tanh"])
def test_float_stays_the_same_and_ordinary_layers_stay_whole(activation: str) -> None:
    for factors, apart in (({2: 500.0}, activation != "Tanh"), ({}, False)):
        program = optimize(puffer_edge.load(mlp(activation, factors), observation_shape=8),
                           fuse=False)
        calibration = calibrate(program, observations(), np.arange(STEPS) == 0)
        made = separate_outliers(program, calibration, 8)
        assert (made is not program) == apart
        rows = observations(1)[:20]
        np.testing.assert_allclose(played(made, rows), played(program, rows), atol=2e-6)


@pytest.mark.parametrize(("factor", "bits", "sizes"), [
    (10.0, 8, ""), (12.0, 8, "2 + 21 + 1"), (20.0, 12, ""), (30.0, 12, "2 + 17 + 5"),
    (300.0, 16, ""), (600.0, 16, "2 + 4 + 18"), (3e3, 8, "2 + 22")])
def test_layers_are_taken_apart_where_it_pays(factor: float, bits: int, sizes: str) -> None:
    """As the version before did, on either side of where it begins to."""
    program = optimize(puffer_edge.load(mlp("ReLU", {2: factor, 7: 6 * factor}),
                                        observation_shape=8), fuse=False)
    calibration = calibrate(program, observations(), np.arange(STEPS) == 0)
    found = [note.text for note in separate_outliers(program, calibration, bits).notes
             if "differ so much in size" in note.text]
    assert len(found) == bool(sizes) and all(f"layers of {sizes}," in text for text in found)
