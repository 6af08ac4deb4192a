# SPDX-License-Identifier: MIT
"""Binary and BatchNormalization in integers: operands in one unit, then one requantisation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import BatchNormalization, Binary, BinaryInteger, LayerNormalization
from puffer_edge.ir.requantization import LARGEST_SUM, LIMIT, choose
from puffer_edge.ir.value import Quantization
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule

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


@rule(Binary, arithmetic=True)
def binary(op: Binary, emitter: Emitter) -> None:
    """Constants have 16 bits; a quotient is a product with the constant's reciprocal."""
    if op.function == "div" and op.b not in emitter.program.constants:
        raise UnsupportedError("a division by a computed number has no form in integers",
                               where=op.layer or op.y, hint="export it with --scheme float32")
    a = operand(op.a, f"{op.y}.a", False, emitter)
    b = operand(op.b, f"{op.y}.b", op.function == "div", emitter)
    function = "mul" if op.function == "div" else op.function
    qparams, dtype = emitter.ranges.qparams(op.y, op), emitter.ranges.dtype(op.y)
    if function in ("min", "max") and a[1] == b[1]:
        # One of the two stays what it is. Calibration would know the range, too, but for the
        # filler around an image, which is less than anything, as pooling has it.
        qparams, dtype = a[1], emitter.dtype_of(a[0])
    combine(function, a, b, op, op.y, qparams, dtype, emitter)


def _affine(op: BatchNormalization, program: Program) -> tuple[Array, Array] | None:
    if not {op.scale, op.shift} <= program.constants.keys():
        return None
    along = [-1 if axis == 1 else 1 for axis in range(len(program.values[op.x].shape))]
    scale, shift = (program.constants[name].astype(np.float64).reshape(along)
                    for name in (op.scale, op.shift))
    return scale, shift


@rule(BatchNormalization, affine=_affine)
def batch_normalization(op: BatchNormalization, emitter: Emitter) -> None:
    """A product with a constant, then a sum with one."""
    constants = _affine(op, emitter.program)
    if constants is None:
        raise UnsupportedError("a weight is computed at run time", where=op.layer or op.y,
                               hint="export it with --scheme float32")
    affine(operand(op.x, f"{op.y}.x", False, emitter), *constants, op, emitter)


Named = tuple[str, Quantization]
"""Name and qparams of an operand with one scale."""


def affine(x: Named, scale: Array, shift: Array | None, op: BatchNormalization | LayerNormalization,
           emitter: Emitter) -> None:
    """Adds ``op.y = x * scale + shift`` of constants that broadcast."""
    qparams, dtype = emitter.ranges.qparams(op.y, op), emitter.ranges.dtype(op.y)
    factor = _constant(scale, f"{op.y}.scale", emitter)
    if shift is None:
        combine("mul", x, factor, op, op.y, qparams, dtype, emitter)
        return
    # Where the product is larger than this, the sum is cut off anyway.
    largest = (_reach(qparams) * qparams.scale) + float(np.abs(shift).max())
    product = Quantization(largest / 32767, 0, -32768, 32767)
    made = combine("mul", x, factor, op, f"{op.y}.product", product, "int16", emitter)
    combine("add", made, _constant(shift, f"{op.y}.shift", emitter), op, op.y, qparams, dtype,
            emitter)


def combine(function: str, a: Named, b: Named, op: Op, y: str, qparams: Quantization, dtype: str,
            emitter: Emitter) -> Named:
    """Adds ``y = a function b`` (add, sub, mul, min or max) for an op of the float Program.

    The qparams is what y shall have; its scale may grow, which the result tells.
    """
    if function == "mul":
        (first, second), unit = product(a[1], b[1])
        bound = first.reach * second.reach
    else:
        unit = max(_reach(m) * m.scale for _, m in (a, b)) / 2**UNIT_BITS
        first = in_units(a[1], unit, 1)
        second = in_units(b[1], unit, -1 if function == "sub" else 1)
        bound = first.reach + second.reach
    # Outputs that were never anything but 0 say nothing of their range; the operands do.
    qparams = replace(qparams, scale=max(qparams.scale, bound * unit / 2**28))
    emitter.add(BinaryInteger(
        a=a[0], b=b[0], y=y, function="add" if function == "sub" else function,
        factors=emitter.constant(np.array([first.row, second.row], np.int32), f"{y}.factors"),
        output=emitter.constant(np.array(choose(unit / qparams.scale, bound), np.int32),
                                  f"{y}.output"),
        dtype=dtype, quantization=qparams, layer=op.layer))
    emitter.declare(y, qparams)
    return y, qparams


def operand(name: str, made: str, inverse: bool, emitter: Emitter) -> Named:
    """An operand of the float Program; a float one is quantised."""
    if name in emitter.program.constants:
        real = emitter.program.constants[name].astype(np.float64)
        if inverse and (real == 0).any():
            raise UnsupportedError("a division by 0 has no form in integers", where=name,
                                   hint="export it with --scheme float32")
        return _constant(1 / real if inverse else real, made, emitter)
    source = emitter.integers.get(name)
    if source is not None and source.per_tensor:
        return source.name, source.qparams
    return emitter.per_tensor(name, made)


def _constant(real: Array, made: str, emitter: Emitter) -> Named:
    scale = max(float(np.abs(real).max()), 1e-30) / 32767
    integers = np.floor(real / scale + 0.5).astype(np.int16)
    return emitter.constant(integers, made), Quantization(scale, 0, -32767, 32767)


def _reach(qparams: Quantization) -> int:
    """Largest magnitude of an integer's distance from the zero point."""
    return max(qparams.high - qparams.zero_point, qparams.zero_point - qparams.low)


def in_units(qparams: Quantization, unit: float, sign: int) -> Operand:
    """An operand as a multiple of the unit, with the longest factor that stays in 31 bits."""
    ratio, size = qparams.scale / unit, qparams.largest + abs(qparams.zero_point)
    for shift in range(30, -1, -1):
        factor, rounding = round(ratio * 2**shift), 1 << shift >> 1
        if factor * size + rounding <= LIMIT:
            break
    factor *= sign
    return Operand(factor, rounding - qparams.zero_point * factor, shift, qparams.largest)


def product(a: Quantization, b: Quantization, count: int = 1
            ) -> tuple[tuple[Operand, Operand], float]:
    """Operands around 0 with as many bits as a sum of ``count`` products of them leaves room for.

    Returns:
        Both, and the unit of a product.

    Raises:
        UnsupportedError: there is no room for any.
    """
    shifts = [0, 0]
    while max(shifts) <= 16:
        first, second = (
            Operand(1, (1 << shift >> 1) - qparams.zero_point, shift, qparams.largest)
            for qparams, shift in zip((a, b), shifts, strict=True))
        if first.reach * second.reach * count <= LARGEST_SUM:
            return (first, second), a.scale * b.scale * 2.0 ** sum(shifts)
        shifts[0 if first.reach > second.reach else 1] += 1
    raise UnsupportedError(f"a sum of {count} products does not fit 31 bits",
                           hint="export it with --scheme float32")
