# SPDX-License-Identifier: MIT
"""Follows a float Program that rounds as its file does, value by value, into integers.

A value is held back until something rounds it, so that a layer, its bias, its ReLU and the rounding
after it are one op.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Op, Program, Quantization
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import (
    Binary,
    Concat,
    Conv,
    Expand,
    Gather,
    Gemm,
    Reshape,
    Slice,
    Split,
    Transpose,
    Unary,
)
from puffer_edge.quantization.own.forms import (
    EVERYTHING,
    Form,
    Function,
    Integer,
    Joined,
    Layer,
    Mapped,
    Moved,
    Pair,
    Rounded,
    Whole,
    same,
)
from puffer_edge.quantization.own.writer import Writer

_MOVES = (Expand, Gather, Reshape, Slice, Transpose)


class Follower:
    """Gives each value its form, and has the writer write what is rounded.

    Args:
        program: the float one, without states.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.writer = Writer(program)
        self.forms: dict[str, Form] = {}
        self._readers = program.consumers()

    def run(self) -> Program:
        """The integer Program.

        Raises:
            UnsupportedError: something in it has no form in integers.
        """
        for op in self.program.ops:
            if any(name in self.forms for name in op.operands) or self._starts(op):
                self._follow(op)
            else:
                self.writer.keep(op)
        results = [self._integer(name) for name in self.program.outputs]
        made = self.program.with_ops(
            self.writer.ops, {**self.program.constants, **self.writer.constants},
            outputs=tuple(result.name for result in results))
        if not all(_stands_for(made.values[result.name].quantization, result.qparams)
                   for result in results):
            raise UnsupportedError("an output is the observation, rounded")
        return made

    def _starts(self, op: Op) -> bool:
        """Whether a float value is divided by a scale, to be rounded."""
        return isinstance(op, Binary) and op.function == "div" and self._is_rounded(op.y) and (
            op.a not in self.program.constants)

    def _is_rounded(self, name: str) -> bool:
        readers = self._readers.get(name, [])
        return bool(readers) and name not in self.program.results and all(
            isinstance(op, Unary) and op.function.function == "round" for op in readers)

    def _follow(self, op: Op) -> None:
        if isinstance(op, _MOVES):
            self.forms[op.y] = self._moved(op)
        elif isinstance(op, Split):
            source = self._integer(op.x)
            names = tuple(self.writer.name(name) for name in op.ys)
            self.writer.ops.append(replace(op, x=source.name, ys=names))
            self.forms |= {name: Integer(made, source.qparams)
                           for name, made in zip(op.ys, names, strict=True)}
        elif isinstance(op, Unary):
            self.forms[op.y] = self._unary(op)
        elif isinstance(op, Binary):
            self.forms[op.y] = self._binary(op)
        elif isinstance(op, Gemm | Conv):
            rows = len(self.writer.floats(op.weight))
            bias = self.writer.floats(op.bias) if op.bias else np.zeros(rows)
            self.forms[op.y] = Layer(op, self._integer(op.x), bias)
        elif isinstance(op, Concat):
            self.forms[op.y] = Joined(tuple(map(self._integer, op.xs)), op.axis)
        else:
            raise UnsupportedError(f"{type(op).__name__} has no form in integers here")

    def _moved(self, op: Any) -> Form:
        form = self.forms[op.x]
        if isinstance(form, Rounded):
            raise UnsupportedError("it moves what is half rounded")
        if isinstance(form, Layer | Mapped | Pair | Joined | Moved):
            return Moved(form, op)
        integer = form.integer if isinstance(form, Whole) else form
        made = Integer(self._move(op, integer.name), integer.qparams)
        return replace(form, integer=made) if isinstance(form, Whole) else made

    def _move(self, op: Any, x: str) -> str:
        name = self.writer.name(op.y)
        self.writer.ops.append(replace(op, x=x, y=name))
        return name

    def _unary(self, op: Unary) -> Form:
        form, function, parameters = self.forms[op.x], op.function.function, op.function.parameters
        if isinstance(form, Rounded):
            if function == "round" and not form.whole:
                return replace(form, whole=True)
            if function == "clip" and form.whole:
                return self._quantised(op, form, *map(float, parameters))
            raise UnsupportedError(f"{function} of what is half rounded")
        if isinstance(form, Whole):
            raise UnsupportedError(f"{function} of integers")

        def exact(real: Array) -> Array:
            return FUNCTIONS[function].exact(real, *parameters)

        if isinstance(form, Layer) and function in ("relu", "clip"):
            low, high = exact(np.array(form.limits))
            return replace(form, limits=(float(low), float(high)))
        if isinstance(form, Mapped):
            return form.then(exact)
        return Mapped(self._integer(op.x), exact)

    def _binary(self, op: Binary) -> Form:
        number = self._number(op.b)
        form = self.forms.get(op.a, op.a)
        if number is not None and op.a not in self.program.constants:
            if op.function == "div" and self._is_rounded(op.y):
                if isinstance(form, Whole | Rounded):
                    raise UnsupportedError("it divides integers")
                return Rounded(form, number)
            if isinstance(form, Rounded) and op.function == "add" and form.whole:
                return replace(form, zero=form.zero + number)
            if isinstance(form, Whole) and op.function == "sub":
                return replace(form, offset=form.offset + number)
            if isinstance(form, Whole) and op.function == "mul":
                return self._real(form, number)
            if isinstance(form, Integer | Mapped):
                return self._with_number(form, op.function, number)
        if isinstance(form, Layer) and op.function in ("add", "sub") and (
                op.b in self.program.constants and form.limits == EVERYTHING):
            added = self._row(form, self.writer.floats(op.b))
            if added is not None:
                return replace(form, bias=form.bias + (added if op.function == "add" else -added))
        return self._pair(op)

    def _row(self, form: Layer, constant: Array) -> Array | None:
        """A constant as one number for each row of the layer's matrix; None where it is none."""
        if isinstance(form.op, Conv):
            rank, rows = len(self.program.values[form.op.y].shape), len(form.bias)
            if constant.size == rows and constant.shape in (
                    (rows, *(1,) * (rank - 2)), (1, rows, *(1,) * (rank - 2))):
                return constant.reshape(-1)
        elif constant.size == len(form.bias) == constant.shape[-1]:
            return constant.reshape(-1)
        return None

    def _with_number(self, form: Integer | Mapped, function: str, number: float) -> Mapped:
        arithmetic: dict[str, Function] = {
            "add": lambda x: x + number, "sub": lambda x: x - number, "mul": lambda x: x * number,
            "div": lambda x: x / number, "min": lambda x: np.minimum(x, number),
            "max": lambda x: np.maximum(x, number)}
        chosen = arithmetic[function]
        return form.then(chosen) if isinstance(form, Mapped) else Mapped(form, chosen)

    def _pair(self, op: Binary) -> Form:
        function, inverse = op.function, op.function == "div"
        if inverse:
            if op.b not in self.program.constants:
                raise UnsupportedError("it divides by what it computes")
            function = "mul"
        a, b = (self._operand(name, inverse and name == op.b) for name in (op.a, op.b))
        pair = Pair(function, a, b, op.layer)
        if function in ("min", "max") and a.qparams == b.qparams:  # exact: one of the two stays
            return Integer(self.writer.write(pair, a.qparams, self.writer.name(op.y)), a.qparams)
        return pair

    def _real(self, form: Whole, scale: float) -> Integer:
        """What integers stand for, once they are multiplied with their scale."""
        integer, qparams = form.integer, form.integer.qparams
        return Integer(integer.name, replace(qparams, scale=scale,
                                             zero_point=qparams.zero_point + round(form.offset)))

    def _quantised(self, op: Unary, form: Rounded, low: float, high: float) -> Whole:
        """The rounded value, stored in 8 or 16 bits, unsigned ones moved to signed ones."""
        if not all(number.is_integer() for number in (low, high, form.zero)) or not (
                0 < high - low <= 65535):
            raise UnsupportedError("its integers have more than 16 bits")
        bits = 8 if high - low <= 255 else 16
        bottom = -(2 ** (bits - 1))
        shift = 0 if bottom <= low and high < -bottom else int(low) - bottom
        qparams = Quantization(form.scale, int(form.zero) - shift, int(low) - shift,
                               int(high) - shift)
        source, dtype, name = form.source, f"int{bits}", ""
        if source == Integer(getattr(source, "name", ""), qparams):  # rounded like this before
            assert isinstance(source, Integer)
            name = source.name
        elif isinstance(source, str):
            name = self.writer.name(op.y)
            self.writer.quantize(source, qparams, name, dtype)
        else:
            held = Mapped(source, same) if isinstance(source, Integer) else source
            name = self.writer.write(held, qparams, self.writer.name(op.y), dtype)
        # The file takes its zero point off by an op of its own, which comes later.
        return Whole(Integer(name, replace(qparams, zero_point=-shift)), 0.0)

    def _integer(self, name: str) -> Integer:
        """A value in integers; what nothing rounds has 16 bits."""
        form = self.forms.get(name)
        if isinstance(form, Integer):
            return form
        if form is None or isinstance(form, Whole | Rounded):
            raise UnsupportedError("it computes with what is not rounded, or half")
        made = self.forms[name] = self.writer.fine(form, name)
        return made

    def _operand(self, name: str, inverse: bool) -> Integer:
        """A computed value, or a constant or its reciprocal."""
        if name in self.program.constants:
            return self.writer.constant_in_integers(name, inverse)
        return self._integer(name)

    def _number(self, name: str) -> float | None:
        array = self.program.constants.get(name)
        return float(array.reshape(())) if array is not None and array.size == 1 else None


def _stands_for(made: Quantization | None, told: Quantization) -> bool:
    """Whether integers mean the same numbers; a ReLU leaves some of them out."""
    return made is not None and (made.scale, made.zero_point) == (told.scale, told.zero_point)
