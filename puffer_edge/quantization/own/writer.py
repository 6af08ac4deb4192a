# SPDX-License-Identifier: MIT
"""Writes what is held back as integer ops, rounded to a scale."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Op, Program, Quantization
from puffer_edge.ir.ops import (
    BinaryInteger,
    Concat,
    ConvInteger,
    Gemm,
    GemmInteger,
    Quantize,
    Table,
)
from puffer_edge.ir.requantization import LARGEST_SUM, choose, finest
from puffer_edge.quantization.linear import table_points
from puffer_edge.quantization.own.forms import (
    Held,
    Integer,
    Joined,
    Layer,
    Mapped,
    Moved,
    Pair,
    ends,
    reach,
    same,
)
from puffer_edge.quantization.own.lattice import on_lattice
from puffer_edge.quantization.rules.binary import UNIT_BITS, in_units, product

FINE = 32767


@dataclass
class Writer:
    """The integer ops so far.

    Args:
        program: the float one.
    """

    program: Program
    ops: list[Op] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def name(self, wished: str) -> str:
        """A name that no value has: of the float ones, those that are still made have theirs."""
        while wished in self._taken or wished in self.program.constants or (
                wished == self.program.input):
            wished += "_"
        self._taken.add(wished)
        return wished

    def keep(self, op: Op) -> None:
        """A float op, as it is."""
        self._taken.update(op.outputs)
        self.ops.append(op)

    def constant(self, array: Array, name: str) -> str:
        """Adds a constant and gives its name: another where that is taken."""
        while name in self.program.values or name in self._taken or (
                name in self.constants and not np.array_equal(self.constants[name], array)):
            name += "_"
        self.constants[name] = array
        return name

    def floats(self, name: str) -> Array:
        """A constant of the float Program, float64.

        Raises:
            UnsupportedError: it is computed.
        """
        if name not in self.program.constants:
            raise UnsupportedError("a weight is computed")
        return self.program.constants[name].astype(np.float64)

    def fine(self, form: Held, wished: str) -> Integer:
        """Something that nothing rounds, in 16 bits that reach all it can be."""
        largest = max(map(abs, reach(form, self.program)))
        qparams = Quantization(max(largest, 1e-30) / FINE, 0, -FINE, FINE)
        return Integer(self.write(form, qparams, self.name(wished)), qparams)

    def constant_in_integers(self, name: str, inverse: bool) -> Integer:
        """A constant operand, or its reciprocal, in 16 bits."""
        real = self.floats(name)
        if inverse and not real.all():
            raise UnsupportedError("it divides by 0")
        real = 1 / real if inverse else real
        scale = max(float(np.abs(real).max()), 1e-30) / FINE
        made = self.constant(np.rint(real / scale).astype(np.int16), f"{name}.integer")
        return Integer(made, Quantization(scale, 0, -FINE, FINE))

    def quantize(self, x: str, qparams: Quantization, y: str, dtype: str) -> None:
        """A float value, rounded."""
        width = self.program.values[x].shape[-1:]
        self.ops.append(Quantize(
            x=x, y=y, dtype=dtype, low=qparams.low, high=qparams.high,
            factor=self.constant(np.full(width, 1 / qparams.scale, np.float32), f"{y}.factor"),
            offset=self.constant(np.full(width, qparams.zero_point, np.float32), f"{y}.offset")))

    def write(self, form: Held, qparams: Quantization, y: str, dtype: str = "int16") -> str:
        """Adds the ops of something held back, rounded to these parameters, and gives its name.

        Raises:
            UnsupportedError: it has no form in integers.
        """
        if isinstance(form, Moved):
            inner = self.write(form.source, qparams, self.name(form.op.x), dtype)
            self.ops.append(replace(form.op, x=inner, y=y))
        elif isinstance(form, Mapped):
            self._table(form, qparams, y, dtype)
        elif isinstance(form, Joined):
            parts = tuple(
                part.name if part.qparams == qparams else self.write(
                    Mapped(part, same), qparams, self.name(f"{y}.{index}"), dtype)
                for index, part in enumerate(form.parts))
            self.ops.append(Concat(xs=parts, y=y, axis=form.axis))
        elif isinstance(form, Pair):
            self._arithmetic(form, qparams, y, dtype)
        else:
            self._layer(form, qparams, y, dtype)
        return y

    def _table(self, form: Mapped, qparams: Quantization, y: str, dtype: str) -> None:
        """Between whole numbers of 8 bits there is no straight line: those are rounded after it."""
        real, bits = table_points(form.x.qparams)
        if bits and dtype == "int8":
            fine = form.x if form.function is same else self.fine(form, f"{y}.fine")
            zero = self.constant(np.zeros(1, np.int16), f"{y}.zero")
            nothing = Integer(zero, Quantization(fine.qparams.scale, 0, -1, 1))
            self._arithmetic(Pair("add", fine, nothing, ""), qparams, y, dtype)
            return
        table = np.rint(form.function(real) / qparams.scale) + qparams.zero_point
        table = np.clip(table, qparams.low, qparams.high).astype(np.int16)
        self.ops.append(Table(x=form.x.name, table=self.constant(table, f"{y}.table"), y=y,
                              low=form.x.qparams.low, bits=bits, dtype=dtype,
                              quantization=qparams))

    def _arithmetic(self, form: Pair, qparams: Quantization, y: str, dtype: str) -> None:
        a, b = form.a.qparams, form.b.qparams
        if form.function == "mul":
            (first, second), unit = product(a, b)
            bound = first.reach * second.reach
        else:
            unit = max(max(map(abs, ends(m))) for m in (a, b)) / 2**UNIT_BITS
            first = in_units(a, unit, 1)
            second = in_units(b, unit, -1 if form.function == "sub" else 1)
            bound = first.reach + second.reach
        factors = np.array([first.row, second.row], np.int32)
        output = np.array(choose(unit / qparams.scale, bound), np.int32)
        self.ops.append(BinaryInteger(
            a=form.a.name, b=form.b.name, y=y, dtype=dtype, quantization=qparams,
            function="add" if form.function == "sub" else form.function, layer=form.layer,
            factors=self.constant(factors, f"{y}.factors"),
            output=self.constant(output, f"{y}.output")))

    def _layer(self, form: Layer, qparams: Quantization, y: str, dtype: str) -> None:
        op, source, weight = form.op, form.x.qparams, self.floats(form.op.weight)
        found = on_lattice(weight.reshape(len(weight), -1))
        if found is None:
            raise UnsupportedError(f"the weights of {op.layer or op.y} are no integers of 8 bits")
        rows, steps = found
        # A row of nothing but a bias takes its step from the bias.
        steps = np.maximum(steps, np.abs(form.bias) / source.scale / 2**29) + 1e-30
        scales = steps * source.scale
        bias = np.rint(form.bias / scales).astype(np.int64) - source.zero_point * rows.sum(1)
        bounds = np.abs(rows).sum(1) * source.largest + np.abs(bias)
        if bounds.max() > LARGEST_SUM:
            raise UnsupportedError(f"a sum of {op.layer or op.y} may leave 31 bits")
        low, high = (int(np.clip(np.rint(limit / qparams.scale) + qparams.zero_point,
                                 qparams.low, qparams.high)) for limit in form.limits)
        largest = max(qparams.high - qparams.zero_point, qparams.zero_point - qparams.low)
        ratios = [finest(float(scale / qparams.scale), int(bound), largest)
                  for scale, bound in zip(scales, bounds, strict=True)]
        fields: dict[str, Any] = {
            "x": form.x.name, "y": y, "dtype": dtype, "layer": op.layer,
            "quantization": replace(qparams, low=low, high=high),
            "weight": self.constant(rows.astype(np.int8).reshape(weight.shape), f"{y}.w"),
            "bias": self.constant(bias.astype(np.int32), f"{y}.b"),
            "requantization": self.constant(np.array(ratios, np.int32), f"{y}.requantization")}
        if isinstance(op, Gemm):
            self.ops.append(GemmInteger(**fields))
        else:
            self.ops.append(ConvInteger(
                strides=op.strides, pads=op.pads, dilations=op.dilations, group=op.group,
                padding=source.zero_point, **fields))
