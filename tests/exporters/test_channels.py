# SPDX-License-Identifier: MIT
"""Channels that lie last on a computer: for which values, and the bits stay the interpreter's."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge import runtimes
from puffer_edge.exporters.c.channels import channels_last, places_of_channels
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Builder, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import Binary, Conv, Gemm, Reshape
from tests.runtimes.test_lanes import compare

RELU = Activation("relu")


class Net:
    """Convolutions of random weights over an image [2, 9, 10]."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)
        self.builder = Builder("a net of convolutions")
        self.x = self.builder.input("observation", (1, 2, 9, 10))

    def weight(self, *shape: int) -> str:
        return self.builder.constant(self.random.standard_normal(shape))

    def conv(self, x: str, filters: int, *kernel: int, pads: int = 0, group: int = 1,
             relu: bool = True) -> str:
        channels, axes = self.builder.shape(x)[1] // group, len(kernel)
        return self.builder.add(
            Conv, x=x, weight=self.weight(filters, channels, *kernel), bias=self.weight(filters),
            strides=(1,) * axes, pads=(pads,) * (2 * axes), dilations=(1,) * axes, group=group,
            activation=RELU if relu else None)

    def shaped(self, x: str, *shape: int) -> str:
        return self.builder.add(Reshape, x=x, shape=shape)

    def linear(self, x: str, size: int, relu: bool = False) -> str:
        width = int(np.prod(self.builder.shape(x)))
        return self.builder.add(Gemm, x=self.shaped(x, 1, width), weight=self.weight(size, width),
                                bias=self.weight(size), activation=RELU if relu else None)

    def program(self, *logits: str, **more: str) -> Program:
        total = logits[0]
        for each in logits[1:]:
            total = self.builder.add(Binary, a=total, b=each, function="add")
        return self.builder.build({"logits": total, **more},
                                  Contract((Field("obs", (180,)),), Discrete((5,))))


def every_kind() -> tuple[Program, set[str]]:
    """A chain of readers of every kind, and the values whose channels lie last."""
    net = Net()
    first = net.conv(net.x, 19, 3, 2)  # read by a convolution and a layer
    second = net.conv(first, 70, 2, 3)  # by one padded
    third = net.conv(second, 6, 3, 3, pads=1, relu=False)  # by one of one axis, and one of groups
    line = net.shaped(third, 1, 6, int(np.prod(net.builder.shape(third)[2:])))
    fourth = net.conv(line, 4, 7)
    fifth = net.conv(third, 6, 2, 2, group=2)
    sixth = net.conv(net.x, 8, 4, 4)  # by one over other channels
    rows = net.shaped(sixth, 1, 8 * 6, 7)
    seventh = net.conv(rows, 3, 2)  # by nobody but the outside
    program = net.program(net.linear(first, 5), net.linear(fourth, 5, relu=True),
                          net.linear(fifth, 5), net.linear(seventh, 5),
                          value=net.shaped(seventh, 1, 18))
    return program, {first, fourth, fifth}


def test_who_reads_decides() -> None:
    program, last = every_kind()
    assert channels_last(program) == last


def test_the_bits_are_those_of_the_interpreter() -> None:
    program, _ = every_kind()
    compare(program, 21)
    oracle = Interpreter(program)
    with runtimes.load(program, "native") as policy:
        for x in np.random.default_rng(1).standard_normal((4, 180)).astype(np.float32):
            policy.step(x)
            expected = oracle.step(x)
            for name, values in policy.outputs.items():
                assert values.tobytes() == expected[name].tobytes(), name


@pytest.mark.parametrize("shape", [(1, 3, 2, 4), (1, 5, 1), (1, 1, 7)])
def test_places(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(2).standard_normal(shape)
    last = np.moveaxis(values, 1, -1).reshape(-1)
    assert np.array_equal(last[places_of_channels(shape)], values.reshape(-1))
