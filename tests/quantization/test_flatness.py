# SPDX-License-Identifier: MIT
"""One unit with large inputs to a function that flattens out costs the others nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import puffer_edge
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import GemmInteger
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.describing import ranges
from puffer_edge.quantization.flatness import flat_beyond
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES

STEPS = 300
LIMITS = {"int8": 0.02, "int8x16": 0.005, "int16": 0.002}
"""Mean error relative to the deviation of the outputs; without the limit it is 0.1 to 0.6."""


@pytest.mark.parametrize("largest", [1e3, 1e6])
@pytest.mark.parametrize("activation", ["Tanh", "Sigmoid", "Hardtanh", "Hardsigmoid"])
def test_one_large_weight_costs_the_others_nothing(activation: str, largest: float) -> None:
    torch.manual_seed(0)
    act = getattr(torch.nn, activation)
    module = torch.nn.Sequential(torch.nn.Linear(6, 16), act(), torch.nn.Linear(16, 16), act(),
                                 torch.nn.Linear(16, 4)).eval()
    with torch.no_grad():
        module[0].weight[3, 2] = module[2].weight[5, 4] = largest
    program = optimize(puffer_edge.load(module, observation_shape=6), fuse=False)
    observations = np.random.default_rng(0).standard_normal((2 * STEPS, 6)).astype(np.float32)
    found = calibrate(program, observations[:STEPS], np.arange(STEPS) == 0)
    with torch.no_grad():
        wanted = module(torch.from_numpy(observations)).numpy()[STEPS:]
    for scheme, limit in LIMITS.items():
        integers = quantize(program, found, SCHEMES[scheme])
        qparams = integers.values[integers.outputs[0]].quantization
        assert qparams is not None
        runner = Interpreter(integers)
        raw = np.stack([runner.step(row)[integers.output_names[0]].reshape(-1)
                        for row in observations[STEPS:]])
        error = np.abs((raw - float(qparams.zero_point)) * qparams.scale - wanted)
        assert error.mean() < limit * wanted.std(), scheme
        assert scheme != "int16" or (raw.argmax(1) == wanted.argmax(1)).mean() > 0.99
        # The sums of the large unit are cut off where the function is flat: nothing is lost.
        assert all(row.clipped == 0 for row in ranges(integers, found))


@pytest.mark.parametrize(("function", "low", "high"), [
    (Activation("tanh"), -6, 6), (Activation("sigmoid"), -11, 11),
    (Activation("relu"), -1e-9, np.inf),
    (Activation("clip", (-2.0, 5.0)), -2.1, 5.2), (Activation("elu", (1.0,)), -11, np.inf),
    (Activation("clip", (-1e-3, 1e-3)), -1.1e-3, 1.1e-3),
    (Activation("leaky_relu", (0.01,)), -np.inf, np.inf)])
def test_a_function_is_flat_beyond_its_range(function: Activation, low: float,
                                             high: float) -> None:
    """Against the exact function, far out; and no wider than it must be."""
    bottom, top = flat_beyond(function)
    assert low <= bottom and top <= high and (np.isinf(bottom), np.isinf(top)) == (
        np.isinf(low), np.isinf(high))
    exact = FUNCTIONS[function.function].exact
    for end, far in ((bottom, -1e9), (top, 1e9)):
        if np.isfinite(end):
            values = exact(np.geomspace(abs(end) + 1e-9, 1e9, 1000) * np.sign(far),
                           *function.parameters)
            assert np.ptp(values) <= 2**-15 * max(1e-3, abs(values[-1]) or 1)


def test_a_row_beyond_all_bounds_saturates() -> None:
    """Its sums reach 2^40 steps of the output: both ends are met, and nothing leaves 31 bits."""
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 2))
    with torch.no_grad():
        module[0].weight[0, 0] = 1e9
        module[0].weight[1] = 0.5
    program = optimize(puffer_edge.load(module.eval(), observation_shape=2), fuse=False)
    observations = np.random.default_rng(0).standard_normal((STEPS, 2)).astype(np.float32)
    found = calibrate(program, observations, np.arange(STEPS) == 0)
    for scheme in SCHEMES.values():
        integers = quantize(program, found, scheme)
        first = next(op for op in integers.ops if isinstance(op, GemmInteger))
        for x in (1.0, -1.0, 1e9, -1e9):
            made = Interpreter(integers).values(np.array([x, 0], np.float32))[first.y]
            qparams = first.quantization
            assert made[0, 0] == (qparams.high if x > 0 else qparams.low)
