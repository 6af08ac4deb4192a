"""TFLite models as input: linear layers, convolutions, pools; quantised ones are read as float.

TFLite keeps channels last; a convolution is turned to channels first and back. Formulas: the
reference kernels of TensorFlow Lite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError, ProgramError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.action_kind import Evidence, action_kind
from puffer_edge.frontends.onnx import roles
from puffer_edge.frontends.onnx.graph import MAX_ELEMENTS
from puffer_edge.frontends.onnx.names import normalised
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tflite_batch import of_one_row
from puffer_edge.frontends.tflite_names import operator_name
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Program
from puffer_edge.ir.ops import (
    Binary,
    Concat,
    Conv,
    Gemm,
    Reduce,
    Reshape,
    Slice,
    Softmax,
    Transpose,
    Unary,
)
from puffer_edge.readers.text import printable
from puffer_edge.readers.tflite_model import Operator, TFLiteModel, load_tflite_model

Array = npt.NDArray[Any]
Lowering = Callable[["_Graph", Operator], str]

_HINT = "give the policy as the trainer saved it, or as ONNX"
_FUSED = {1: Activation("relu"), 2: Activation("clip", (-1.0, 1.0)),
          3: Activation("clip", (0.0, 6.0)), 4: Activation("tanh")}
"""Numbers of tflite.ActivationFunctionType."""
_UNARY = {14: Activation("sigmoid"), 19: Activation("relu"), 20: Activation("clip", (-1.0, 1.0)),
          21: Activation("clip", (0.0, 6.0)), 28: Activation("tanh"), 47: Activation("exp"),
          59: Activation("neg"), 101: Activation("abs"), 111: Activation("elu", (1.0,)),
          117: Activation("hard_swish")}
_BINARY = {0: "add", 18: "mul", 41: "sub", 42: "div", 55: "max", 57: "min"}
_CHOOSING = (25, 50, 56)
"""SOFTMAX, LOG_SOFTMAX, ARG_MAX."""


def load_tflite(path: Path, options: LoadOptions) -> Program:
    """The Program of a model.

    Raises:
        FileFormatError: the file is damaged, or its tensors do not fit each other.
        UnsupportedError: the model has an operator that is not supported.
        UsageError: the options do not fit the policy.
    """
    model, where = load_tflite_model(path), str(path)
    if len(model.inputs) != 1 or not model.outputs or model.inputs[0] < 0:
        raise UnsupportedError(f"the model has {len(model.inputs)} inputs", where=where,
                               hint="one observation is supported, without recurrent state")
    return of_one_row(model, options, where, partial(_program, where=where))


def _program(model: TFLiteModel, options: LoadOptions, where: str) -> Program:
    """Of a model of one row, or of all rows where they are the observation that is given."""
    graph = _Graph(model, where, sum(field.size for field in options.observation))
    try:
        for operator in model.operators:
            graph.lower(operator)
        parts = _outputs(graph)
        widths = [prod(graph.builder.shape(part)) for part in parts]
        flat = [graph.builder.add(Reshape, x=part, shape=(1, size))
                for part, size in zip(parts, widths, strict=True)]
        y = flat[0] if len(flat) == 1 else graph.builder.add(Concat, xs=tuple(flat), axis=1)
    except (ProgramError, ValueError, TypeError, IndexError, ArithmeticError) as error:
        raise FileFormatError("the operators do not fit each other", where=where) from error
    builder, action = graph.builder, _action(graph, options, widths)
    name = "logits" if isinstance(action, Discrete) else "mean"
    size = prod(model.tensors[model.inputs[0]].shape)
    return builder.build({name: y}, heads.contract(builder, options, size, action))


def _outputs(graph: _Graph) -> list[str]:
    """The values that the action is made of, in the file's order."""
    builder, tensors = graph.builder, graph.model.tensors
    kept = []
    for number in dict.fromkeys(graph.model.outputs):
        name = tensors[number].name
        if len(graph.model.outputs) > 1 and roles.is_value(name):
            builder.note("dropped", f"output {printable(name)}: the action does not need it")
        else:
            kept.append(number)
    if len(kept) > 1:
        listed = ", ".join(printable(tensors[number].name) for number in kept)
        builder.note("stated", f"the outputs {listed} are one action, one after another")
    return [graph.value(number) for number in kept or graph.model.outputs[:1]]


