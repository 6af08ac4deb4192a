# SPDX-License-Identifier: MIT
"""The five reference nets, with random weights: instruction counts do not depend on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from puffer_edge.ir import Activation, Builder, Continuous, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import Conv, Gemm, GRUCell, LSTMCell, MinGRUCell, Reshape, Unary


class Net:
    """A Builder with layers of random weights."""

    def __init__(self, *shape: int) -> None:
        self.random = np.random.default_rng(0)
        self.builder = Builder("a reference net")
        self.x = self.builder.input("observation", (1, *shape))

    def weight(self, *shape: int) -> str:
        scale = 1 / np.sqrt(np.prod(shape[1:]) if len(shape) > 1 else 10)
        return self.builder.constant(scale * self.random.standard_normal(shape))

    def linear(self, x: str, size: int, activation: str = "") -> str:
        width = self.builder.shape(x)[-1]
        y = self.builder.add(Gemm, x=x, weight=self.weight(size, width), bias=self.weight(size))
        return self.builder.add(Unary, x=y, function=Activation(activation)) if activation else y

    def conv(self, x: str, filters: int, kernel: int, stride: int) -> str:
        channels = self.builder.shape(x)[1]
        return self.builder.add(
            Conv, x=x, weight=self.weight(filters, channels, kernel, kernel),
            bias=self.weight(filters), strides=(stride, stride), pads=(0,) * 4, dilations=(1, 1),
            activation=Activation("relu"))

    def lstm(self, x: str, size: int) -> str:
        h, c = self.builder.state("h", (1, size)), self.builder.state("c", (1, size))
        y_h, y_c = self.builder.add_many(
            LSTMCell, ("", ""), x=x, h=h, c=c,
            weight=self.weight(4 * size, self.builder.shape(x)[-1]),
            recurrent=self.weight(4 * size, size), bias=self.weight(4 * size))
        self.builder.carry(h, y_h)
        self.builder.carry(c, y_c)
        return y_h

    def gru(self, x: str, size: int) -> str:
        h = self.builder.state("h", (1, size))
        y = self.builder.add(
            GRUCell, x=x, h=h, weight=self.weight(3 * size, self.builder.shape(x)[-1]),
            recurrent=self.weight(3 * size, size), bias=self.weight(3 * size),
            recurrent_bias=self.weight(3 * size))
        self.builder.carry(h, y)
        return y

    def min_gru(self, x: str) -> str:
        size = self.builder.shape(x)[-1]
        h = self.builder.state("h", (1, size))
        y, y_h = self.builder.add_many(MinGRUCell, ("", ""), x=x, h=h,
                                       weight=self.weight(3 * size, size))
        self.builder.carry(h, y_h)
        return y

    def program(self, *, continuous: bool = False, **outputs: str) -> Program:
        size = int(np.prod(self.builder.shape(self.x)))
        width = self.builder.shape(next(iter(outputs.values())))[-1]
        action = Continuous(width) if continuous else Discrete((width,))
        return self.builder.build(outputs, Contract((Field("obs", (size,)),), action))


def p1() -> Program:
    """MLP 4-64-64-2, tanh."""
    net = Net(4)
    hidden = net.linear(net.linear(net.x, 64, "tanh"), 64, "tanh")
    return net.program(logits=net.linear(hidden, 2))


def p2() -> Program:
    """Linear 8-128-128 with GELU, heads 4 and 1."""
    net = Net(8)
    hidden = net.linear(net.linear(net.x, 128, "gelu"), 128, "gelu")
    return net.program(logits=net.linear(hidden, 4), value=net.linear(hidden, 1))


def p3() -> Program:
    """Linear 16-128 and GELU, LSTM 128, heads 6 and 1."""
    net = Net(16)
    hidden = net.lstm(net.linear(net.x, 128, "gelu"), 128)
    return net.program(logits=net.linear(hidden, 6), value=net.linear(hidden, 1))


def p4() -> Program:
    """1x42x42, conv 16 8x8 stride 4, conv 32 4x4 stride 2, dense 128, 6."""
    net = Net(1, 42, 42)
    maps = net.conv(net.conv(net.x, 16, 8, 4), 32, 4, 2)
    size = int(np.prod(net.builder.shape(maps)))
    flat = net.builder.add(Reshape, x=maps, shape=(1, size))
    return net.program(logits=net.linear(net.linear(flat, 128, "relu"), 6))


def p5() -> Program:
    """MLP 17-256-256-6 ReLU, tanh output."""
    net = Net(17)
    hidden = net.linear(net.linear(net.x, 256, "relu"), 256, "relu")
    return net.program(mean=net.linear(hidden, 6, "tanh"), continuous=True)


NETS: dict[str, Callable[[], Program]] = {"P1": p1, "P2": p2, "P3": p3, "P4": p4, "P5": p5}


def gru() -> Program:
    """Linear 16-128 ReLU, GRU 128, head 6."""
    net = Net(16)
    return net.program(logits=net.linear(net.gru(net.linear(net.x, 128, "relu"), 128), 6))


def min_gru() -> Program:
    """Linear 16-128 ReLU, MinGRU 128, head 6."""
    net = Net(16)
    return net.program(logits=net.linear(net.min_gru(net.linear(net.x, 128, "relu")), 6))


CELLS: dict[str, Callable[[], Program]] = {"GRU": gru, "MinGRU": min_gru}
"""What no peer was measured with."""
ALL = NETS | CELLS
