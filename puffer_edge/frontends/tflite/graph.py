# SPDX-License-Identifier: MIT
"""Where a lowering works: tensors of the model by number, bound to constants or to values."""

from __future__ import annotations

from collections.abc import Callable, Collection
from math import prod
from typing import TypeVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.graph import graph as shared
from puffer_edge.frontends.graph.graph import MAX_ELEMENTS
from puffer_edge.frontends.graph.node import Node
from puffer_edge.ir import Activation, Builder
from puffer_edge.ir.ops import (
    Binary,
    Unary,
)
from puffer_edge.readers.text import printable
from puffer_edge.readers.tflite_model import Operator, TFLiteModel

Lowering = Callable[["Graph", Operator], "str | tuple[str, ...]"]
Lowers = TypeVar("Lowers", bound=Lowering)

LOWERINGS: dict[str, Lowering] = {}
"""By the names of tflite.BuiltinOperator."""

HINT = "give the policy as the trainer saved it, or as ONNX"
_FUSED = {1: Activation("relu"), 2: Activation("clip", (-1.0, 1.0)),
          3: Activation("clip", (0.0, 6.0)), 4: Activation("tanh")}
"""Numbers of tflite.ActivationFunctionType."""


def lowers(*operators: str) -> Callable[[Lowers], Lowers]:
    """Decorator that puts a lowering into :data:`LOWERINGS`."""

    def register(function: Lowers) -> Lowers:
        LOWERINGS.update(dict.fromkeys(operators, function))
        return function

    return register