def _action(graph: _Graph, options: LoadOptions, widths: list[int]) -> Discrete | Continuous:
    model = graph.model
    choosing = [op for op in model.operators if op.code in _CHOOSING]
    name = normalised(model.tensors[model.outputs[0]].name)
    evidence = Evidence()
    if any({*op.outputs, *op.inputs[:1]} & set(model.outputs) for op in choosing):
        evidence = Evidence("discrete", "the graph ends in a softmax or chooses from it", True)
    elif roles.marks_choices(name):
        evidence = Evidence("discrete", f"the output is called {printable(name)}", True)
    if action_kind(graph.builder, options, evidence) == "discrete":
        if len(widths) > 1 and not options.action_sizes:  # an output for each head
            options = replace(options, action_sizes=tuple(widths))
        return heads.discrete(graph.builder, options, sum(widths))
    return heads.continuous(graph.builder, options, sum(widths))


class _Graph:
    """Values and constants of the model by the numbers of its tensors."""

    def __init__(self, model: TFLiteModel, where: str, observation: int) -> None:
        self.model, self.where = model, where
        self.builder = Builder("TFLite model")
        number = model.inputs[0]
        self._values: dict[int, str] = {}
        self.constants: dict[int, Array] = {}
        tensor = model.tensors[number]
        if (tensor.dtype != "float32" and not tensor.quantised) or 0 in tensor.shape or (
                tensor.shape[:1] != (1,) and prod(tensor.shape) != observation):
            raise UnsupportedError(
                f"the input is of {tensor.dtype} and the shape {tensor.shape}", where=where,
                hint="convert the float model, with a batch of 1")
        self._values[number] = self._rounded(
            number, self.builder.input("observation", tensor.shape))

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
            wide = tensor.data.astype(np.float64) - tensor.zeros.reshape(apart or ())
            return np.asarray(wide * tensor.scales.reshape(apart or ()), np.float32)
        if tensor.data is None:
            raise UnsupportedError("a tensor is read before it is made, or is a variable",
                                   where=self.place(number), hint=_HINT)
        if tensor.dtype not in ("float32", "float16"):
            raise UnsupportedError(f"a weight is of {tensor.dtype}", where=self.place(number),
                                   hint="convert the float model without quantisation")
        return tensor.data.astype(np.float32, copy=False)

    def weight(self, array: Array, name: str) -> str:
        """A weight as a value of the Program; any number of operators can have the same one."""
        self.model.budget.array(array.shape)
        return self.builder.constant(array, name)

    def place(self, number: int) -> str:
        return f"{self.where}: {printable(self.model.tensors[number].name)}"

    def lower(self, operator: Operator) -> None:
        code = operator.code
        lowering = _LOWERINGS.get(code)
        if not operator.inputs or not operator.outputs or min(*operator.outputs,
                                                               operator.inputs[0]) < 0:
            raise FileFormatError("an operator has no input or no output", where=self.where)
        if lowering is None:
            raise UnsupportedError(
                f"the operator {operator_name(code)} is not supported",
                where=self.place(operator.outputs[0]), hint=_HINT)
        number = operator.outputs[0]
        y = self._values[number] = self._rounded(number, lowering(self, operator))
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
                                   where=self.place(operator.outputs[0]), hint=_HINT)
        return self.builder.add(Unary, x=x, function=_FUSED[number])

    def shape_of(self, operator: Operator) -> tuple[int, ...]:
        return self.model.tensors[operator.outputs[0]].shape


