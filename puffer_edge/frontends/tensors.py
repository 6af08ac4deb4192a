# SPDX-License-Identifier: MIT
"""The tensors of a state_dict, taken one by one: each is checked, and none may be left over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.ir import Builder
from puffer_edge.ir.ops import Gemm
from puffer_edge.readers.text import printable


class Tensors:
    """A state_dict that is being read.

    Args:
        weights: arrays by name.
        where: the file, for messages.
        prefix: of all names that are asked for.
    """

    def __init__(self, weights: Mapping[str, Array], where: str, prefix: str = "") -> None:
        self._weights = weights
        self._where = where
        self._prefix = prefix
        self._taken: set[str] = set()

    def layer(self, name: str) -> str:
        """A layer's full name in the file."""
        return self._prefix + name

    def place(self, name: str) -> str:
        """A layer or tensor for messages."""
        return f"{self._where}: {self.layer(name)}"

    def has(self, name: str) -> bool:
        """Whether there is a tensor of this name."""
        return self.layer(name) in self._weights

    def names(self, stem: str = "") -> list[str]:
        """Names of all tensors that start with ``stem``, in the file's order."""
        start = self.layer(stem)
        return [name.removeprefix(self._prefix) for name in self._weights
                if name.startswith(start)]

    def shape(self, name: str, rank: int | None = None) -> tuple[int, ...]:
        """Shape of a tensor; it is not taken.

        Raises:
            FileFormatError: it is missing, or has another number of axes.
        """
        if not self.has(name):
            raise FileFormatError("the tensor is missing", where=self.place(name))
        shape = self._weights[self.layer(name)].shape
        if rank is not None and (len(shape) != rank or 0 in shape):
            raise FileFormatError(f"the tensor has the shape {shape}, expected {rank} axes",
                                  where=self.place(name))
        return shape

    def equal(self, stem: str, other: str) -> bool:
        """Whether the tensors below both stems have the same names and numbers."""
        ours, theirs = ({name.removeprefix(start): self._weights[self.layer(name)]
                         for name in self.names(start)} for start in (stem, other))
        return ours.keys() == theirs.keys() and all(
            np.array_equal(array, theirs[name]) for name, array in ours.items())

    def skip(self, name: str) -> None:
        """Says that a tensor that is there is of no use, whatever it holds."""
        self._taken.add(self.layer(name))

    def skip_all(self, stem: str) -> None:
        """The same of all tensors that start with ``stem``."""
        self._taken.update(self.layer(name) for name in self.names(stem))

    def take(self, name: str, shape: tuple[int, ...] | None = None) -> Array:
        """A tensor, floating point.

        Raises:
            FileFormatError: it is missing, has another shape, or holds no real numbers.
        """
        if not self.has(name):
            raise FileFormatError("the tensor is missing", where=self.place(name))
        array = self._weights[self.layer(name)]
        if shape is not None and array.shape != shape:
            raise FileFormatError(f"the tensor has the shape {array.shape}, expected {shape}",
                                  where=self.place(name))
        if array.dtype.kind != "f" or not array.size:
            raise FileFormatError(f"the tensor is empty or no floating point ({array.dtype})",
                                  where=self.place(name))
        self._taken.add(self.layer(name))
        # float16 is not summed in float16.
        return array if array.dtype == np.float64 else array.astype(np.float32, copy=False)

    def linear(self, name: str, *, bare: bool = False) -> tuple[Array, Array]:
        """Weight [outputs, inputs] and bias [outputs] of a linear layer.

        Args:
            name: of the layer.
            bare: it may have no bias, which counts as zeros.

        Raises:
            FileFormatError: they are missing or do not fit each other.
        """
        weight = self.take(f"{name}.weight")
        if weight.ndim != 2:
            raise FileFormatError(f"the weight has the shape {weight.shape}, expected a matrix",
                                  where=self.place(name))
        if bare and not self.has(f"{name}.bias"):
            return weight, np.zeros(weight.shape[:1], np.float32)
        return weight, self.take(f"{name}.bias", weight.shape[:1])

    def finish(self, family: str, hint: str) -> None:
        """Says that all was taken.

        Raises:
            UnsupportedError: something is left, which the policy may use.
        """
        left: Iterable[str] = sorted(set(self._weights) - self._taken)[:6]
        if left:
            raise UnsupportedError(
                f"the state_dict has layers that {family} has not: "
                f"{', '.join(map(printable, left))}", where=self._where, hint=hint)


def add_linear(builder: Builder, x: str, parameters: tuple[Array, Array], layer: str,
               where: str) -> str:
    """Adds a linear layer.

    Args:
        builder: takes it.
        x: the value before, [1, inputs].
        parameters: weight and bias.
        layer: its name.
        where: the layer for messages.

    Raises:
        FileFormatError: the weight does not fit the value before.
    """
    weight, bias = parameters
    if builder.shape(x)[-1] != weight.shape[1]:
        raise FileFormatError(f"the weight has {weight.shape[1]} inputs, "
                              f"the layer before gives {builder.shape(x)[-1]}", where=where)
    return builder.add(Gemm, name=layer, x=x, weight=builder.constant(weight, f"{layer}.weight"),
                       bias=builder.constant(bias, f"{layer}.bias"), layer=layer)
