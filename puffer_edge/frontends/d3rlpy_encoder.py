# SPDX-License-Identifier: MIT
"""Encoders of d3rlpy: a Sequential of layers whose places follow from the settings.

Vectors: ``linear, activation, [batch norm], [layer norm], [dropout]`` per layer. Images: the same
of convolutions, which are followed by one linear layer. Dropout does nothing when a policy plays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.activations import activation
from puffer_edge.frontends.layers import (
    activate,
    convolution,
    flatten,
    layer_norm,
    linear,
    normalized,
)
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Activation, Builder
from puffer_edge.readers.d3rlpy_file import Part
from puffer_edge.readers.text import printable

_FUNCTIONS = {"relu": "relu", "gelu": "gelu", "tanh": "tanh", "swish": "silu", "none": "none"}
_FILTERS = [[32, 8, 4], [64, 4, 2], [64, 3, 1]]
"""Channels, kernel and stride: d3rlpy's default, of the Nature DQN."""
_EPSILON = 1e-5
"""Of torch's batch norms."""


def encode(builder: Builder, x: str, tensors: Tensors, stem: str, described: Part,
           where: str) -> str:
    """The features, [1, features].

    Args:
        builder: takes the layers.
        x: the scaled observation, [1, n] or [1, channels, height, width].
        tensors: of the policy.
        stem: begins the names of the encoder's.
        described: the encoder's settings.
        where: the file, for messages.

    Raises:
        FileFormatError: tensors or settings do not fit each other.
        UnsupportedError: the encoder is of another kind.
    """
    image = len(builder.shape(x)) == 4
    if described.kind not in ("default", "pixel" if image else "vector"):
        raise UnsupportedError(f"the encoder {described.kind} is not supported", where=where,
                               hint="export the greedy policy: algo.save_policy('policy.onnx')")
    function = _function(described.settings, "activation", where)
    last = function
    if described.settings.get("last_activation") is not None:
        last = _function(described.settings, "last_activation", where)
    if described.settings.get("exclude_last_activation"):
        last = None
    if not image:
        return _stack(builder, x, tensors, f"{stem}_layers.", function, last)
    filters = described.settings.get("filters") or _FILTERS
    x = _images(builder, x, tensors, f"{stem}_cnn_layers.", filters, function, where)
    return _stack(builder, flatten(builder, x), tensors, f"{stem}_last_layers.", last, last)


def _function(settings: dict[str, Any], name: str, where: str) -> Activation | None:
    found = str(settings.get(name))
    if found not in _FUNCTIONS:
        raise UnsupportedError(f"the activation {printable(found, 40)} is not supported",
                               where=where,
                               hint="export the greedy policy: algo.save_policy('policy.onnx')")
    return activation(_FUNCTIONS[found])


def _places(tensors: Tensors, stem: str) -> list[int]:
    """Numbers of the layers that have parameters."""
    names = {name.removeprefix(stem).partition(".")[0] for name in tensors.names(stem)}
    return sorted(int(name) for name in names if name.isdecimal() and len(name) < 5)


def _stack(builder: Builder, x: str, tensors: Tensors, stem: str, function: Activation | None,
           last: Activation | None) -> str:
    """Linear layers, each with its activation and then its norms."""
    places = _places(tensors, stem)
    layers = [place for place in places if len(tensors.shape(f"{stem}{place}.weight")) == 2]
    if not layers or layers[0] != places[0]:
        raise FileFormatError("the encoder does not begin with a linear layer",
                              where=tensors.place(stem))
    for place in places:
        name = f"{stem}{place}"
        if place in layers:
            x = linear(builder, x, tensors, name)
            x = activate(builder, x, last if place == layers[-1] else function, tensors.layer(name))
        elif tensors.has(f"{name}.running_mean"):
            x = _batch_norm(builder, x, tensors, name)
        else:
            x = layer_norm(builder, x, tensors, name)
    return x


def _images(builder: Builder, x: str, tensors: Tensors, stem: str, filters: Any,
            function: Activation | None, where: str) -> str:
    strides = [row[2] for row in filters if isinstance(row, list) and len(row) == 3
               ] if isinstance(filters, list) else []
    convolutions = [place for place in _places(tensors, stem)
                    if len(tensors.shape(f"{stem}{place}.weight")) == 4]
    if len(strides) != len(convolutions) or not all(
            isinstance(stride, int) and 0 < stride < 256 for stride in strides):
        raise FileFormatError("the filters in the settings are not the convolutions", where=where)
    for place in _places(tensors, stem):
        name = f"{stem}{place}"
        if place in convolutions:
            stride = strides[convolutions.index(place)]
            x = convolution(builder, x, tensors, name, stride)
            x = activate(builder, x, function, tensors.layer(name))
        else:
            x = _batch_norm(builder, x, tensors, name)
    return x


def _batch_norm(builder: Builder, x: str, tensors: Tensors, name: str) -> str:
    """``nn.BatchNorm1d`` or 2d of a network that plays: a scale and a shift per channel."""
    size = builder.shape(x)[1:2]
    weight, bias, mean, variance = (
        tensors.take(f"{name}.{part}", size).astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var"))
    tensors.skip(f"{name}.num_batches_tracked")
    if not (variance > -_EPSILON).all():
        raise FileFormatError("a variance is negative", where=tensors.place(name))
    scale = weight / np.sqrt(variance + _EPSILON)
    return normalized(builder, x, scale, bias - mean * scale, tensors.layer(name))