class Graph:
    """Values and constants of the model by the numbers of its tensors.

    Args:
        model: what is read.
        where: the file, for messages.
        observation: elements that the user says the observation has; 0 for nothing.
        states: inputs that are recurrent state.
    """

    def __init__(self, model: TFLiteModel, where: str, observation: int,
                 states: Collection[int] = ()) -> None:
        self.model, self.where = model, where
        self.builder = Builder("TFLite model")
        self.shared = shared.Graph(self.builder, where)
        (number,) = (n for n in model.inputs if n not in states)
        self._values: dict[int, str] = {}
        self.constants: dict[int, Array] = {}
        self.stored: set[str] = set()  # dtypes of weights that stand for other numbers
        tensor = model.tensors[number]
        if (tensor.dtype != "float32" and not tensor.quantised) or 0 in tensor.shape or (
                tensor.shape[:1] != (1,) and prod(tensor.shape) != observation):
            raise UnsupportedError(
                f"the input is of {tensor.dtype} and the shape {tensor.shape}", where=where,
                hint="convert the float model, with a batch of 1")
        self._values[number] = self._rounded(
            number, self.builder.input("observation", tensor.shape))
        for state in states:
            tensor = model.tensors[state]
            if tensor.dtype != "float32":
                raise UnsupportedError(f"a state of {tensor.dtype}", where=self.place(state),
                                       hint="convert the float model")
            self._values[state] = self.builder.state(printable(tensor.name), tensor.shape)

    def value(self, number: int) -> str:
        """A tensor as a value of the Program."""
        if number not in self._values:
            self._values[number] = self.builder.constant(self.constant(number))
        return self._values[number]

    def constant(self, number: int) -> Array:
        """A tensor that the file holds; floats of any width become float32."""
        if number not in self.constants:
            self.constants[number] = self._constant(number)
        return self.constants[number]

    def _constant(self, number: int) -> Array:
        if number < 0:
            raise FileFormatError("an input that an operator needs is absent", where=self.where)
        tensor = self.model.tensors[number]
        if tensor.data is not None and tensor.quantised:
            apart = [1] * len(tensor.shape)
            if tensor.scales.size > 1:
                apart[tensor.axis] = -1
            self.stored.add(tensor.dtype)
            wide = tensor.data.astype(np.float64) - tensor.zeros.reshape(apart or ())
            return np.asarray(wide * tensor.scales.reshape(apart or ()), np.float32)
        if tensor.data is None:
            raise UnsupportedError("a tensor is read before it is made, or is a variable",
                                   where=self.place(number), hint=HINT)
        if tensor.dtype not in ("float32", "float16"):
            raise UnsupportedError(f"a weight is of {tensor.dtype}", where=self.place(number),
                                   hint="convert the float model without quantisation")
        if tensor.dtype == "float16":
            self.stored.add(tensor.dtype)
        return tensor.data.astype(np.float32, copy=False)

    def note_storage(self) -> None:
        """Says what weights are stored as, where nothing else of the model is in integers."""
        if self.stored and all(note.kind != "quantised" for note in self.builder.notes):
            self.builder.note(
                "quantised", f"weights of {', '.join(sorted(self.stored))} are read as the numbers "
                "that they stand for, and it is computed in float: what a runtime rounds as it "
                "runs (a dynamic model's inputs of layers) is not rounded")

    def weight(self, array: Array, name: str) -> str:
        """A weight as a value of the Program; any number of operators can have the same one."""
        self.model.budget.array(array.shape)
        return self.builder.constant(array, name)

    def place(self, number: int) -> str:
        """A tensor for messages."""
        return f"{self.where}: {printable(self.model.tensors[number].name)}"

    def lower(self, operator: Operator) -> None:
        """Gives the output of an operator its value.

        Raises:
            FileFormatError: it does not fit its inputs.
            UnsupportedError: it is not supported.
        """
        lowering = LOWERINGS.get(operator.name)
        if not operator.inputs or not operator.outputs or min(*operator.outputs,
                                                               operator.inputs[0]) < 0:
            raise FileFormatError("an operator has no input or no output", where=self.where)
        if lowering is None:
            raise UnsupportedError(
                f"the operator {operator.name} is not supported",
                where=self.place(operator.outputs[0]), hint=HINT)
        made = lowering(self, operator)
        results = (made,) if isinstance(made, str) else made
        for number, result in zip(operator.outputs, results, strict=True):
            y = self._values[number] = self._rounded(number, result)
            if self.builder.values[y].size > MAX_ELEMENTS:
                raise UnsupportedError(
                    f"a value of shape {self.builder.shape(y)} would be computed",
                    where=self.place(number), hint="no policy needs that; is this the right file?")

    def _rounded(self, number: int, x: str) -> str:
        """A value as the integers of its tensor can have it: rounded, and cut off at their ends."""
        tensor = self.model.tensors[number]
        if not tensor.quantised or tensor.scales.size != 1 or tensor.dtype in ("int32", "int64"):
            return x
        text = ("a quantised model: read as float, with the weights that its integers stand for "
                "and its own rounding of activations")
        if all(note.text != text for note in self.builder.notes):
            self.builder.note("quantised", text)
        info, zero = np.iinfo(tensor.dtype), int(tensor.zeros[0])
        step = self.builder.constant(tensor.scales.reshape(()))
        x = self.builder.add(Binary, a=x, b=step, function="div")
        x = self.builder.add(Unary, x=x, function=Activation("round"))
        ends = float(info.min - zero), float(info.max - zero)
        x = self.builder.add(Unary, x=x, function=Activation("clip", ends))
        return self.builder.add(Binary, a=x, b=step, function="mul")

    def activated(self, x: str, operator: Operator, field: int) -> str:
        """The fused activation of the operator's options."""
        number = operator.options.number(field, "<b") if operator.options else 0
        if number == 0:
            return x
        if number not in _FUSED:
            raise UnsupportedError(f"the fused activation {number} is not supported",
                                   where=self.place(operator.outputs[0]), hint=HINT)
        return self.builder.add(Unary, x=x, function=_FUSED[number])

    def node(self, operator: Operator) -> Node:
        """The operator as what all front ends of graphs share wants it."""
        tensor = self.model.tensors[operator.outputs[0]]
        return Node(operator.name, printable(tensor.name), (), (tensor.name,),
                    self.place(operator.outputs[0]))

    def shape_of(self, operator: Operator) -> tuple[int, ...]:
        """The shape that the file declares of the result."""
        return self.model.tensors[operator.outputs[0]].shape


def integers(graph: Graph, op: Operator, index: int) -> tuple[int, ...]:
    """The numbers of a constant input."""
    data = graph.model.tensors[op.inputs[index]].data if len(op.inputs) > index else None
    if data is None or data.dtype.kind not in "iu":
        raise UnsupportedError("a shape or axes that are computed",
                               where=graph.place(op.outputs[0]), hint=HINT)
    return tuple(int(n) for n in data.reshape(-1))