def _fully_connected(graph: _Graph, op: Operator) -> str:
    builder, weight = graph.builder, graph.constant(op.inputs[1])
    x = graph.value(op.inputs[0])
    size = prod(builder.shape(x))
    if weight.ndim != 2 or not weight.size or size % weight.shape[1]:
        raise FileFormatError("the weight does not fit the value before it",
                              where=graph.place(op.inputs[1]))
    x = builder.add(Reshape, x=x, shape=(size // weight.shape[1], weight.shape[1]))
    layer = printable(graph.model.tensors[op.outputs[0]].name)
    y = builder.add(Gemm, x=x, weight=graph.weight(weight, "weight"), bias=_bias(graph, op),
                    layer=layer)
    return graph.activated(y, op, 0)


def _bias(graph: _Graph, op: Operator) -> str:
    if len(op.inputs) < 3 or op.inputs[2] < 0:
        return ""
    return graph.weight(graph.constant(op.inputs[2]).reshape(-1), "bias")


def _conv_2d(graph: _Graph, op: Operator) -> str:
    builder, options = graph.builder, op.options
    weight = graph.constant(op.inputs[1])
    x = graph.value(op.inputs[0])
    shape = builder.shape(x)
    deep = op.code == 4  # DEPTHWISE_CONV_2D: [1, height, width, filters], a group per channel
    if options is None or weight.ndim != 4 or len(shape) != 4 or (
            weight.shape[3] % shape[3] or weight.shape[0] != 1 if deep
            else shape[3] != weight.shape[3]):
        raise FileFormatError("the weight does not fit the value before it",
                              where=graph.place(op.inputs[1]))
    strides = options.number(2), options.number(1)
    dilations = options.number(5 + deep, "<i", 1), options.number(4 + deep, "<i", 1)
    if min(*strides, *dilations) < 1 or max(*strides, *dilations) > 1024:
        raise FileFormatError("the strides are malformed", where=graph.place(op.outputs[0]))
    pads = [0, 0, 0, 0]
    if options.number(0, "<b") == 0:  # SAME
        for axis in (0, 1):
            size, kernel = shape[1 + axis], (weight.shape[1 + axis] - 1) * dilations[axis] + 1
            total = max((-(-size // strides[axis]) - 1) * strides[axis] + kernel - size, 0)
            pads[axis], pads[2 + axis] = total // 2, total - total // 2
    x = builder.add(Transpose, x=x, permutation=(0, 3, 1, 2))
    y = builder.add(
        Conv, x=x, group=shape[3] if deep else 1,
        weight=graph.weight(weight.transpose((3, 0, 1, 2) if deep else (0, 3, 1, 2)), "weight"),
        bias=_bias(graph, op), strides=strides, pads=tuple(pads), dilations=dilations,
        layer=printable(graph.model.tensors[op.outputs[0]].name))
    if min(builder.shape(y)) < 1:
        raise FileFormatError("the kernel is larger than the image",
                              where=graph.place(op.inputs[1]))
    y = graph.activated(y, op, 4 if deep else 3)
    return builder.add(Transpose, x=y, permutation=(0, 2, 3, 1))


def _reshape(graph: _Graph, op: Operator) -> str:
    x, shape = graph.value(op.inputs[0]), graph.shape_of(op)
    if prod(shape) != prod(graph.builder.shape(x)):
        raise FileFormatError("the reshape does not keep the elements",
                              where=graph.place(op.outputs[0]))
    return graph.builder.add(Reshape, x=x, shape=shape)


def _softmax(graph: _Graph, op: Operator) -> str:
    if op.options is None or op.options.number(0, "<f", 0.0) != 1.0:
        raise UnsupportedError("a softmax with another beta than 1",
                               where=graph.place(op.outputs[0]), hint=_HINT)
    x = graph.value(op.inputs[0])
    return graph.builder.add(Softmax, x=x, axis=len(graph.builder.shape(x)) - 1)


def _unary(graph: _Graph, op: Operator) -> str:
    return graph.builder.add(Unary, x=graph.value(op.inputs[0]), function=_UNARY[op.code])


def _leaky_relu(graph: _Graph, op: Operator) -> str:
    slope = op.options.number(0, "<f", 0.0) if op.options else 0.0
    if not np.isfinite(slope):
        raise FileFormatError("the slope is not finite", where=graph.place(op.outputs[0]))
    return graph.builder.add(Unary, x=graph.value(op.inputs[0]),
                             function=Activation("leaky_relu", (float(slope),)))


def _gelu(graph: _Graph, op: Operator) -> str:
    tanh = bool(op.options.number(0, "<b")) if op.options else False
    return graph.builder.add(Unary, x=graph.value(op.inputs[0]),
                             function=Activation("gelu_tanh" if tanh else "gelu"))


def _binary(graph: _Graph, op: Operator) -> str:
    if len(op.inputs) != 2 or min(op.inputs) < 0:
        raise FileFormatError("an operator needs two inputs", where=graph.place(op.outputs[0]))
    a, b = (graph.value(number) for number in op.inputs)
    y = graph.builder.add(Binary, a=a, b=b, function=_BINARY[op.code])
    return graph.activated(y, op, 0) if op.code in (0, 18, 41, 42) else y


def _same(graph: _Graph, op: Operator) -> str:
    """QUANTIZE and DEQUANTIZE: values are real numbers, and what a tensor holds rounds them."""
    number = op.inputs[0]
    if graph.model.tensors[number].data is not None:
        graph.constants[op.outputs[0]] = graph.constant(number)
    return graph.value(number)


def _transpose(graph: _Graph, op: Operator) -> str:
    order = _integers(graph, op, 1)
    x = graph.value(op.inputs[0])
    if sorted(order) != list(range(len(graph.builder.shape(x)))):
        raise FileFormatError("the axes are malformed", where=graph.place(op.outputs[0]))
    return graph.builder.add(Transpose, x=x, permutation=order)


def _concatenation(graph: _Graph, op: Operator) -> str:
    xs = tuple(graph.value(number) for number in op.inputs)
    rank = len(graph.builder.shape(xs[0]))
    axis = op.options.number(0) if op.options else 0
    if not -rank <= axis < rank:
        raise FileFormatError("the axis is malformed", where=graph.place(op.outputs[0]))
    return graph.activated(graph.builder.add(Concat, xs=xs, axis=axis % rank), op, 1)


def _mean(graph: _Graph, op: Operator) -> str:
    x = graph.value(op.inputs[0])
    rank = len(graph.builder.shape(x))
    axes = tuple(sorted({axis % rank for axis in _integers(graph, op, 1)}))
    if not axes or axes[-1] - axes[0] + 1 != len(axes):
        raise UnsupportedError("a mean over axes that are not beside each other",
                               where=graph.place(op.outputs[0]), hint=_HINT)
    function = {40: "mean", 74: "sum", 82: "max", 89: "min"}[op.code]
    y = graph.builder.add(Reduce, x=x, function=function, axes=axes, keep=False)
    return graph.builder.add(Reshape, x=y, shape=graph.shape_of(op))


def _pool(graph: _Graph, op: Operator) -> str:
    """Of blocks that do not overlap; what a block does not fill is left out, as VALID says."""
    x, options = graph.value(op.inputs[0]), op.options
    shape = graph.builder.shape(x)
    if options is None or len(shape) != 4:
        raise FileFormatError("the pool does not fit", where=graph.place(op.outputs[0]))
    down, right, high, wide = (options.number(field) for field in (2, 1, 4, 3))
    if (down, right) != (high, wide) or min(high, wide) < 1 or high > shape[1] or (
            wide > shape[2]) or (options.number(0, "<b") == 0
                                 and (shape[1] % high or shape[2] % wide)):
        raise UnsupportedError("a pool whose blocks overlap, or leave the image",
                               where=graph.place(op.outputs[0]), hint=_HINT)
    rows, columns = shape[1] // high, shape[2] // wide
    x = graph.builder.add(Slice, x=x, starts=(0,) * 4, steps=(1,) * 4,
                          counts=(shape[0], rows * high, columns * wide, shape[3]))
    x = graph.builder.add(Reshape, x=x, shape=(rows, high, columns, wide, shape[3]))
    x = graph.builder.add(Transpose, x=x, permutation=(0, 2, 1, 3, 4))
    y = graph.builder.add(Reduce, x=x, function="mean" if op.code == 1 else "max", axes=(2, 3),
                          keep=False)
    y = graph.builder.add(Reshape, x=y, shape=(1, rows, columns, shape[3]))
    return graph.activated(y, op, 5)


def _integers(graph: _Graph, op: Operator, index: int) -> tuple[int, ...]:
    """The numbers of a constant input."""
    data = graph.model.tensors[op.inputs[index]].data if len(op.inputs) > index else None
    if data is None or data.dtype.kind not in "iu":
        raise UnsupportedError("a shape or axes that are computed",
                               where=graph.place(op.outputs[0]), hint=_HINT)
    return tuple(int(n) for n in data.reshape(-1))


_LOWERINGS: dict[int, Lowering] = {
    1: _pool, 2: _concatenation, 4: _conv_2d, 6: _same, 17: _pool, 39: _transpose, 40: _mean,
    43: _reshape, 70: _reshape, 74: _mean, 82: _mean, 89: _mean, 114: _same,
    3: _conv_2d, 9: _fully_connected, 22: _reshape, 25: _softmax, 98: _leaky_relu, 150: _gelu,
    **dict.fromkeys(_UNARY, _unary), **dict.fromkeys(_BINARY, _binary)}
"""By the numbers of tflite.BuiltinOperator."""
