"""PufferLib 3.0 state_dicts: the Default policy, with and without the LSTM wrapper.

Structure (pufferlib.models of 3.0): ``encoder`` Linear and an activation, an optional LSTM cell,
then ``decoder`` (logits) or ``decoder_mean`` and ``decoder_logstd``, and ``value``. The wrapper
saves its cell twice, as ``lstm.*`` and as ``cell.*``, with shared parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.activations import activation
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Builder, Program
from puffer_edge.ir.ops import Gemm, LSTMCell, Unary

Array = npt.NDArray[Any]
StateDict = dict[str, Array]

_CELL = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def matches(weights: StateDict) -> bool:
    """Whether the keys are those of PufferLib 3.0's Default policy."""
    keys = {key.removeprefix("policy.") for key in weights}
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
    """
    reader = _Reader(weights, where)
    recurrent = any(key.startswith(("lstm.", "cell.")) for key in weights)
    builder = Builder("PufferLib 3.0 state_dict, Default policy"
                      + (" with LSTM" if recurrent else ""))
    encoder = "encoder.0" if reader.has("encoder.0.weight") else "encoder"
    weight, bias = reader.linear(encoder)
    x = builder.input("observation", (1, weight.shape[1]))
    hidden = _linear(builder, x, weight, bias, reader.layer(encoder))
    if encoder == "encoder":
        if options.activation:
            hidden = _activate(builder, hidden, options.activation)
        else:
            builder.note("assumed", "no activation after the encoder, as for the trainer's "
                                    "dictionary observations; give --activation if there is one")
    else:
        if not options.activation:
            builder.note("assumed", "the encoder's activation is the exact GELU of PufferLib 3.0; "
                                    "give --activation relu for a policy that was trained with it")
        hidden = _activate(builder, hidden, options.activation or "gelu")
    if recurrent:
        hidden = _lstm(builder, hidden, reader)
    outputs, action = _heads(builder, hidden, reader, options)
    reader.finish()
    contract = heads.contract(builder, options, weight.shape[1], action, sampled=True)
    return builder.build(outputs, contract)


def _heads(builder: Builder, hidden: str, reader: _Reader,
           options: LoadOptions) -> tuple[dict[str, str], Any]:
    outputs: dict[str, str] = {}
    if reader.has("decoder_mean.weight"):
        weight, bias = reader.linear("decoder_mean")
        outputs["mean"] = _linear(builder, hidden, weight, bias, reader.layer("decoder_mean"))
        reader.take("decoder_logstd", (1, weight.shape[0]))
        builder.note("dropped", "decoder_logstd: the deterministic action is the mean")
        action: Any = heads.continuous(builder, options, weight.shape[0])
    else:
        weight, bias = reader.decoder()
        outputs["logits"] = _linear(builder, hidden, weight, bias, reader.layer("decoder"))
        action = heads.discrete(builder, options, weight.shape[0])
    if reader.has("value.weight"):
        weight, bias = reader.linear("value")
        outputs["value"] = _linear(builder, hidden, weight, bias, reader.layer("value"))
    return outputs, action


def _lstm(builder: Builder, x: str, reader: _Reader) -> str:
    weight_ih, weight_hh, bias_ih, bias_hh = reader.cell()
    hidden = weight_hh.shape[1]
    h, c = builder.state("lstm_h", (1, hidden)), builder.state("lstm_c", (1, hidden))
    y_h, y_c = builder.add_many(
        LSTMCell, ("lstm_h_next", "lstm_c_next"), x=x, h=h, c=c,
        weight=builder.constant(weight_ih, "lstm.weight_ih"),
        recurrent=builder.constant(weight_hh, "lstm.weight_hh"),
        bias=builder.constant(bias_ih + bias_hh, "lstm.bias"), layer="lstm")
    builder.carry(h, y_h)
    builder.carry(c, y_c)
    return y_h


def _linear(builder: Builder, x: str, weight: Array, bias: Array, layer: str) -> str:
    if builder.shape(x)[-1] != weight.shape[1]:
        raise FileFormatError(f"the weight has {weight.shape[1]} inputs, "
                              f"the layer before gives {builder.shape(x)[-1]}", where=layer)
    return builder.add(Gemm, name=layer, x=x, weight=builder.constant(weight, f"{layer}.weight"),
                       bias=builder.constant(bias, f"{layer}.bias"), layer=layer)


def _activate(builder: Builder, x: str, function: str) -> str:
    known = activation(function)
    return x if known is None else builder.add(Unary, name=function, x=x, function=known)


class _Reader:
    """Takes tensors out of a state_dict, checking shapes and that nothing is left over."""

    def __init__(self, weights: StateDict, where: str) -> None:
        self._weights = weights
        self._where = where
        self._prefix = "policy." if any(key.startswith("policy.") for key in weights) else ""
        self._taken: set[str] = set()

    def layer(self, name: str) -> str:
        """A layer's full name in the file."""
        return self._prefix + name

    def has(self, name: str) -> bool:
        return self._prefix + name in self._weights

    def take(self, name: str, shape: tuple[int, ...] | None = None, *,
             prefixed: bool = True) -> Array:
        key = (self._prefix if prefixed else "") + name
        if key not in self._weights:
            raise FileFormatError("the tensor is missing", where=f"{self._where}: {key}")
        array = self._weights[key]
        if shape is not None and array.shape != shape:
            raise FileFormatError(f"the tensor has the shape {array.shape}, expected {shape}",
                                  where=f"{self._where}: {key}")
        self._taken.add(key)
        return array

    def linear(self, name: str) -> tuple[Array, Array]:
        weight = self.take(f"{name}.weight")
        if weight.ndim != 2:
            raise FileFormatError(f"the weight has the shape {weight.shape}, expected a matrix",
                                  where=f"{self._where}: {self.layer(name)}.weight")
        return weight, self.take(f"{name}.bias", weight.shape[:1])

    def decoder(self) -> tuple[Array, Array]:
        """One matrix; the list of decoders of older versions one below the other."""
        if self.has("decoder.weight"):
            return self.linear("decoder")
        parts: list[tuple[Array, Array]] = []
        while self.has(f"decoder.{len(parts)}.weight"):
            parts.append(self.linear(f"decoder.{len(parts)}"))
        return np.concatenate([w for w, _ in parts]), np.concatenate([b for _, b in parts])

    def cell(self) -> list[Array]:
        """weight_ih, weight_hh, bias_ih, bias_hh of the one cell, saved under two names."""
        found: list[list[Array]] = []
        for pattern in ("lstm.{}_l0", "cell.{}"):
            if pattern.format(_CELL[0]) in self._weights:
                found.append([self.take(pattern.format(name), prefixed=False) for name in _CELL])
        if not found:
            raise FileFormatError("the LSTM's weights are missing", where=self._where)
        if len(found) == 2 and not all(map(np.array_equal, *found)):
            raise FileFormatError("lstm.* and cell.* share their parameters in PufferLib, but "
                                  "differ here", where=self._where)
        hidden = found[0][1].shape[-1]
        sizes = [(4 * hidden, found[0][0].shape[-1]), (4 * hidden, hidden), (4 * hidden,),
                 (4 * hidden,)]
        if [array.shape for array in found[0]] != sizes:
            raise FileFormatError("the LSTM's tensors do not fit each other",
                                  where=f"{self._where}: lstm")
        return found[0]

    def finish(self) -> None:
        left = sorted(set(self._weights) - self._taken)
        if left:
            raise UnsupportedError(
                f"the state_dict has layers that PufferLib's Default policy has not: "
                f"{', '.join(map(ascii, left[:6]))}", where=self._where,
                hint="load it into its torch module and pass that to puffer_edge.load()")
