# SPDX-License-Identifier: MIT
"""PufferLib 4 state_dicts, and the same names given to its native weights.

Structure (pufferlib.models of 4.0): ``encoder.encoder`` Linear without an activation, ``network``
(MinGRU by default, of any number of layers, none included; or LSTM, GRU with a residual and an
RMSNorm, MLP), and ``decoder`` with the heads and the value.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends import heads
from puffer_edge.frontends.layers import (
    activate,
    linear,
    numbered,
    recurrent_cell,
    recurrent_parts,
    rms_norm,
)
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Program
from puffer_edge.ir.ops import Binary, MinGRUCell

NAME = "PufferLib 4"


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of PufferLib 4's default policy."""
    return "encoder.encoder.weight" in weights and (
        "decoder.decoder.weight" in weights or "decoder.decoder_mean.weight" in weights)


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str,
                    source: str = "PufferLib 4 state_dict") -> Program:
    """The Program of a PufferLib 4 state_dict.

    Args:
        weights: keys as the trainer saves them; biases may be absent.
        options: bounds, sizes of the heads.
        where: the file, for messages.
        source: what the file is, in words.

    Raises:
        FileFormatError: a tensor is missing or has a shape that does not fit.
        UnsupportedError: there are layers that the default policy does not have.
        UsageError: the options do not fit the policy.
    """
    tensors = Tensors(weights, where)
    network = _network(tensors)
    builder = Builder(f"{source}, {network.replace('_', ' ')}")
    size = tensors.linear("encoder.encoder", bare=True)[0].shape[1]
    x = linear(builder, builder.input("observation", (1, size)), tensors, "encoder.encoder")
    x = _NETWORKS[network](builder, x, tensors)
    outputs: dict[str, str] = {}
    action: Discrete | Continuous
    if tensors.has("decoder.decoder_mean.weight"):
        outputs["mean"] = linear(builder, x, tensors, "decoder.decoder_mean")
        width = builder.shape(outputs["mean"])[1]
        tensors.take("decoder.decoder_logstd", (1, width))
        builder.note("dropped", "decoder_logstd: the deterministic action is the mean")
        action = heads.continuous(builder, options, width)
    else:
        outputs["logits"] = linear(builder, x, tensors, "decoder.decoder")
        action = heads.discrete(builder, options, builder.shape(outputs["logits"])[1])
    if tensors.has("decoder.value_function.weight"):
        outputs["value"] = linear(builder, x, tensors, "decoder.value_function")
    tensors.finish("PufferLib 4's default policy",
                   "load it into its torch module and pass that to puffer_edge.load()")
    return builder.build(outputs, heads.contract(builder, options, size, action, sampled=True))


def _network(tensors: Tensors) -> str:
    """Which of the trainer's networks this is, by its keys."""
    keys = tensors.names("network.")
    for name, stem in (("LSTM", "network.lstm."), ("GRU", "network.gru."), ("MLP", "network.net.")):
        if any(key.startswith(stem) for key in keys):
            return name
    return "MinGRU" if keys else "without_a_recurrent_layer"


def _min_gru(builder: Builder, x: str, tensors: Tensors) -> str:
    count = 0
    while tensors.has(name := f"network.layers.{count}.weight"):
        hidden = builder.shape(x)[1]
        weight = builder.constant(tensors.take(name, (3 * hidden, hidden)), name)
        state = builder.state(f"min_gru_{count}", (1, hidden))
        x, after = builder.add_many(MinGRUCell, (f"network.layers.{count}", ""), x=x, h=state,
                                    weight=weight, layer=f"network.layers.{count}")
        builder.carry(state, after)
        count += 1
    return x


def _cells(builder: Builder, tensors: Tensors, kind: str) -> list[list[Array]]:
    """Parts of each layer; they are saved twice, as nn.LSTM (or GRU) and as cells."""
    layers: list[list[Array]] = []
    while tensors.has(f"network.{kind}.weight_ih_l{len(layers)}"):
        index = len(layers)
        parts = recurrent_parts(tensors, f"network.{kind}", f"_l{index}")
        if tensors.names(f"network.cell.{index}."):
            again = recurrent_parts(tensors, f"network.cell.{index}")
            if not all(map(np.array_equal, parts, again)):
                raise FileFormatError(f"network.{kind} and network.cell share their parameters in "
                                      "PufferLib, but differ here",
                                      where=tensors.place(f"network.cell.{index}"))
        layers.append(parts)
    if not layers:
        raise FileFormatError("the input weights are missing",
                              where=tensors.place(f"network.{kind}"))
    return layers


def _lstm(builder: Builder, x: str, tensors: Tensors) -> str:
    for index, parts in enumerate(_cells(builder, tensors, "lstm")):
        x = recurrent_cell(builder, x, parts, f"network.lstm.{index}",
                           tensors.place("network.lstm"))
    return x


def _gru(builder: Builder, x: str, tensors: Tensors) -> str:
    """Around each cell a residual, and one RMSNorm for all: how the trainer plays."""
    weight: Array | None = None
    for index, parts in enumerate(_cells(builder, tensors, "gru")):
        y = recurrent_cell(builder, x, parts, f"network.gru.{index}", tensors.place("network.gru"))
        if builder.shape(y) != builder.shape(x):
            raise FileFormatError("the GRU's output does not fit its input, which is added to it",
                                  where=tensors.place("network.gru"))
        if weight is None:
            weight = tensors.take("network.norm.weight", builder.shape(y)[1:])
        y = builder.add(Binary, a=y, b=x, function="add", layer=f"network.gru.{index}")
        x = rms_norm(builder, y, weight, "network.norm")
    return x


def _mlp(builder: Builder, x: str, tensors: Tensors) -> str:
    for name in numbered(tensors, "network.net."):
        x = activate(builder, linear(builder, x, tensors, name), Activation("gelu"), name)
    return x


def _none(builder: Builder, x: str, tensors: Tensors) -> str:
    builder.note("stated", "num_layers is 0: the policy has no recurrent layer")
    return x


_NETWORKS = {"MinGRU": _min_gru, "LSTM": _lstm, "GRU": _gru, "MLP": _mlp,
             "without_a_recurrent_layer": _none}
