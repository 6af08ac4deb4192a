# SPDX-License-Identifier: MIT
"""Layers by the names that torch gives their parameters: what trainers build networks from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.tensors import Tensors, add_linear
from puffer_edge.ir import Activation, Builder
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Conv,
    GRUCell,
    LayerNormalization,
    LSTMCell,
    Pad,
    Reduce,
    Reshape,
    Slice,
    Unary,
)
from puffer_edge.ir.ops.batch_normalization import LARGEST_SHIFT


def linear(builder: Builder, x: str, tensors: Tensors, name: str) -> str:
    """``nn.Linear``, with or without a bias."""
    return add_linear(builder, x, tensors.linear(name, bare=True), tensors.layer(name),
                      tensors.place(name))


def activate(builder: Builder, x: str, function: Activation | None, layer: str = "") -> str:
    """An elementwise function; none where there is none."""
    if function is None:
        return x
    return builder.add(Unary, name=function.function, x=x, function=function, layer=layer)


def stack(builder: Builder, x: str, tensors: Tensors, names: Sequence[str],
          function: Activation | None, *, last: bool = True) -> str:
    """Linear layers, each with the function after it.

    Args:
        builder: takes them.
        x: [1, inputs].
        tensors: of the file.
        names: of the layers, in order.
        function: the same everywhere.
        last: apply it after the last layer, too.
    """
    for index, name in enumerate(names):
        x = linear(builder, x, tensors, name)
        if last or index + 1 < len(names):
            x = activate(builder, x, function, tensors.layer(name))
    return x


def numbered(tensors: Tensors, stem: str, rank: int = 2) -> list[str]:
    """Names of the layers in a Sequential called ``stem``: children with a weight of this rank."""
    found = [name.removeprefix(stem).split(".") for name in tensors.names(stem)]
    indices = {int(parts[0]) for parts in found
               if len(parts) == 2 and parts[1] == "weight" and parts[0].isdigit()
               and len(parts[0]) < 4}
    return [f"{stem}{index}" for index in sorted(indices)
            if len(tensors.shape(f"{stem}{index}.weight")) == rank]


def sequence(tensors: Tensors, stem: str) -> tuple[list[str], str]:
    """The linear layers in a Sequential called ``stem``: all but the last one, and the last.

    Raises:
        FileFormatError: there are none.
    """
    names = numbered(tensors, stem)
    if not names:
        raise FileFormatError("there is no linear layer", where=tensors.place(stem.rstrip(".")))
    return names[:-1], names[-1]


def convolution(builder: Builder, x: str, tensors: Tensors, name: str, stride: int = 1,
                padding: int = 0) -> str:
    """``nn.Conv1d`` and ``nn.Conv2d`` with the same stride and padding on each axis."""
    weight = tensors.take(f"{name}.weight")
    shape, rank = builder.shape(x), weight.ndim - 2
    if rank not in (1, 2) or len(shape) != weight.ndim or shape[1] != weight.shape[1] or any(
            size + 2 * padding < kernel for size, kernel
            in zip(shape[2:], weight.shape[2:], strict=True)):
        raise FileFormatError(f"the weight {weight.shape} does not fit the {shape} before it",
                              where=tensors.place(name))
    bias = ""
    if tensors.has(f"{name}.bias"):
        bias = builder.constant(tensors.take(f"{name}.bias", weight.shape[:1]),
                                f"{tensors.layer(name)}.bias")
    return builder.add(
        Conv, name=tensors.layer(name), x=x, bias=bias, layer=tensors.layer(name),
        weight=builder.constant(weight, f"{tensors.layer(name)}.weight"),
        strides=(stride,) * rank, pads=(padding,) * 2 * rank, dilations=(1,) * rank)


def max_pool(builder: Builder, x: str, kernel: int, stride: int, padding: int = 0) -> str:
    """``nn.MaxPool1d`` and ``nn.MaxPool2d``, axis by axis: strided slices and their maximum.

    Raises:
        FileFormatError: the window is larger than the image.
    """
    shape = list(builder.shape(x))
    rank = len(shape)
    if padding:
        pads = (0, 0, *(padding,) * (rank - 2))
        x = builder.add(Pad, x=x, begins=pads, ends=pads, value=float(np.finfo(np.float32).min))
    for axis in range(2, rank):
        shape = list(builder.shape(x))
        shape[axis] = (shape[axis] - kernel) // stride + 1
        if shape[axis] < 1:
            raise FileFormatError(f"a window of {kernel} is larger than the image")
        steps = tuple(stride if a == axis else 1 for a in range(rank))
        parts = [builder.add(Slice, x=x, counts=tuple(shape), steps=steps,
                             starts=tuple(tap if a == axis else 0 for a in range(rank)))
                 for tap in range(kernel)]
        x = parts[0]
        for part in parts[1:]:
            x = builder.add(Binary, a=x, b=part, function="max")
    return x


def flatten(builder: Builder, x: str) -> str:
    """[1, ...] as [1, N]."""
    return builder.add(Reshape, x=x, shape=(1, int(np.prod(builder.shape(x)))))


def scaled(builder: Builder, x: str, factor: float, layer: str = "") -> str:
    """Every element times a number: image observations come as 0 to 255."""
    return normalized(builder, x, np.full(builder.shape(x)[1], factor),
                      np.zeros(builder.shape(x)[1]), layer)


def normalized(builder: Builder, x: str, scale: Array, shift: Array, layer: str) -> str:
    """``x * scale + shift`` per feature, float64; folds into the next layer.

    A mean that is large beside its deviation is subtracted first, see ``LARGEST_SHIFT``.
    """
    scale, shift = np.asarray(scale, np.float64), np.asarray(shift, np.float64)
    if np.abs(shift).max() > LARGEST_SHIFT:
        ratio = np.divide(shift, scale, out=np.zeros_like(shift), where=scale != 0)
        first = ratio.astype(np.float32)  # what rounding leaves of it stays in the shift
        x = builder.add(BatchNormalization, x=x, layer=layer,
                        scale=builder.constant(np.ones_like(scale), f"{layer or 'input'}.one"),
                        shift=builder.constant(first, f"{layer or 'input'}.mean"))
        shift = shift - first.astype(np.float64) * scale
    return builder.add(BatchNormalization, x=x, layer=layer,
                       scale=builder.constant(scale, f"{layer or 'input'}.scale"),
                       shift=builder.constant(shift, f"{layer or 'input'}.shift"))


def layer_norm(builder: Builder, x: str, tensors: Tensors, name: str, epsilon: float = 1e-5) -> str:
    """``nn.LayerNorm`` over the features."""
    shape = builder.shape(x)[1:]
    scale, bias = (tensors.take(f"{name}.{part}", shape) for part in ("weight", "bias"))
    layer = tensors.layer(name)
    return builder.add(LayerNormalization, x=x, axis=1, layer=layer, epsilon=epsilon,
                       scale=builder.constant(scale, f"{layer}.weight"),
                       bias=builder.constant(bias, f"{layer}.bias"))


def rms_norm(builder: Builder, x: str, weight: Array, layer: str) -> str:
    """``nn.RMSNorm`` of [1, N]: ``x / sqrt(mean(x^2) + eps) * weight``, eps that of float32."""
    square = builder.add(Binary, a=x, b=x, function="mul", layer=layer)
    mean = builder.add(Reduce, x=square, function="mean", axes=(1,), layer=layer)
    epsilon = builder.constant(np.full((1, 1), np.finfo(np.float32).eps), f"{layer}.epsilon")
    mean = builder.add(Binary, a=mean, b=epsilon, function="add", layer=layer)
    root = builder.add(Unary, x=mean, function=Activation("sqrt"), layer=layer)
    y = builder.add(Binary, a=x, b=root, function="div", layer=layer)
    return builder.add(Binary, a=y, b=builder.constant(weight, f"{layer}.weight"), function="mul",
                       layer=layer)


def recurrent_layers(tensors: Tensors, name: str) -> int:
    """How many layers an ``nn.LSTM`` or ``nn.GRU`` called ``name`` has."""
    count = 0
    while tensors.has(f"{name}.weight_ih_l{count}"):
        count += 1
    return count


def recurrent_parts(tensors: Tensors, name: str, suffix: str = "") -> list[Array]:
    """The weights ih and hh and the biases ih and hh of a layer; zeros for biases that are absent.

    Raises:
        FileFormatError: one is missing.
    """
    weights = [tensors.take(f"{name}.weight_{part}{suffix}") for part in ("ih", "hh")]
    rows = weights[1].shape[:1]
    biases = [tensors.take(f"{name}.bias_{part}{suffix}")
              if tensors.has(f"{name}.bias_{part}{suffix}") else np.zeros(rows, np.float32)
              for part in ("ih", "hh")]
    return [*weights, *biases]


def recurrent(builder: Builder, x: str, tensors: Tensors, name: str) -> str:
    """``nn.LSTM`` or ``nn.GRU`` of any number of layers, one step; the state starts at 0.

    The kind is told by the rows of the recurrent weight: four gates or three.

    Raises:
        FileFormatError: the tensors do not fit each other or the value before.
    """
    for layer in range(recurrent_layers(tensors, name)):
        x = recurrent_cell(builder, x, recurrent_parts(tensors, name, f"_l{layer}"),
                           f"{tensors.layer(name)}.{layer}", tensors.place(name))
    return x


def recurrent_cell(builder: Builder, x: str, parts: Sequence[Array], layer: str,
                   where: str) -> str:
    """One layer of it; ``parts`` as of :func:`recurrent_parts`."""
    weight, again, bias, recurrent_bias = parts
    inputs = builder.shape(x)[-1]
    hidden = again.shape[-1] if again.ndim == 2 else 0
    gates = again.shape[0] // hidden if hidden else 0
    if gates not in (3, 4) or [part.shape for part in parts] != [
            (gates * hidden, inputs), (gates * hidden, hidden), (gates * hidden,),
            (gates * hidden,)]:
        raise FileFormatError(f"the recurrent tensors do not fit each other, or the {inputs} "
                              "outputs of the layer before", where=where)
    h = builder.state(f"{layer}.h", (1, hidden))
    constants = {"weight": builder.constant(weight, f"{layer}.weight_ih"),
                 "recurrent": builder.constant(again, f"{layer}.weight_hh")}
    if gates == 3:
        y = builder.add(GRUCell, x=x, h=h, layer=layer, **constants,
                        bias=builder.constant(bias, f"{layer}.bias_ih"),
                        recurrent_bias=builder.constant(recurrent_bias, f"{layer}.bias_hh"))
        builder.carry(h, y)
        return y
    c = builder.state(f"{layer}.c", (1, hidden))
    y, y_c = builder.add_many(LSTMCell, ("", ""), x=x, h=h, c=c, layer=layer, **constants,
                              bias=builder.constant(bias + recurrent_bias, f"{layer}.bias"))
    builder.carry(h, y)
    builder.carry(c, y_c)
    return y


def drop_prefix(builder: Builder, tensors: Tensors, prefix: str, reason: str) -> None:
    """Leaves out tensors that the deterministic action does not need, and says so."""
    if tensors.names(prefix):
        tensors.skip_all(prefix)
        builder.note("dropped", f"{prefix.rstrip('.')}: {reason}")
