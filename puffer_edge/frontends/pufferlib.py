# SPDX-License-Identifier: MIT
"""PufferLib state_dicts before version 4: the Default policy, with and without the LSTM wrapper.

Structure (pufferlib.models of 3.0): ``encoder`` Linear and an activation, an optional LSTM cell,
then ``decoder`` (logits) or ``decoder_mean`` and ``decoder_logstd``, and ``value``. The wrapper
saves its cell twice, as ``lstm.*`` and as ``cell.*``, with shared parameters. Versions 1 and 2 have
``value_head``, ``recurrent`` and ReLU, and save the whole module.
"""

from __future__ import annotations

import re

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends import heads
from puffer_edge.frontends.activations import activation
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors, add_linear
from puffer_edge.ir import Builder, Continuous, Discrete, Program
from puffer_edge.ir.ops import LSTMCell, OneHot, Reshape, Unary

StateDict = dict[str, Array]

NAME = "PufferLib"
SNAKE = (121, 8)
"""Cells of the board of the environment snake, and what each can hold."""
_CELL = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def matches(weights: StateDict) -> bool:
    """Whether the keys are those of PufferLib 3.0's Default policy."""
    keys = {key.removeprefix("policy.") for key in _modern(weights)}
    encoder = "encoder.0.weight" in keys or "encoder.weight" in keys
    decoder = any(key in keys for key in
                  ("decoder.weight", "decoder.0.weight", "decoder_mean.weight"))
    return encoder and decoder


def load_state_dict(weights: StateDict, options: LoadOptions, *, where: str) -> Program:
    """The Program of a PufferLib 3.0 state_dict.

    Args:
        weights: keys without ``module.`` and ``_orig_mod.``.
        options: ``activation`` is that of the encoder (default gelu, exact).
        where: the file, for messages.

    Raises:
        FileFormatError: a tensor is missing or has a shape that does not fit.
        UnsupportedError: the state_dict holds layers that the Default policy does not have.
        UsageError: the options do not fit the policy.
    """
    old, weights = _is_old(weights), _modern(weights)
    cell = {key: array for key, array in weights.items() if key.startswith(("lstm.", "cell."))}
    body = {key: array for key, array in weights.items() if key not in cell}
    tensors = Tensors(body, where, "policy." if any(key.startswith("policy.") for key in body)
                      else "")
    builder = Builder(f"PufferLib {'1 or 2' if old else '3.0'} state_dict, Default policy"
                      + (" with LSTM" if cell else ""))
    encoder = "encoder.0" if tensors.has("encoder.0.weight") else "encoder"
    size = tensors.linear(encoder)[0].shape[1]
    given = sum(field.size for field in options.observation)
    if size == SNAKE[0] * SNAKE[1] and given != size:
        size = SNAKE[0]
        builder.assume("observation-encoding", f"the observation is snake's board, {size} numbers "
                       f"below {SNAKE[1]}, one-hot inside; give --observation "
                       f"obs:{size * SNAKE[1]} if it is not", "--observation")
        x = builder.add(OneHot, x=builder.input("observation", (1, size)), classes=SNAKE[1])
        x = builder.add(Reshape, x=x, shape=(1, size * SNAKE[1]))
    else:
        x = builder.input("observation", (1, size))
    hidden = _linear(builder, x, tensors, encoder)
    function = activation(_encoder_activation(builder, encoder, options, old))
    if function is not None:
        hidden = builder.add(Unary, name=function.function, x=hidden, function=function)
    if cell:
        hidden = _lstm(builder, hidden, Tensors(cell, where), where)
    outputs, action = _heads(builder, hidden, tensors, options)
    tensors.finish("PufferLib's Default policy",
                   "load it into its torch module and pass that to puffer_edge.load()")
    contract = heads.contract(builder, options, size, action, sampled=True)
    return builder.build(outputs, contract)


def _is_old(weights: StateDict) -> bool:
    """Whether these are names of versions 1 and 2, whose value head is called value_head."""
    parts = {part for key in weights for part in key.split(".")}
    return "value_head" in parts and "value" not in parts


def _modern(weights: StateDict) -> StateDict:
    """The names that version 3 gives: versions 1 and 2 wrap the policy once more."""
    if not _is_old(weights):
        return weights
    start = "policy." if all(key.startswith("policy.") for key in weights) else ""
    return {re.sub(r"^recurrent\.", "lstm.", key.removeprefix(start)).replace(
        "value_head.", "value."): array for key, array in weights.items()}


