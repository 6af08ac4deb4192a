# SPDX-License-Identifier: MIT
"""torch's own kernels over a float Program: what the trainer's framework says to the same weights.

Ops that only move elements, and rare ones, run by their numpy reference.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.errors import MissingDependencyError, UnsupportedError
from puffer_edge.ir import Program
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.op import Activation, Op
from puffer_edge.runtimes.policy import Policy

Torch = Any
Compute = Callable[[Any, Torch, list[Any]], tuple[Any, ...]]


def _function(torch: Torch, activation: Activation | None, x: Any) -> Any:
    if activation is None:
        return x
    known = FUNCTIONS[activation.function]
    if activation.function == "gelu_tanh":
        return torch.nn.functional.gelu(x, approximate="tanh")
    if known.torch:
        return attrgetter(known.torch)(torch)(x, *activation.parameters)
    return torch.from_numpy(activation(x.numpy()))


def _gemm(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    return (_function(torch, op.activation, torch.nn.functional.linear(*inputs)),)


def _unary(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    return (_function(torch, op.function, inputs[0]),)


def _reshape(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    return (inputs[0].reshape(op.shape),)


def _lstm(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    x, h, c, weight, recurrent, bias = inputs
    zero = torch.zeros(weight.shape[0]) if bias is None else bias
    found: tuple[Any, ...] = torch.lstm_cell(x, (h, c), weight, recurrent, zero,
                                             torch.zeros_like(zero))
    return found


def _gru(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    x, h, weight, recurrent, bias, recurrent_bias = inputs
    zero = torch.zeros(weight.shape[0])
    return (torch.gru_cell(x, h, weight, recurrent, zero if bias is None else bias,
                           zero if recurrent_bias is None else recurrent_bias),)


def _min_gru(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    x, h, weight = inputs
    a, g, p = torch.nn.functional.linear(x, weight).chunk(3, dim=-1)
    candidate = torch.where(a >= 0, a + 0.5, torch.sigmoid(a))
    after = torch.lerp(h, candidate, torch.sigmoid(g))
    keep = torch.sigmoid(p)
    return keep * after + (1 - keep) * x, after


def _conv(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    x, weight, bias = inputs
    rank = len(op.strides)
    # torch pads the last axis first, begin and end; ours are all begins, then all ends.
    sides = [side for axis in reversed(range(rank)) for side in (op.pads[axis],
                                                                 op.pads[rank + axis])]
    convolve = (torch.nn.functional.conv1d, torch.nn.functional.conv2d)[rank - 1]
    y = convolve(torch.nn.functional.pad(x, sides), weight, bias, stride=op.strides,
                 dilation=op.dilations, groups=op.group)
    return (_function(torch, op.activation, y),)


def _binary(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    known = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div,
             "max": torch.maximum, "min": torch.minimum}
    return (known[op.function](*inputs),)


def _matmul(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    return (torch.matmul(*inputs),)


def _softmax(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    return (torch.softmax(inputs[0], op.axis),)


def _layer_normalization(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    x, scale, bias = inputs
    return (torch.nn.functional.layer_norm(x, x.shape[op.axis:], scale, bias, op.epsilon),)


def _reference(op: Any, torch: Torch, inputs: list[Any]) -> tuple[Any, ...]:
    arrays = op.evaluate([None if part is None else part.numpy() for part in inputs])
    return tuple(torch.from_numpy(array) for array in arrays)


OPS: dict[str, Compute] = {
    "Gemm": _gemm, "Unary": _unary, "Reshape": _reshape, "LSTMCell": _lstm, "GRUCell": _gru,
    "MinGRUCell": _min_gru, "Conv": _conv, "Binary": _binary, "MatMul": _matmul,
    "Softmax": _softmax, "LayerNormalization": _layer_normalization}


class Backend(Policy):
    """Runs float Programs."""

    backend = "torch"

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        if importlib.util.find_spec("torch") is None:
            raise MissingDependencyError("the torch back end needs torch",
                                         hint="pip install 'puffer-edge[torch]'")
        if any(value.dtype != "float32" for value in program.values.values()):
            raise UnsupportedError("the torch back end runs float32 policies only",
                                   hint="use the back end numpy or native")
        import torch

        self._torch = torch
        self._constants = {name: torch.from_numpy(array.copy())
                           for name, array in program.constants.items()}

    def _fresh(self) -> Any:
        return {state.input: self._torch.from_numpy(state.initial.copy())
                for state in self.program.states}

    def _evaluate(self, state: Any, x: Array) -> tuple[dict[str, Array], Any]:
        program = self.program
        shape = program.values[program.input].shape
        known = {**self._constants, **state,
                 program.input: self._torch.from_numpy(x.reshape(shape).copy())}
        with self._torch.no_grad():
            for op in program.ops:
                known.update(zip(op.outputs, self._run(op, known), strict=True))
        return ({name: known[value].numpy().reshape(-1)
                 for name, value in zip(program.output_names, program.outputs, strict=True)},
                {state.input: known[state.output] for state in program.states})

    def _run(self, op: Op, known: dict[str, Any]) -> tuple[Any, ...]:
        inputs = [known[name] if name else None for name in op.inputs]
        return OPS.get(type(op).__name__, _reference)(op, self._torch, inputs)
