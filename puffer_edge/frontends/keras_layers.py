"""The layers of Keras: what each computes, from its arguments and variables.

Channels are last; convolutions and pools are turned to channels first and back. Formulas:
keras.layers of Keras 3, whose hard_sigmoid and leaky_relu are others than those of 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.layers import max_pool, normalized
from puffer_edge.frontends.tensors import add_linear
from puffer_edge.ir import Activation, Builder
from puffer_edge.ir.ops import (
    Binary,
    Concat,
    Conv,
    GRUCell,
    LayerNormalization,
    LSTMCell,
    Reduce,
    Reshape,
    Slice,
    Softmax,
    Transpose,
    Unary,
)
from puffer_edge.readers.keras_file import Layer
from puffer_edge.readers.text import printable

Array = npt.NDArray[Any]

HINT = "convert the model to TFLite or ONNX and give that file"
MAX_STEPS = 64
"""Of a sequence that the model takes at once."""
FUNCTIONS = {
    "relu": Activation("relu"), "relu6": Activation("clip", (0.0, 6.0)),
    "tanh": Activation("tanh"), "sigmoid": Activation("sigmoid"), "elu": Activation("elu", (1.0,)),
    "selu": Activation("selu"), "softplus": Activation("softplus"), "silu": Activation("silu"),
    "swish": Activation("silu"), "gelu": Activation("gelu"), "exponential": Activation("exp"),
    "mish": Activation("mish")}
_NEW = {"leaky_relu": Activation("leaky_relu", (0.2,)), "hard_sigmoid": Activation("hard_sigmoid"),
        "hard_silu": Activation("hard_swish"), "hard_swish": Activation("hard_swish")}
"""As Keras 3 has them alone."""


@dataclass
class Context:
    """A layer that is lowered.

    Attributes:
        builder: takes it.
        layer: its description.
        version: of Keras.
        place: for messages.
        taken: how many of its variables were used.
    """

    builder: Builder
    layer: Layer
    version: int
    place: str
    taken: int = 0

    def refuse(self, what: str) -> UnsupportedError:
        """The error for what is not supported."""
        return UnsupportedError(f"{what} is not supported", where=self.place, hint=HINT)

    def get(self, name: str, default: Any) -> Any:
        """An argument, of the type of its default."""
        value = self.layer.config.get(name, default)
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(default):
            raise FileFormatError(f"the argument {name} is malformed", where=self.place)
        return value

    def need(self, **wanted: Any) -> None:
        """Raises UnsupportedError for an argument that has another value, where it is there."""
        for name, value in wanted.items():
            found = self.layer.config.get(name, value)
            if found != value:
                raise self.refuse(f"{name} = {printable(str(found), 40)}")

    def sizes(self, name: str, rank: int) -> tuple[int, ...]:
        """An argument of one number for each axis."""
        value = self.layer.config.get(name, 1)
        value = [value] * rank if type(value) is int else value
        if not isinstance(value, list) or len(value) != rank or not all(
                type(size) is int and 0 < size <= 1024 for size in value):
            raise FileFormatError(f"the argument {name} is malformed", where=self.place)
        return tuple(value)

    def take(self, shape: tuple[int, ...] | None = None) -> Array:
        """The next variable, float32."""
        if self.taken >= len(self.layer.weights):
            raise FileFormatError("weights are missing", where=self.place)
        array = self.layer.weights[self.taken]
        self.taken += 1
        if array.dtype.kind != "f" or not array.size or (shape and array.shape != shape):
            raise FileFormatError(f"the weights have the shape {array.shape} and the type "
                                  f"{array.dtype}, expected {shape or 'others'}", where=self.place)
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise FileFormatError("the weights hold NaN or infinite values", where=self.place,
                                  hint="the training has diverged; take an earlier model")
        return array

    def constant(self, array: Array, name: str) -> str:
        """Numbers as a constant named after the layer."""
        return self.builder.constant(np.ascontiguousarray(array), f"{self.layer.name}.{name}")


def activation_name(value: Any) -> str:
    """Of a serialised activation: a text where it is one of Keras' own."""
    if isinstance(value, dict):  # a function of the user's, or a layer
        return f"{value.get('class_name')} {value.get('registered_name')} {value.get('config')}"
    return "linear" if value is None else str(value)


def activated(context: Context, x: str, value: Any) -> str:
    """The activation of a layer."""
    name = activation_name(value)
    if name == "linear":
        return x
    if name == "softmax":
        return context.builder.add(Softmax, x=x, axis=len(context.builder.shape(x)) - 1)
    function = FUNCTIONS.get(name) or (_NEW.get(name) if context.version > 2 else None)
    if function is None:
        raise context.refuse(f"the activation {printable(name, 60)}")
    return context.builder.add(Unary, x=x, function=function, layer=context.layer.name)


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


def _turned(context: Context, x: str, *, first: bool) -> str:
    """Channels first, or last again."""
    rank = len(context.builder.shape(x))
    order = (0, rank - 1, *range(1, rank - 1)) if first else (0, *range(2, rank), 1)
    return x if rank == 2 else context.builder.add(Transpose, x=x, permutation=order)


