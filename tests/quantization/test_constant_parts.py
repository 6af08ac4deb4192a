# SPDX-License-Identifier: MIT
"""Constants that are joined to what is in integers are integers, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Concat, Conv, Gemm, Quantize, Reshape, Unary
from puffer_edge.quantization.integer_input import integer_input
from tests import zoo


def coordinates() -> Program:
    """A CoordConv: the planes of the pixels' coordinates beside the image, which comes flat."""
    bench = zoo.Bench((1, 30))
    image = bench.op(Reshape, x=bench.x, shape=(1, 1, 6, 5))
    planes = np.stack(np.meshgrid(np.linspace(-1, 1, 6), np.linspace(-1, 1, 5), indexing="ij"))
    y = bench.op(Concat, xs=(image, bench.builder.constant(planes[None])), axis=1)
    y = bench.op(Conv, x=y, weight=bench.weight(4, 3, 3, 3, scale=0.3), bias=bench.weight(4),
                 strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1))
    y = bench.op(Unary, x=y, function=Activation("relu"))
    return bench.program(bench.op(Gemm, x=bench.op(Reshape, x=y, shape=(1, 48)),
                                  weight=bench.weight(3, 48)))


@pytest.mark.parametrize(("scheme", "share"), [("int8", 0.06), ("int16", 1e-3)])
def test_coordinates_beside_the_observation(scheme: str, share: float) -> None:
    """The observation itself is quantised, so that it may come in integers."""
    program = coordinates()
    made = zoo.in_integers(program, scheme)
    assert sum(isinstance(op, Quantize) for op in made.ops) == 1
    assert integer_input(made) is not None
    floating, integers = Interpreter(program), Interpreter(made)
    qparams = made.values[made.outputs[0]].quantization
    assert qparams is not None
    random = np.random.default_rng(2)
    x = random.standard_normal((30, 30)).astype(np.float32)
    exact = np.stack([floating.step(row)["logits"] for row in x])
    ours = np.stack([integers.step(row)["logits"] for row in x])
    real = (ours.astype(np.float64) - qparams.zero_point) * qparams.scale
    # Pixels have 8 bits for three times their reach, a step of 0.1; a missing plane is a third.
    assert np.abs(real - exact).max() < share * np.abs(exact).max()


def test_it_is_exported_everywhere(tmp_path: Path) -> None:
    data = tmp_path / "observations.npy"
    np.save(data, np.random.default_rng(0).standard_normal((200, 30)).astype(np.float32))
    for target in ("cortex-m", "micropython"):
        artefact = puffer_edge.export(coordinates(), tmp_path / target, target=target,
                                      scheme="int16", calibrate=str(data))
        assert puffer_edge.verify(artefact).passed
