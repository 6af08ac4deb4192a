# SPDX-License-Identifier: MIT
"""The network of a student: hidden layers, perhaps a recurrent cell, and the teacher's outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.fitting.candidate import Candidate
from puffer_edge.ir import Activation, Builder, Continuous, Program
from puffer_edge.ir.ops import Gemm, GRUCell, LSTMCell, MinGRUCell, Unary

FUNCTIONS = {"relu": Activation("relu"), "tanh": Activation("tanh"),
             "hard_tanh": Activation("clip", (-1.0, 1.0))}
GATES = {"gru": 3, "lstm": 4, "min_gru": 3}


def untrained(teacher: Program, candidate: Candidate, seed: int) -> Program:
    """A student with random weights, of the teacher's contract.

    Weights are uniform within the root of 3 / inputs (Glorot's rule for one side), biases zero.

    Args:
        teacher: whose observation and action it takes over.
        candidate: its shape.
        seed: of the weights.

    Raises:
        UnsupportedError: the teacher masks choices, which no student learns.
    """
    contract = teacher.contract
    if contract.mask is not None:
        raise UnsupportedError("a student cannot be made of a policy with an action mask",
                               hint="only the teacher's own schemes are tried")
    random = np.random.default_rng(seed)
    builder = Builder(f"student of {teacher.source}")
    x = builder.input("observation", (1, contract.observation_size))
    hidden = candidate.widths[:-1] if candidate.cell else candidate.widths
    for index, width in enumerate(hidden):
        x = _linear(builder, x, width, random, f"hidden_{index + 1}")
        x = builder.add(Unary, x=x, function=FUNCTIONS[candidate.activation],
                        name=f"hidden_{index + 1}.activated", layer=f"hidden_{index + 1}")
    if candidate.cell:
        x = _cell(builder, x, candidate.cell, candidate.widths[-1], random)
    outputs = {}
    for name, head in contract.heads.items():
        shown = "mean" if isinstance(head, Continuous) else "logits"
        outputs[shown] = _linear(builder, x, head.width, random,
                                 "output" if name == "action" else f"output_{name}")
    return builder.build(outputs, replace(contract, normaliser=None, sampled=False))


def _linear(builder: Builder, x: str, width: int, random: np.random.Generator, layer: str) -> str:
    weight = builder.constant(_uniform(random, width, builder.shape(x)[1]), f"{layer}.weight")
    bias = builder.constant(np.zeros(width, np.float32), f"{layer}.bias")
    return builder.add(Gemm, x=x, weight=weight, bias=bias, layer=layer, name=layer)


def _cell(builder: Builder, x: str, kind: str, width: int, random: np.random.Generator) -> str:
    """A cell behind ``x``; of a MinGRU, which keeps the width, behind a layer that makes it."""
    h = builder.state("h", (1, width))
    if kind == "min_gru" and builder.shape(x)[1] != width:
        x = _linear(builder, x, width, random, "encoder")
    rows = GATES[kind] * width
    weight = builder.constant(_uniform(random, rows, builder.shape(x)[1]), "cell.weight")
    if kind == "min_gru":
        y, after = builder.add_many(MinGRUCell, ("cell", "cell.state"), x=x, h=h, weight=weight,
                                    layer="cell")
        builder.carry(h, after)
        return y
    recurrent = builder.constant(_uniform(random, rows, width), "cell.recurrent")
    bias = np.zeros(rows, np.float32)
    if kind == "gru":
        y = builder.add(GRUCell, x=x, h=h, weight=weight, recurrent=recurrent,
                        bias=builder.constant(bias, "cell.bias"),
                        recurrent_bias=builder.constant(bias, "cell.recurrent_bias"),
                        layer="cell", name="cell")
        builder.carry(h, y)
        return y
    bias[width : 2 * width] = 1.0  # a fresh LSTM remembers (Jozefowicz et al., 2015)
    c = builder.state("c", (1, width))
    y, after = builder.add_many(
        LSTMCell, ("cell", "cell.memory"), x=x, h=h, c=c, weight=weight, recurrent=recurrent,
        bias=builder.constant(bias, "cell.bias"), layer="cell")
    builder.carry(h, y)
    builder.carry(c, after)
    return y


def _uniform(random: np.random.Generator, rows: int, columns: int) -> Array:
    reach = np.sqrt(3 / columns)
    return random.uniform(-reach, reach, (rows, columns)).astype(np.float32)
