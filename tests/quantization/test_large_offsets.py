# SPDX-License-Identifier: MIT
"""Features far from 0 that hardly change keep their resolution, in integers and in float."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import puffer_edge
from puffer_edge.frontends.layers import normalized
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Builder, Continuous, Contract, Field, Program
from puffer_edge.ir.ops import BatchNormalization
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import Calibration, calibrate
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES

MEAN, DEVIATION = np.array([101325.0, 300.0, 0, 0]), np.array([50.0, 0.5, 1, 1])
STEPS = 400
LIMITS = {"int8": 0.04, "int8x16": 0.01, "int16": 0.005}


class Pilot(torch.nn.Module):
    """Reads a barometer and a thermometer: subtracts first, or has all of it in its weights."""

    def __init__(self, subtracts: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.subtracts = subtracts
        self.net = torch.nn.Sequential(torch.nn.Linear(4, 32), torch.nn.Tanh(),
                                       torch.nn.Linear(32, 3))
        mean, deviation = (torch.tensor(side, dtype=torch.float32) for side in (MEAN, DEVIATION))
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        if not subtracts:
            with torch.no_grad():
                self.net[0].weight /= deviation
                self.net[0].bias -= self.net[0].weight @ mean

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net((x - self.mean) / self.deviation if self.subtracts else x)


def recorded(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((STEPS, 4))
    return (noise * DEVIATION + MEAN).astype(np.float32)


def exact(module: Pilot, observations: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        made = module.double()(torch.from_numpy(observations.astype(np.float64))).numpy()
    module.float()
    return made


def real(program: Program, observations: np.ndarray) -> np.ndarray:
    qparams = program.values[program.outputs[0]].quantization
    runner = Interpreter(program)
    raw = np.stack([runner.step(row)[program.output_names[0]].reshape(-1)
                    for row in observations]).astype(np.float64)
    return raw if qparams is None else (raw - qparams.zero_point) * qparams.scale


@pytest.mark.parametrize("subtracts", [True, False])
def test_a_barometer_keeps_its_resolution(subtracts: bool) -> None:
    """As floats and as counts of a sensor, against torch in float64."""
    module = Pilot(subtracts).eval()
    program = optimize(puffer_edge.load(module, observation_shape=4, action="continuous"),
                       fuse=False)
    program = replace(program, contract=replace(
        program.contract, observation=(Field("pressure", (1,)), Field("rest", (3,)))))
    found = calibrate(program, recorded(), np.arange(STEPS) == 0)
    rows, scale, offset = recorded(1), np.array([0.05, 0.01, 0.01, 0.01]), MEAN * [1, 0, 0, 0]
    sensed = np.round((rows - offset) / scale).astype(np.int16)
    for scheme, limit in LIMITS.items():
        integers = quantize(program, found, SCHEMES[scheme])
        wanted = exact(module, rows)
        assert np.abs(real(integers, rows) - wanted).mean() < limit * wanted.std(), scheme
        given = integer_input(integers, {"pressure": (0.05, 101325.0), "rest": (0.01, 0.0)})
        assert given is not None
        wanted = exact(module, (sensed * scale + offset).astype(np.float32))
        error = np.abs(real(given.program, sensed) - wanted).mean()
        assert error < limit * wanted.std(), scheme


def test_a_large_mean_is_subtracted_first_in_float() -> None:
    """What one product and one sum would lose: 2e-3 of a deviation here."""
    module = Pilot(True).eval()
    program = optimize(puffer_edge.load(module, observation_shape=4, action="continuous"))
    rows = recorded()
    assert np.abs(real(program, rows) - exact(module, rows)).max() < 1e-5


@pytest.mark.parametrize("ratio", [1.0, 1e4])
def test_the_statistics_of_a_trainer_are_subtracted_first(ratio: float) -> None:
    """``scale`` and ``shift`` in float64, as front ends have them; a mean is no float32."""
    mean, deviation = np.array([[1 / 3, -2.0]]) * ratio, np.array([0.1, 0.7])
    builder = Builder("a test")
    x = builder.input("observation", (1, 2))
    y = normalized(builder, x, 1 / deviation, -mean[0] / deviation, "norm")
    program = optimize(builder.build({"mean": y}, Contract((Field("obs", (2,)),), Continuous(2))))
    assert sum(isinstance(op, BatchNormalization) for op in program.ops) == 1 + (ratio > 1)
    rows = (mean + np.random.default_rng(0).standard_normal((200, 2))).astype(np.float32)
    wanted = (rows.astype(np.float64) - mean) / deviation
    # An observation of float32 minus a rounded mean is exact or rounded once; then one product.
    assert np.abs(real(program, rows) - wanted).max() < 4 * 2.0**-24 * np.abs(wanted).max()


def test_ranges_of_features() -> None:
    """Ordinary ones have what they had; a far one eight times what it was seen to change."""
    seen = {"x": np.array([-1.0, 0.0, 0.5, 101275.0, 3.0], np.float32)}
    top = {"x": np.array([1.0, 0.0, 1.0, 101375.0, 3.0], np.float32)}
    low, high = Calibration(seen, top, 2).features("x")
    np.testing.assert_allclose(low, [-3, -1, -1.25, 100925, -3])
    np.testing.assert_allclose(high, [3, 1, 2.75, 101725, 9])
