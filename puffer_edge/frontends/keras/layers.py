# SPDX-License-Identifier: MIT
"""The layers of Keras: what each computes, from its arguments and variables.

Formulas: keras.layers of Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.keras import images, normalization
from puffer_edge.frontends.keras.context import Context, activated
from puffer_edge.frontends.keras.recurrent import recurrent
from puffer_edge.frontends.tensors import add_linear
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import (
    Binary,
    Concat,
    Reshape,
    Softmax,
    Unary,
)


def _dense(context: Context, x: str) -> str:
    context.need(quantization_config=None, lora_rank=None)
    shape = context.builder.shape(x)
    kernel = context.take((shape[-1], context.get("units", 0)))
    bias = context.take(kernel.shape[1:]) if context.get("use_bias", True) else np.zeros(
        kernel.shape[1], np.float32)
    if prod(shape[:-1]) != 1:
        raise context.refuse("a Dense layer over several vectors")
    x = context.builder.add(Reshape, x=x, shape=(1, shape[-1]))
    y = add_linear(context.builder, x, (np.ascontiguousarray(kernel.T), bias), context.layer.name,
                   context.place)
    y = activated(context, y, context.layer.config.get("activation"))
    return context.builder.add(Reshape, x=y, shape=(*shape[:-1], kernel.shape[1]))


def _flatten(context: Context, x: str) -> str:
    return context.builder.add(Reshape, x=x, shape=(1, prod(context.builder.shape(x))))


def _reshape(context: Context, x: str) -> str:
    size, shape = prod(context.builder.shape(x)), context.layer.config.get("target_shape")
    if not isinstance(shape, list) or not all(type(n) is int and -1 <= n < 1 << 20 for n in shape):
        raise FileFormatError("the target shape is malformed", where=context.place)
    rest = -prod(shape)
    shape = [size // rest if n == -1 else n for n in shape]
    if prod(shape) != size:
        raise FileFormatError("the reshape does not keep the elements", where=context.place)
    return context.builder.add(Reshape, x=x, shape=(1, *shape))


def _activation(context: Context, x: str) -> str:
    return activated(context, x, context.layer.config.get("activation"))


def _sloped(context: Context, x: str) -> str:
    """ReLU, LeakyReLU and ELU as layers."""
    kind, config = context.layer.kind, context.layer.config
    if kind == "ReLU":
        context.need(threshold=0.0)
        slope, most = config.get("negative_slope") or 0.0, config.get("max_value")
        if slope and most is not None:
            raise context.refuse("a ReLU with a slope and a maximum")
        function = (Activation("leaky_relu", (float(slope),)) if slope else Activation("relu")
                    if most is None else Activation("clip", (0.0, float(most))))
    elif kind == "ELU":
        function = Activation("elu", (context.get("alpha", 1.0),))
    else:
        name = "negative_slope" if "negative_slope" in config else "alpha"
        function = Activation("leaky_relu", (context.get(name, 0.3),))
    return context.builder.add(Unary, x=x, function=function, layer=context.layer.name)


def _softmax(context: Context, x: str) -> str:
    context.need(axis=-1)
    return context.builder.add(Softmax, x=x, axis=len(context.builder.shape(x)) - 1)


def _binary(function: str) -> Callable[[Context, list[str]], str]:
    def merge(context: Context, xs: list[str]) -> str:
        y = xs[0]
        for x in xs[1:]:
            y = context.builder.add(Binary, a=y, b=x, function=function)
        return y
    return merge


def _concatenate(context: Context, xs: list[str]) -> str:
    rank, axis = len(context.builder.shape(xs[0])), context.get("axis", -1)
    if not -rank <= axis < rank or axis % rank == 0:
        raise FileFormatError("the axis is malformed", where=context.place)
    return context.builder.add(Concat, xs=tuple(xs), axis=axis % rank)


LAYERS: dict[str, Callable[[Context, str], str]] = {
    "Activation": _activation, "Dense": _dense, "ELU": _sloped, "Flatten": _flatten,
    "GRU": recurrent, "LSTM": recurrent, "LeakyReLU": _sloped, "ReLU": _sloped,
    "Reshape": _reshape, "Softmax": _softmax,
    "BatchNormalization": normalization.batch_norm, "LayerNormalization": normalization.layer_norm,
    "Normalization": normalization.normalization, "Rescaling": normalization.rescaling,
    "Conv1D": images.conv, "Conv2D": images.conv, "DepthwiseConv2D": images.conv,
    "GlobalAveragePooling2D": images.global_pool, "GlobalMaxPooling2D": images.global_pool,
    "MaxPooling1D": images.max_pool, "MaxPooling2D": images.max_pool}
"""By the names of Keras' classes."""
MERGES: dict[str, Callable[[Context, list[str]], str]] = {
    "Add": _binary("add"), "Concatenate": _concatenate, "Maximum": _binary("max"),
    "Minimum": _binary("min"), "Multiply": _binary("mul"), "Subtract": _binary("sub")}
