# SPDX-License-Identifier: MIT
"""A layer of Keras that is lowered, and its activation.

Activations: keras.activations of Keras 3, whose hard_sigmoid and leaky_relu are others than those
of 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.ir import Activation, Builder, functions
from puffer_edge.ir.ops import (
    Softmax,
    Transpose,
    Unary,
)
from puffer_edge.readers.keras_file import Layer
from puffer_edge.readers.text import printable

HINT = "convert the model to TFLite or ONNX and give that file"
FUNCTIONS = {known.keras: Activation(name) for name, known in functions.FUNCTIONS.items()
             if known.keras} | {"relu6": Activation("clip", (0.0, 6.0)),
                                "swish": Activation("silu")}
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


def turned(context: Context, x: str, *, first: bool) -> str:
    """Channels first, or last again."""
    rank = len(context.builder.shape(x))
    order = (0, rank - 1, *range(1, rank - 1)) if first else (0, *range(2, rank), 1)
    return x if rank == 2 else context.builder.add(Transpose, x=x, permutation=order)
