"""Binary in integers: both operands in one unit, then one requantisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import Binary, BinaryInteger
from puffer_edge.ir.requantization import LARGEST_SUM, LIMIT, choose
from puffer_edge.ir.value import Quantization
from puffer_edge.quantization.rules.registry import rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer

UNIT_BITS = 20
"""Bits of the larger operand of a sum in the common unit: four more than any activation has."""


@dataclass(frozen=True)
class Operand:
    """``(x * factor + bias) >> shift`` for every x of at most that magnitude."""

    factor: int
    bias: int
    shift: int
    largest: int

    @property
    def row(self) -> tuple[int, int, int]:
        """As :class:`BinaryInteger` has it."""
        return self.factor, self.bias, self.shift

    @property
    def reach(self) -> int:
        """Largest magnitude of the result."""
        return (self.largest * abs(self.factor) + abs(self.bias) >> self.shift) + 1


@rule(Binary)
def binary(op: Binary, quantizer: Quantizer) -> None:
    """Constants have 16 bits; a quotient is a product with the constant's reciprocal."""
    if op.function == "div" and op.b not in quantizer.program.constants:
        raise UnsupportedError("a division by a computed number has no form in integers",
                               where=op.layer or op.y, hint="export it with --scheme float32")
    a, before = _operand(op.a, f"{op.y}.a", False, quantizer)
    b, after = _operand(op.b, f"{op.y}.b", op.function == "div", quantizer)
    meaning = quantizer.meaning(op.y, op)
    if op.function in ("mul", "div"):
        function, (first, second), unit = "mul", *_product(before, after)
        bound = first.reach * second.reach
    else:
        unit = max(_reach(m) * m.scale for m in (before, after)) / 2**UNIT_BITS
        first, second = (_in_units(before, unit, 1),
                         _in_units(after, unit, -1 if op.function == "sub" else 1))
        bound = first.reach + second.reach
        function = "add" if op.function == "sub" else op.function
    # Outputs that were never anything but 0 say nothing of their range; the operands do.
    meaning = replace(meaning, scale=max(meaning.scale, bound * unit / 2**28))
    quantizer.add(BinaryInteger(
        a=a, b=b, y=op.y, function=function,
        factors=quantizer.constant(np.array([first.row, second.row], np.int32), f"{op.y}.factors"),
        output=quantizer.constant(np.array(choose(unit / meaning.scale, bound), np.int32),
                                  f"{op.y}.output"),
        dtype=quantizer.dtype(op.y, op), quantization=meaning, layer=op.layer))
    quantizer.made(op.y, meaning)


def _operand(name: str, made: str, inverse: bool, quantizer: Quantizer) -> tuple[str, Quantization]:
    """Integer name of an operand with one scale, and its meaning."""
    if name in quantizer.program.constants:
        real = quantizer.program.constants[name].astype(np.float64)
        if inverse and (real == 0).any():
            raise UnsupportedError("a division by 0 has no form in integers", where=name,
                                   hint="export it with --scheme float32")
        real = 1 / real if inverse else real
        scale = max(float(np.abs(real).max()), 1e-30) / 32767
        integers = np.floor(real / scale + 0.5).astype(np.int16)
        return quantizer.constant(integers, made), Quantization(scale, 0, -32767, 32767)
    source = quantizer.integers.get(name)
    if source is not None and source.size.size == 1:
        return source.name, source.meaning
    return quantizer.uniform(name, made)


def _reach(meaning: Quantization) -> int:
    """Largest magnitude of an integer's distance from the zero point."""
    return max(meaning.high - meaning.zero_point, meaning.zero_point - meaning.low)


def _in_units(meaning: Quantization, unit: float, sign: int) -> Operand:
    """An operand as a multiple of the unit, with the longest factor that stays in 31 bits."""
    ratio, size = meaning.scale / unit, meaning.largest + abs(meaning.zero_point)
    for shift in range(30, -1, -1):
        factor, rounding = round(ratio * 2**shift), 1 << shift >> 1
        if factor * size + rounding <= LIMIT:
            break
    factor *= sign
    return Operand(factor, rounding - meaning.zero_point * factor, shift, meaning.largest)


def _product(a: Quantization, b: Quantization) -> tuple[tuple[Operand, Operand], float]:
    """Operands around 0 with as many bits as their product leaves room for, and its unit."""
    shifts = [0, 0]
    while True:
        first, second = (
            Operand(1, (1 << shift >> 1) - meaning.zero_point, shift, meaning.largest)
            for meaning, shift in zip((a, b), shifts, strict=True))
        if first.reach * second.reach <= LARGEST_SUM:
            return (first, second), a.scale * b.scale * 2.0 ** sum(shifts)
        shifts[0 if first.reach > second.reach else 1] += 1
