"""Rewrites a float Program in integers.

Values are visited in order. A value is *integer* once a linear layer made it; what comes before the
first linear layer (a normaliser with its clip) stays float and is quantised where that layer reads
it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Continuous, Op, Program, Quantization, State, Value
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import (
    Dequantize,
    Gemm,
    GemmInteger,
    LSTMCell,
    LSTMCellInteger,
    Quantize,
    Reshape,
    Table,
    Unary,
)
from puffer_edge.ir.ops.lstm_cell_integer import TANH_ENTRIES
from puffer_edge.ir.requantization import LARGEST_SUM, choose
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.schemes import Scheme

Array = npt.NDArray[Any]

GATE = Quantization(2.0**-11, 0, -32768, 32767)
CANDIDATE = Quantization(2.0**-12, 0, -32768, 32767)


@dataclass
class Linear:
    """One matrix in integers."""

    weight: Array
    bias: Array
    scales: Array  # real value of 1 in each row's sum
    bound: int
    weight_bits: int


@dataclass
class Quantizer:
    """Collects the integer Program."""

    program: Program
    calibration: Calibration
    scheme: Scheme
    ops: list[Op] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    integers: dict[str, tuple[Quantization, Array, Array]] = field(default_factory=dict)
    """Integer name of a value -> quantization, real size of 1 and real value of 0, per feature."""
    quantized: dict[str, str] = field(default_factory=dict)
    states: dict[str, Value] = field(default_factory=dict)

    def run(self) -> Program:
        """The integer Program."""
        for state in self.program.states:
            self._declare_state(state)
        for op in self.program.ops:
            if isinstance(op, Gemm):
                self._gemm(op)
            elif isinstance(op, LSTMCell):
                self._lstm(op)
            elif isinstance(op, Unary) and op.x in self.integers:
                self._table(op)
            elif isinstance(op, Reshape) and op.x in self.integers:
                self.ops.append(Reshape(x=self.quantized[op.x], y=op.y, shape=op.shape))
                self._made(op.y, self.integers[op.x][0], op.y)
            elif not any(name in self.integers for name in op.operands):
                self.ops.append(op)  # before the first linear layer: float
            else:
                raise UnsupportedError(
                    f"the op {type(op).__name__} cannot be computed in integers yet",
                    where=op.layer or op.outputs[0], hint="export it with --scheme float32")
        return self._finish()

    def _gemm(self, op: Gemm) -> None:
        x = self._integer(op.x, [op.weight])
        weight = self.program.constants[op.weight].astype(np.float64)
        bias = (self.program.constants[op.bias].astype(np.float64) if op.bias
                else np.zeros(weight.shape[0]))
        linear = self._linear(op.x, weight, bias, op.layer)
        rectified = op.activation is not None and op.activation.function == "relu"
        plain = op.y if op.activation is None or rectified else f"{op.y}.sum"
        assert plain == op.y, "activations other than ReLU are not fused here"
        meaning = self._meaning(op.y, op.layer)
        # Outputs that were never anything but 0 say nothing of their range; the sums do.
        smallest = float((linear.bound * linear.scales).max()) / 2**28
        meaning = replace(meaning, scale=max(meaning.scale, smallest))
        self.ops.append(GemmInteger(
            x=x, weight=self._weight(linear, op.y), bias=self._constant(linear.bias, f"{op.y}.b"),
            requantization=self._requantization(linear, meaning.scale, op.y, op.layer), y=op.y,
            dtype=self.scheme.activation_dtype, quantization=meaning, layer=op.layer))
        self._made(op.y, meaning, op.y)

    def _table(self, op: Unary) -> None:
        before, meaning = self.integers[op.x][0], self._meaning(op.y, op.layer)
        span = before.high - before.low + 1
        bits = max(0, (span - 1).bit_length() - 8)
        count = ((span - 1) >> bits) + 2 if bits else span
        integers = before.low + (np.arange(count, dtype=np.float64) * (1 << bits))
        real = (integers - before.zero_point) * before.scale
        function = FUNCTIONS[op.function.function]
        exact = function.exact(real, *op.function.parameters)
        table = np.floor(exact / meaning.scale + 0.5) + meaning.zero_point
        table = np.clip(table, meaning.low, meaning.high).astype(np.int16)
        self.ops.append(Table(
            x=self.quantized[op.x], table=self._constant(table, f"{op.y}.table"), y=op.y,
            low=before.low, bits=bits, dtype=self.scheme.activation_dtype, quantization=meaning,
            layer=op.layer))
        self._made(op.y, meaning, op.y)

    def _lstm(self, op: LSTMCell) -> None:
        constants = self.program.constants
        x = self._integer(op.x, [op.weight])
        weight = constants[op.weight].astype(np.float64)
        recurrent = constants[op.recurrent].astype(np.float64)
        bias = constants[op.bias].astype(np.float64) if op.bias else np.zeros(len(weight))
        over_x = self._linear(op.x, weight, bias, op.layer)
        over_h = self._linear(op.h, recurrent, np.zeros(len(weight)), op.layer)
        hidden = recurrent.shape[1]
        gates = np.repeat([GATE.scale, GATE.scale, CANDIDATE.scale, GATE.scale], hidden)
        for linear in (over_x, over_h):  # so that their sum stays in 31 bits too
            if np.any(linear.bound * linear.scales / gates > 2**28):
                raise UnsupportedError("the gates of this layer can leave 31 bits", where=op.layer)
        largest = max(map(abs, self.calibration.bounds(op.y_c)))
        cell_bits = min(14, 15 - int(np.ceil(np.log2(max(largest * 1.25, 2.0**-6)))))
        tanh = np.floor(2**14 * np.tanh(np.arange(TANH_ENTRIES) / 32) + 0.5).astype(np.int16)
        meaning = self._meaning(op.y_h, op.layer)
        output = choose(2.0**-29 / meaning.scale, 2**29)
        self.ops.append(LSTMCellInteger(
            x=x, h=self.quantized[op.h], c=self.quantized[op.c],
            weight=self._weight(over_x, f"{op.y_h}.ih"),
            recurrent=self._weight(over_h, f"{op.y_h}.hh"),
            bias=self._constant(over_x.bias, f"{op.y_h}.b"),
            recurrent_bias=self._constant(over_h.bias, f"{op.y_h}.bh"),
            requantization=self._requantization(over_x, gates, f"{op.y_h}.ih", op.layer),
            recurrent_requantization=self._requantization(over_h, gates, f"{op.y_h}.hh", op.layer),
            table=self._constant(tanh, "tanh"),
            output=self._constant(np.array(output, np.int32), f"{op.y_h}.output"),
            y_h=op.y_h, y_c=op.y_c, cell_bits=cell_bits, dtype=self.scheme.activation_dtype,
            quantization=meaning, layer=op.layer))
        self._made(op.y_h, meaning, op.y_h)
        self._made(op.y_c, Quantization(2.0**-cell_bits, 0, -32768, 32767), op.y_c)
        self.states[op.c] = Value(op.c, self.program.values[op.c].shape, "int16",
                                  Quantization(2.0**-cell_bits, 0, -32768, 32767))

    def _declare_state(self, state: State) -> None:
        """Hidden states are quantised as the value that they take; cells are set by their LSTM."""
        meaning = self._meaning(state.output, "")
        value = self.program.values[state.input]
        self.states[state.input] = Value(state.input, value.shape, self.scheme.activation_dtype,
                                         meaning)
        self._made(state.input, meaning, state.input)

    def _linear(self, x: str, weight: Array, bias: Array, layer: str) -> Linear:
        """Weights per row, and the proof that no sum leaves 31 bits."""
        meaning, size, zero = self.integers[x]
        folded = weight * size  # a feature's own scale goes into its column
        bias = bias + weight @ np.broadcast_to(zero, weight.shape[1:])
        for bits in range(self.scheme.weight_bits, 3, -1):
            top = 2 ** (bits - 1) - 1
            # A row of (nearly) nothing but a bias takes its scale from the bias.
            scales = np.maximum(np.abs(folded).max(1) / top, np.abs(bias) / 2**29) + 1e-30
            rows = np.floor(folded / scales[:, None] + 0.5).astype(np.int64)
            start = np.floor(bias / scales + 0.5)
            if np.abs(start).max() < LARGEST_SUM:
                total = start.astype(np.int64) - meaning.zero_point * rows.sum(1)
                bound = int((np.abs(rows).sum(1) * meaning.largest + np.abs(total)).max())
                if bound <= LARGEST_SUM:
                    return Linear(rows, total, scales, bound, bits)
            if not self.scheme.balanced:
                break
        raise UnsupportedError("no sum of this layer can be proved to stay in 31 bits",
                               where=layer, hint="give it another scheme")

    def _activation_bits(self, readers: list[str]) -> int:
        """Bits of a value so that the layers that read it can be proved, weights balanced."""
        bits = self.scheme.activation_bits
        for weight in readers:
            matrix = self.program.constants[weight].astype(np.float64)
            relative = (np.abs(matrix) / np.maximum(np.abs(matrix).max(1), 1e-30)[:, None]).sum(1)
            room = 29.5 - float(np.log2(max(relative.max(), 1.0)))
            if self.scheme.balanced:  # weights and activations share the room
                bits = min(bits, int(room / 2) + 1)
            else:
                bits = min(bits, int(room - self.scheme.weight_bits + 1) + 1)
        return bits

    def _readers(self, name: str) -> list[str]:
        """Weights of the linear layers that read a value, states and reshapes followed."""
        successor = {state.output: state.input for state in self.program.states}
        names, found = [name], []
        while names:
            value = names.pop()
            if value in successor:
                names.append(successor[value])
            for op in self.program.consumers().get(value, []):
                if isinstance(op, Gemm):
                    found.append(op.weight)
                elif isinstance(op, LSTMCell):
                    found.append(op.weight if op.x == value else op.recurrent)
                elif isinstance(op, Reshape):
                    names.append(op.y)
        return found

    def _meaning(self, name: str, layer: str) -> Quantization:
        """Scale and zero point of a value from its calibrated range and its readers."""
        low, high = self.calibration.bounds(name)
        bits = self._activation_bits(self._readers(name))
        bottom, top = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        if self.scheme.asymmetric:
            scale = max(high - low, 1e-6) / (top - bottom)
            return Quantization(scale, int(np.floor(bottom - low / scale + 0.5)), bottom, top)
        scale = max(high, -low, 1e-6) / top
        return Quantization(scale, 0, 0 if low == 0 else bottom, top)

    def _integer(self, name: str, readers: list[str]) -> str:
        """Integer name of a value; a float one is quantised feature by feature."""
        if name not in self.integers:
            bits = self._activation_bits(readers)
            bottom, top = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
            low, high = self.calibration.features(name)
            factor = ((top - bottom) / (high - low)).astype(np.float32).astype(np.float64)
            offset = (bottom - low * factor).astype(np.float32).astype(np.float64)
            integer = f"{name}.integer"
            self.ops.append(Quantize(
                x=name, factor=self._constant(factor.astype(np.float32), f"{name}.factor"),
                offset=self._constant(offset.astype(np.float32), f"{name}.offset"), y=integer,
                dtype=self.scheme.activation_dtype, low=bottom, high=top))
            self.integers[name] = (Quantization(1.0, 0, bottom, top), 1 / factor, -offset / factor)
            self.quantized[name] = integer
        return self.quantized[name]

    def _made(self, name: str, meaning: Quantization, integer: str) -> None:
        self.integers[name] = (meaning, np.array([meaning.scale]), np.array([0.0]))
        self.quantized[name] = integer

    def _requantization(self, linear: Linear, scale: Any, name: str, layer: str) -> str:
        ratios = linear.scales / scale
        return self._constant(
            np.array([choose(float(ratio), linear.bound) for ratio in ratios], np.int32),
            f"{name}.requantization")

    def _weight(self, linear: Linear, name: str) -> str:
        return self._constant(linear.weight.astype(self.scheme.weight_dtype), f"{name}.w")

    def _constant(self, array: Array, name: str) -> str:
        self.constants[name] = array.astype(np.int32) if array.dtype == np.int64 else array
        return name

    def _finish(self) -> Program:
        program = self.program
        outputs = list(program.outputs)
        if isinstance(program.contract.action, Continuous):
            meaning = self.integers[outputs[0]][0]
            self.ops.append(Dequantize(
                x=self.quantized[outputs[0]], y="action.real", scale=meaning.scale,
                offset=-meaning.scale * meaning.zero_point))
            outputs[0] = "action.real"
        states = tuple(
            State(state.input, state.output,
                  np.zeros(state.initial.shape, self.states[state.input].dtype))
            for state in program.states)
        return program.with_ops(
            self.ops, {**program.constants, **self.constants}, outputs=tuple(outputs),
            states=states, values={**program.values, **self.states})


def quantize(program: Program, calibration: Calibration, scheme: Scheme) -> Program:
    """The integer Program of an optimised float one (see ``passes.optimize``).

    Raises:
        UnsupportedError: an op has no integer form, or a layer's sums cannot be proved.
    """
    return Quantizer(program, calibration, scheme).run()
