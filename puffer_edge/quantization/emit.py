# SPDX-License-Identifier: MIT
"""What rules write with: the integer Program as far as it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Op, Program, Quantization, State, Value
from puffer_edge.ir.ops import Quantize, Table
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.gptq import Rounding
from puffer_edge.quantization.linear import Linear, prove, table_points
from puffer_edge.quantization.ranges import Ranges
from puffer_edge.quantization.schemes import OBSERVATION


@dataclass(frozen=True)
class Integer:
    """A value in integers.

    Attributes:
        name: of the value that holds them.
        qparams: scale, zero point and range of the integers.
        scale, zero: real value of the step 1 and of the integer 0, one number, or one per channel;
            they differ from ``qparams`` where channels have their own.
    """

    name: str
    qparams: Quantization
    scale: Array
    zero: Array

    @property
    def per_tensor(self) -> bool:
        """All elements have the scale and zero point of ``qparams``."""
        return self.scale.size == 1


@dataclass
class Emitter:
    """Collects the integer Program.

    Attributes:
        ranges: bits and scales of the float Program's values.
        rounding: of weights.
        ops: made so far, in order.
        constants: made so far.
        integers: values of the float Program that are integers by now.
        states: the Program's states in integers, by name.
        twins: states that the float Program does not have.
        finer: of a value, the one with more bits that is carried to states of its scale.
    """

    ranges: Ranges
    rounding: Rounding = field(default_factory=Rounding)
    ops: list[Op] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    integers: dict[str, Integer] = field(default_factory=dict)
    states: dict[str, Value] = field(default_factory=dict)
    twins: list[State] = field(default_factory=list)
    finer: dict[str, str] = field(default_factory=dict)

    @property
    def program(self) -> Program:
        """The float Program."""
        return self.ranges.program

    @property
    def calibration(self) -> Calibration:
        """Of the float Program."""
        return self.ranges.calibration

    def add(self, op: Op) -> None:
        """Appends an op."""
        self.ops.append(op)

    def declare(self, name: str, qparams: Quantization, under: str = "") -> None:
        """Declares a per-tensor integer value, made under its own name or another."""
        self.integers[name] = _per_tensor(under or name, qparams)

    def remember(self, state: State, name: str, output: str, dtype: str,
                 qparams: Quantization) -> None:
        """Adds a state beside one of the float Program, with the same initial value."""
        self.states[name] = Value(name, state.initial.shape, dtype, qparams)
        self.twins.append(State(name, output, state.initial))

    def constant(self, array: Array, name: str) -> str:
        """Adds a constant, int64 as int32, and gives its name: another where that is taken."""
        while name in self.program.values or (
                name in self.constants and not np.array_equal(self.constants[name], array)):
            name += "_"
        self.constants[name] = array.astype(np.int32) if array.dtype == np.int64 else array
        return name

    def floats(self, name: str) -> Array | None:
        """A constant of the float Program, float64; None for an absent one.

        Raises:
            UnsupportedError: it is computed, not constant.
        """
        if not name:
            return None
        if name not in self.program.constants:
            raise UnsupportedError("a weight is computed at run time", where=name,
                                   hint="export it with --scheme float32")
        return self.program.constants[name].astype(np.float64)

    def dtype_of(self, name: str) -> str:
        """How an integer value that has been made is stored."""
        for op in reversed(self.ops):
            if name in op.outputs:
                dtype = getattr(op, "dtype", None)
                return str(dtype) if dtype else self.dtype_of(op.operands[0])
        return self.states[name].dtype

    def dtype_like(self, name: str, state: str) -> str:
        """Storage of what a cell makes of a state: the state's, as it will be the next one."""
        if name in self.ranges.memories:
            return "int16"
        return self.dtype_of(self.integers[state].name)

    # Layers.

    def linear(self, x: str, weight: Array | None, bias: Array | None, op: Op) -> Linear:
        """A matrix [N, K] in integers, for an integer value x of K elements."""
        assert weight is not None
        source = self.integers[x]
        # A channel's own scale goes into its column, its own zero into the bias.
        bias = np.zeros(len(weight)) if bias is None else bias
        bias = bias + weight @ np.broadcast_to(source.zero, weight.shape[1:])
        seen = self.calibration.samples.get(x)
        if seen is not None and seen.shape[1] == weight.shape[1]:
            seen = (seen - source.zero) / source.scale
        else:  # several rows at once
            seen = None
        return prove(weight * source.scale, bias, source.qparams.largest,
                     source.qparams.zero_point, self.ranges.scheme_of(op), op.layer, seen,
                     self.rounding)

    def weights(self, linear: Linear, op: Op, name: str) -> str:
        """Adds a matrix's weights in the dtype of the op's scheme."""
        return self.constant(linear.weight.astype(self.ranges.scheme_of(op).weight_dtype), name)

    def requantization(self, linear: Linear, y: str, qparams: Quantization
                       ) -> tuple[Array, Quantization]:
        """Of a layer's sums to an output with those qparams, [N, 3], and the qparams that y gets.

        Outputs that were never anything but 0 say nothing of their range; the sums do, so the
        scale grows until the largest of them comes to 2^28. Where all that reads them is flat,
        only what such a row adds to a step is cut off.
        """
        largest = linear.bound * linear.scales
        if np.isfinite(self.ranges.useful(y)).all():
            return linear.requantization(np.maximum(qparams.scale, largest / 2**28)), qparams
        qparams = replace(qparams, scale=max(qparams.scale, float(largest.max()) / 2**28))
        return linear.requantization(qparams.scale), qparams

    # Values in integers.

    def per_channel(self, name: str, reader: Op) -> str:
        """Integer name of a value; a float one is quantised channel by channel."""
        value = self.program.values[name]
        if name not in self.integers and value.size != value.shape[-1]:
            self.read_per_tensor(name, reader)  # all rows meet the same weights
        if name not in self.integers:
            dtype = self.ranges.observed
            bottom, top = self.ranges.limits(name, reader, dtype)
            low, high = self.calibration.features(name)
            factor = ((top - bottom) / (high - low)).astype(np.float32).astype(np.float64)
            offset = (bottom - low * factor).astype(np.float32).astype(np.float64)
            integer = f"{name}.integer"
            self.add_quantize(name, integer, factor, offset, dtype, bottom, top, name)
            self.integers[name] = Integer(
                integer, Quantization(1.0, 0, bottom, top), 1 / factor, -offset / factor)
        return self.integers[name].name

    def read_per_tensor(self, name: str, reader: Op) -> None:
        """Quantises a float value with one scale, for a layer that does not only multiply it."""
        made, qparams = self.per_tensor(name, f"{name}.integer", reader)
        self.declare(name, qparams, made)

    def per_tensor(self, name: str, made: str, reader: Op | None = None
                   ) -> tuple[str, Quantization]:
        """A float value quantised with one scale, symmetric, for what adds it to others.

        In 16 bits, or what the matrices of the reader leave.
        """
        low, high = self.calibration.features(name)
        top = 32767 if reader is None else self.ranges.limits(name, reader, "int16")[1]
        scale = float(max(-low.min(), high.max(), 1e-6)) / top
        qparams = Quantization(scale, 0, -top, top)
        self.quantize(name, made, qparams, "int16")
        return made, qparams

    def quantize(self, name: str, made: str, qparams: Quantization, dtype: str) -> Integer:
        """A float value, or a constant, with those qparams."""
        if name in self.program.constants:  # what the device would compute, once and for all
            integers = np.floor(self.program.constants[name].astype(np.float64) / qparams.scale
                                + 0.5) + qparams.zero_point
            return _per_tensor(self.constant(
                np.clip(integers, qparams.low, qparams.high).astype(dtype), made), qparams)
        width = self.program.values[name].shape[-1]
        self.add_quantize(name, made, np.full(width, 1 / qparams.scale),
                          np.full(width, qparams.zero_point), dtype, qparams.low, qparams.high)
        return _per_tensor(made, qparams)

    def requantized(self, name: str, qparams: Quantization, dtype: str, made: str,
                    layer: str) -> str:
        """Name of a value with other qparams; itself where it has those."""
        if name not in self.integers:
            return self.quantize(name, made, qparams, dtype).name
        source = self.integers[name]
        if not source.per_tensor:
            raise UnsupportedError(
                "the observation has one scale per feature where another layer reads it",
                where=layer, hint="export it with --scheme float32")
        if source.qparams == qparams and self.dtype_of(source.name) == dtype:
            return source.name
        return self.lookup_table(source, lambda real: real, qparams, dtype, made, layer)

    def lookup_table(self, source: Integer, function: Callable[[Array], Array],
                     qparams: Quantization, dtype: str, made: str, layer: str) -> str:
        """Adds a function's table: 256 entries, or up to 257 with straight lines between."""
        real, bits = table_points(source.qparams)
        table = np.floor(function(real) / qparams.scale + 0.5) + qparams.zero_point
        table = np.clip(table, qparams.low, qparams.high).astype(np.int16)
        self.add(Table(x=source.name, table=self.constant(table, f"{made}.table"), y=made,
                       low=source.qparams.low, bits=bits, dtype=dtype, quantization=qparams,
                       layer=layer))
        return made

    def add_quantize(self, x: str, y: str, factor: Array, offset: Array, dtype: str, low: int,
                     high: int, named: str = "") -> tuple[Array, Array]:
        """Adds a Quantize; gives factor and offset as it has them, in float32.

        Raises:
            UnsupportedError: 8 bits were asked for, and what comes in is not only multiplied.
        """
        if dtype != self.ranges.observed == "int8":
            raise UnsupportedError(
                "the observation is read by more than layers that multiply it: it has 16 bits",
                where=x, hint=f"leave out --layer {OBSERVATION}=int8")
        factor, offset = factor.astype(np.float32), offset.astype(np.float32)
        named = named or y
        self.add(Quantize(x=x, factor=self.constant(factor, f"{named}.factor"),
                          offset=self.constant(offset, f"{named}.offset"), y=y, dtype=dtype,
                          low=low, high=high))
        return factor.astype(np.float64), offset.astype(np.float64)


def _per_tensor(name: str, qparams: Quantization) -> Integer:
    return Integer(name, qparams, np.array([qparams.scale]), np.zeros(1))
