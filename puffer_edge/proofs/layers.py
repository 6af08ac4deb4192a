# SPDX-License-Identifier: MIT
"""Proofs of ops that are computed in one go: linear layers, tables, arithmetic, rows."""

from __future__ import annotations

from math import prod

from puffer_edge.ir.ops import (
    BinaryInteger,
    ConvInteger,
    Flags,
    GemmInteger,
    L2NormalizationInteger,
    LayerNormalizationInteger,
    MatMulInteger,
    OneHotInteger,
    Quantize,
    Rescale,
    SoftmaxInteger,
    Table,
)
from puffer_edge.ir.ops.softmax_integer import power_table, reciprocal_table
from puffer_edge.ir.reciprocal_root import SHIFTS, root_table
from puffer_edge.ir.requantization import LIMIT
from puffer_edge.ir.value import Quantization
from puffer_edge.proofs.facts import Facts, Interval, around, limits_of


def quantize(op: Quantize, facts: Facts) -> None:
    """The clamped number is converted; NaN and infinities are clamped, too."""
    facts.declared(op.y, Quantization(1.0, 0, op.low, op.high))


def rescale(op: Rescale, facts: Facts) -> None:
    """For every integer of x's dtype."""
    x = limits_of(facts.program.values[op.x])
    facts.declared(op.y, Quantization(1.0, 0, op.low, op.high))
    for row in facts.constant(op.factors):
        facts.require(abs(int(row[0])) < 1 << 15, "has more than 16 bits", "a multiplier")
        facts.scaled(x, row[:3], "a count")
        facts.require(op.low <= row[3] <= row[4] <= op.high, "is wider than declared", "a feature")


def gemm(op: GemmInteger, facts: Facts) -> None:
    """Row by row."""
    facts.sums(facts.of(op.x), op.weight, op.bias, op.requantization)
    facts.declared(op.y, op.quantization)


def conv(op: ConvInteger, facts: Facts) -> None:
    """Filter by filter; padding is an input, too."""
    x = facts.of(op.x)
    limits = limits_of(facts.program.values[op.x])
    facts.require(limits.low <= op.padding <= limits.high, "does not fit its dtype", "the padding")
    x = Interval(min(x.low, op.padding, 0), max(x.high, op.padding, 0))
    facts.sums(x, op.weight, op.bias, op.requantization)
    facts.declared(op.y, op.quantization)


def table(op: Table, facts: Facts) -> None:
    """Positions lie inside, and lines between two entries."""
    x, entries = facts.of(op.x), facts.of(op.table)
    size = facts.constant(op.table).size
    facts.shift(op.bits, "a position")
    last = (x.high - op.low >> op.bits) + (1 if op.bits else 0)
    facts.require(op.low <= x.low and last < size, "does not reach all inputs", "the table")
    step = entries + Interval(-entries.high, -entries.low)
    rounding = 1 << op.bits >> 1
    facts.small(step * Interval(0, (1 << op.bits) - 1) + Interval(rounding, rounding), "a line")
    facts.require(entries.within(Interval(op.quantization.low, op.quantization.high)),
                  "holds more than is declared", "the table")
    facts.declared(op.y, op.quantization)


def binary(op: BinaryInteger, facts: Facts) -> None:
    """Both operands in a common unit, and the result."""
    u, v = (facts.scaled(facts.of(name), row, "an operand")
            for name, row in zip((op.a, op.b), facts.constant(op.factors), strict=True))
    result = {"add": u + v, "mul": u * v,
              "min": Interval(min(u.low, v.low), min(u.high, v.high)),
              "max": Interval(max(u.low, v.low), max(u.high, v.high))}[op.function]
    facts.requantized(facts.small(result, "a result"), facts.constant(op.output))
    facts.declared(op.y, op.quantization)


def matmul(op: MatMulInteger, facts: Facts) -> None:
    """Sums of products of both operands."""
    u, v = (facts.scaled(facts.of(name), row, "an operand")
            for name, row in zip((op.a, op.b), facts.constant(op.factors), strict=True))
    count = facts.program.values[op.a].shape[-1]
    total = facts.small(around(count * u.largest * v.largest), "a sum")
    product = u * v
    total = Interval(count * product.low, count * product.high)
    facts.requantized(total, facts.constant(op.output))
    facts.declared(op.y, op.quantization)


def softmax(op: SoftmaxInteger, facts: Facts) -> None:
    """With these tables every step is in range, as its docstring and ``infer`` say."""
    facts.table(op.powers, power_table())
    facts.table(op.reciprocals, reciprocal_table())
    x = facts.of(op.x)
    facts.small(Interval(0, (x.high - x.low) * op.multiplier), "a distance")


def flags(op: Flags, facts: Facts) -> None:
    """Limits become integers where x is one."""
    facts.require(all(abs(limit) <= LIMIT for limit in op.limits)
                  or facts.program.values[op.x].dtype == "float32", "is too large", "a limit")


def one_hot(op: OneHotInteger, facts: Facts) -> None:
    """0 and the integer of 1."""
    facts.declared(op.y, op.quantization)
    facts.require(op.quantization.low <= 0 <= op.quantization.high, "lacks 0", "the result")


def l2_normalization(op: L2NormalizationInteger, facts: Facts) -> None:
    """Numbers of 17 bits over their root."""
    _root(op, op.added, op.floor, facts)
    d = facts.of(op.x) + Interval(-op.zero_point, -op.zero_point)
    facts.require(d.largest < 1 << 16, "has more than 17 bits", "a number")


def layer_normalization(op: LayerNormalizationInteger, facts: Facts) -> None:
    """The mean is a division by n, and what it leaves over is small."""
    _root(op, op.epsilon, "", facts)
    d = facts.of(op.x) + Interval(-op.zero_point, -op.zero_point)
    facts.require(d.largest < 1 << 16, "has more than 17 bits", "a number")
    count = prod(facts.program.values[op.x].shape[op.axis :])
    total, row = facts.small(around(count * d.largest), "a sum"), facts.constant(op.mean)
    nearly = facts.requantized(total, row)
    facts.small(Interval(count, count) * nearly, "a mean")
    factor = int(row[0]) * count / 2.0 ** int(row[1] + row[2])
    facts.require(abs(factor - 1) < 2.0**-12, "is no division by the number of elements",
                  "the mean")
    # Two roundings of the quotient, each by at most 1, and the error of the factor.
    rest = (total.largest >> 12) + 4 * count
    facts.requantized(facts.small(around(rest), "what the mean leaves over"), row)


def _root(op: L2NormalizationInteger | LayerNormalizationInteger, added: str, floor: str,
          facts: Facts) -> None:
    facts.table(op.table, root_table())
    for name, least in ((added, 0), (floor, 1)):
        if name:
            numbers = facts.constant(name)
            facts.require(numbers.shape == (SHIFTS,) and numbers.min() >= 0
                          and least <= numbers[op.shift :].min()
                          and numbers[op.shift :].max() < 1 << 29, "does not fit the squares",
                          "what is added")
    facts.declared(op.y, op.quantization)