def _encoder_activation(builder: Builder, encoder: str, options: LoadOptions, old: bool) -> str:
    if options.activation:
        return options.activation
    if old:
        builder.assume("activation", "the encoder's activation is ReLU, as in PufferLib 1 and 2",
                       "--activation")
        return "relu"
    if encoder == "encoder":
        builder.assume("activation", "no activation after the encoder, as for the trainer's "
                       "dictionary observations; give --activation if there is one", "--activation")
        return "none"
    builder.assume("activation", "the encoder's activation is the exact GELU of PufferLib 3.0; "
                   "give --activation relu for a policy that was trained with it", "--activation")
    return "gelu"


def _heads(builder: Builder, hidden: str, tensors: Tensors,
           options: LoadOptions) -> tuple[dict[str, str], Discrete | Continuous]:
    outputs: dict[str, str] = {}
    action: Discrete | Continuous
    if tensors.has("decoder_mean.weight"):
        outputs["mean"] = _linear(builder, hidden, tensors, "decoder_mean")
        size = builder.shape(outputs["mean"])[1]
        tensors.take("decoder_logstd", (1, size))
        builder.note("dropped", "decoder_logstd: the deterministic action is the mean")
        action = heads.continuous(builder, options, size)
    else:
        parameters, sizes = _decoder(tensors)
        outputs["logits"] = add_linear(builder, hidden, parameters, tensors.layer("decoder"),
                                       tensors.place("decoder"))
        if len(sizes) > 1 and not options.action_sizes:
            action = Discrete(sizes)
        else:
            action = heads.discrete(builder, options, sum(sizes))
    if tensors.has("value.weight"):
        outputs["value"] = _linear(builder, hidden, tensors, "value")
    return outputs, action


def _decoder(tensors: Tensors) -> tuple[tuple[Array, Array], tuple[int, ...]]:
    """One matrix and its rows; the decoders of older versions, one per head, are stacked."""
    names = ["decoder"]
    if not tensors.has("decoder.weight"):
        names = ["decoder.0"]
        while tensors.has(f"decoder.{len(names)}.weight"):
            names.append(f"decoder.{len(names)}")
    parts = [tensors.linear(name) for name in names]
    weights, biases = zip(*parts, strict=True)
    if len({weight.shape[1] for weight in weights}) > 1:
        raise FileFormatError("the decoders do not take the same inputs",
                              where=tensors.place("decoder"))
    return ((np.concatenate(weights), np.concatenate(biases)),
            tuple(len(weight) for weight in weights))


def _lstm(builder: Builder, x: str, cell: Tensors, where: str) -> str:
    """The one cell, which is saved under two names."""
    found = [[cell.take(pattern.format(name)) for name in _CELL]
             for pattern in ("lstm.{}_l0", "cell.{}") if cell.has(pattern.format(_CELL[0]))]
    if not found:
        raise FileFormatError("the LSTM's input weights are missing", where=where)
    cell.finish("PufferLib's LSTM wrapper", "load it into its torch module and pass that to "
                                            "puffer_edge.load()")
    if len(found) == 2 and not all(map(np.array_equal, *found)):
        raise FileFormatError("lstm.* and cell.* share their parameters in PufferLib, but "
                              "differ here", where=where)
    weight_ih, weight_hh, bias_ih, bias_hh = found[0]
    inputs, hidden = builder.shape(x)[1], weight_hh.shape[-1] if weight_hh.ndim else 0
    expected = [(4 * hidden, inputs), (4 * hidden, hidden), (4 * hidden,), (4 * hidden,)]
    if [array.shape for array in found[0]] != expected:
        raise FileFormatError(f"the LSTM's tensors do not fit each other, or the {inputs} outputs "
                              "of the encoder", where=f"{where}: lstm")
    h, c = builder.state("lstm_h", (1, hidden)), builder.state("lstm_c", (1, hidden))
    y_h, y_c = builder.add_many(
        LSTMCell, ("lstm_h_next", "lstm_c_next"), x=x, h=h, c=c,
        weight=builder.constant(weight_ih, "lstm.weight_ih"),
        recurrent=builder.constant(weight_hh, "lstm.weight_hh"),
        bias=builder.constant(bias_ih + bias_hh, "lstm.bias"), layer="lstm")
    builder.carry(h, y_h)
    builder.carry(c, y_c)
    return y_h


def _linear(builder: Builder, x: str, tensors: Tensors, name: str) -> str:
    return add_linear(builder, x, tensors.linear(name), tensors.layer(name), tensors.place(name))