def _conv(context: Context, x: str) -> str:
    rank = len(context.builder.shape(x)) - 2
    deep = context.layer.kind.startswith("Depthwise")
    if rank not in (1, 2) or not context.layer.kind.endswith(f"{rank}D"):
        raise FileFormatError("the layer does not fit its input", where=context.place)
    context.need(data_format="channels_last")
    kernel, channels = context.sizes("kernel_size", rank), context.builder.shape(x)[-1]
    strides, dilations = context.sizes("strides", rank), context.sizes("dilation_rate", rank)
    group = channels if deep else context.get("groups", 1)
    if group < 1 or channels % group:
        raise FileFormatError("the groups do not fit the channels", where=context.place)
    if deep:
        weight = context.take((*kernel, channels, context.get("depth_multiplier", 1)))
        weight = weight.reshape(*kernel, 1, -1)
    else:
        weight = context.take((*kernel, channels // group, context.get("filters", 0)))
    bias = ""
    if context.get("use_bias", True):
        bias = context.constant(context.take(weight.shape[-1:]), "bias")
    sizes = context.builder.shape(x)[1:-1]
    begins, ends = [0] * rank, [0] * rank
    padding = context.get("padding", "valid")
    for axis in range(rank):
        reach = (kernel[axis] - 1) * dilations[axis] + 1
        if padding == "same":
            total = max((-(-sizes[axis] // strides[axis]) - 1) * strides[axis] + reach
                        - sizes[axis], 0)
            begins[axis], ends[axis] = total // 2, total - total // 2
        elif padding == "causal" and rank == 1:
            begins[axis] = reach - 1
        elif padding != "valid":
            raise context.refuse(f"the padding {printable(padding, 20)}")
    y = context.builder.add(
        Conv, x=_turned(context, x, first=True), bias=bias, group=group, strides=strides,
        weight=context.constant(weight.transpose(rank + 1, rank, *range(rank)), "kernel"),
        pads=(*begins, *ends), dilations=dilations, layer=context.layer.name)
    if min(context.builder.shape(y)) < 1:
        raise FileFormatError("the kernel is larger than the image", where=context.place)
    return activated(context, _turned(context, y, first=False),
                     context.layer.config.get("activation"))


def _max_pool(context: Context, x: str) -> str:
    rank = len(context.builder.shape(x)) - 2
    context.need(data_format="channels_last", padding="valid")
    window = context.sizes("pool_size", rank)
    strides = window if context.layer.config.get("strides") is None else context.sizes(
        "strides", rank)
    if len({*window}) != 1 or len({*strides}) != 1:
        raise context.refuse("a pool that is not square")
    x = max_pool(context.builder, _turned(context, x, first=True), window[0], strides[0])
    return _turned(context, x, first=False)


def _global_pool(context: Context, x: str) -> str:
    context.need(data_format="channels_last", keepdims=False)
    shape = context.builder.shape(x)
    function = "mean" if "Average" in context.layer.kind else "max"
    y = context.builder.add(Reduce, x=x, function=function, axes=tuple(range(1, len(shape) - 1)),
                            keep=False)
    return context.builder.add(Reshape, x=y, shape=(1, shape[-1]))


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


def _last_axis(context: Context, x: str) -> int:
    """The size of the last axis, which must be the only one that is normalised."""
    rank, axis = len(context.builder.shape(x)), context.layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, rank - 1):
        raise context.refuse(f"axis = {printable(str(axis), 20)}")
    return context.builder.shape(x)[-1]


def _layer_norm(context: Context, x: str) -> str:
    context.need(rms_scaling=False)
    size, rank = _last_axis(context, x), len(context.builder.shape(x))
    scale = context.take((size,)) if context.get("scale", True) else np.ones(size, np.float32)
    shift = context.take((size,)) if context.get("center", True) else np.zeros(size, np.float32)
    return context.builder.add(
        LayerNormalization, x=x, axis=rank - 1, epsilon=context.get("epsilon", 1e-3),
        scale=context.constant(scale, "gamma"), bias=context.constant(shift, "beta"),
        layer=context.layer.name)


def _batch_norm(context: Context, x: str) -> str:
    size = _last_axis(context, x)
    gamma = context.take((size,)) if context.get("scale", True) else np.ones(size)
    beta = context.take((size,)) if context.get("center", True) else np.zeros(size)
    mean, variance = context.take((size,)), context.take((size,))
    scale = gamma / np.sqrt(variance.astype(np.float64) + context.get("epsilon", 1e-3))
    return _affine(context, x, scale, beta - mean * scale)


def _normalization(context: Context, x: str) -> str:
    """``(x - mean) / max(sqrt(variance), 1e-7)``."""
    context.need(invert=False, mean=None, variance=None)
    size = _last_axis(context, x)
    mean, variance = context.take((size,)), context.take((size,))
    context.taken = len(context.layer.weights)  # a count follows
    scale = 1 / np.maximum(np.sqrt(variance.astype(np.float64)), 1e-7)
    return _affine(context, x, scale, -mean * scale)


def _rescaling(context: Context, x: str) -> str:
    size = context.builder.shape(x)[-1]
    return _affine(context, x, np.full(size, context.get("scale", 1.0)),
                   np.full(size, context.get("offset", 0.0)))


def _affine(context: Context, x: str, scale: Array, shift: Array) -> str:
    if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
        raise FileFormatError("the statistics cannot be divided by", where=context.place)
    x = _turned(context, x, first=True)
    return _turned(context, normalized(context.builder, x, scale, shift, context.layer.name),
                   first=False)


def _recurrent(context: Context, x: str) -> str:
    """LSTM and GRU over the steps of a sequence; what stays for the next call says ``stateful``."""
    builder, layer = context.builder, context.layer
    shape = builder.shape(x)
    if len(shape) != 3 or shape[1] > MAX_STEPS:
        raise context.refuse(f"a recurrent layer over {shape[1:]}")
    gru, hidden = layer.kind == "GRU", context.get("units", 0)
    context.need(activation="tanh", recurrent_activation="sigmoid", go_backwards=False,
                 time_major=False, return_state=False, **({"reset_after": True} if gru else {}))
    if gru and "reset_after" not in layer.config:
        raise context.refuse("a GRU without reset_after")
    gates = 3 if gru else 4
    weight = context.take((shape[2], gates * hidden))
    again = context.take((hidden, gates * hidden))
    biases = np.zeros((2, gates * hidden), np.float32)
    if context.get("use_bias", True):
        wanted = (2, gates * hidden) if gru else (gates * hidden,)
        biases[: 2 if gru else 1] = context.take(wanted)
    if gru:  # Keras has the gates in the order z, r, n, torch r, z, n
        order = np.r_[hidden : 2 * hidden, :hidden, 2 * hidden : 3 * hidden]
        weight, again, biases = weight[:, order], again[:, order], biases[:, order]
    constants = {"weight": context.constant(weight.T, "kernel"),
                 "recurrent": context.constant(again.T, "recurrent_kernel"),
                 "bias": context.constant(biases[0], "bias")}
    if gru:
        constants["recurrent_bias"] = context.constant(biases[1], "recurrent_bias")
    before = _states(context, hidden, 1 if gru else 2, shape[1])
    now, found = list(before), []
    for step in range(shape[1]):
        part = builder.add(Slice, x=x, starts=(0, step, 0), steps=(1, 1, 1),
                           counts=(1, 1, shape[2]))
        part = builder.add(Reshape, x=part, shape=(1, shape[2]))
        if gru:
            now = [builder.add(GRUCell, x=part, h=now[0], layer=layer.name, **constants)]
        else:
            now = list(builder.add_many(LSTMCell, ("", ""), x=part, h=now[0], c=now[1],
                                        layer=layer.name, **constants))
        found.append(now[0])
    for old, new in zip(before, now, strict=True):
        if old not in builder.constants:
            builder.carry(old, new)
    if not context.get("return_sequences", False):
        return found[-1]
    rows = [builder.add(Reshape, x=y, shape=(1, 1, hidden)) for y in found]
    return rows[0] if len(rows) == 1 else builder.add(Concat, xs=tuple(rows), axis=1)


def _states(context: Context, hidden: int, count: int, steps: int) -> list[str]:
    """States that are kept; zeros where the model forgets them after each call."""
    stateful = context.get("stateful", False)
    if not stateful and steps == 1:
        context.builder.assume(
            "recurrent-state", f"{printable(context.layer.name)} keeps its state from step to "
            "step, though the model is not stateful: its one step is one of a sequence", "")
        stateful = True
    if not stateful:
        return [context.constant(np.zeros((1, hidden), np.float32), f"zero{index}")
                for index in range(count)]
    return [context.builder.state(f"{context.layer.name}.{name}", (1, hidden))
            for name in ("h", "c")[:count]]


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
    "Activation": _activation, "BatchNormalization": _batch_norm, "Conv1D": _conv, "Conv2D": _conv,
    "Dense": _dense, "DepthwiseConv2D": _conv, "ELU": _sloped, "Flatten": _flatten,
    "GRU": _recurrent, "GlobalAveragePooling2D": _global_pool, "GlobalMaxPooling2D": _global_pool,
    "LSTM": _recurrent, "LayerNormalization": _layer_norm, "LeakyReLU": _sloped,
    "MaxPooling1D": _max_pool, "MaxPooling2D": _max_pool, "Normalization": _normalization,
    "ReLU": _sloped, "Rescaling": _rescaling, "Reshape": _reshape, "Softmax": _softmax}
"""By the names of Keras' classes."""
MERGES: dict[str, Callable[[Context, list[str]], str]] = {
    "Add": _binary("add"), "Concatenate": _concatenate, "Maximum": _binary("max"),
    "Minimum": _binary("min"), "Multiply": _binary("mul"), "Subtract": _binary("sub")}
