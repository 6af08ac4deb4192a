# SPDX-License-Identifier: MIT
"""Proofs of recurrent cells: gates have 15 bits, tanh values 14, states 16."""

from __future__ import annotations

from puffer_edge.ir.gates import tanh_table
from puffer_edge.ir.ops import GRUCellInteger, LSTMCellInteger, MinGRUCellInteger
from puffer_edge.proofs.facts import Facts, Interval, around

GATE = Interval(0, 32767)
TANH = around(1 << 14)
NUMBER = Interval(-(1 << 15), (1 << 15) - 1)
ROUNDING = Interval(1 << 14, 1 << 14)


def lstm(op: LSTMCellInteger, facts: Facts) -> None:
    """``f * c + i * g`` and ``o * tanh(c)``."""
    facts.table(op.table, tanh_table())
    _gates(op, facts)
    facts.require(0 <= op.cell_bits <= 15, "has no such bits", "the cell")
    facts.small(GATE * facts.of(op.c) + ROUNDING, "the cell")
    rounding = 1 << 28 - op.cell_bits
    facts.small(GATE * TANH + Interval(rounding, rounding), "what the cell gets")
    facts.requantized(GATE * TANH, facts.constant(op.output))
    facts.declared(op.y_h, op.quantization)


def gru(op: GRUCellInteger, facts: Facts) -> None:
    """``r * n`` and the weighted mean, whose weights add up to 2^15."""
    facts.table(op.table, tanh_table())
    over_x, _ = _gates(op, facts)
    facts.require(0 <= op.reset_bits <= 12, "has no such bits", "the reset gate")
    rounding = 1 << op.reset_bits + 2
    gated = facts.small(GATE * NUMBER + Interval(rounding, rounding), "the reset gate")
    for row in over_x[2 * len(over_x) // 3 :]:
        facts.small(row + (gated >> op.reset_bits + 3), "a candidate")
    _mean(facts, facts.of(op.memory), TANH)
    facts.requantized(NUMBER, facts.constant(op.output))
    facts.declared(op.y, op.quantization)


def min_gru(op: MinGRUCellInteger, facts: Facts) -> None:
    """Two weighted means, whose weights add up to 2^15."""
    facts.table(op.table, tanh_table())
    rows = facts.sums(facts.of(op.x), op.weight, op.bias, op.requantization)
    facts.require(0 <= op.bits <= 14, "has no such bits", "the state")
    for row in rows:
        facts.small(row + around(1 << 15), "a candidate")
    _mean(facts, facts.of(op.h), Interval(0, 32767))
    facts.scaled(facts.of(op.x), facts.constant(op.factor), "the highway")
    facts.requantized(NUMBER, facts.constant(op.output))
    facts.declared(op.y, op.quantization)


def _gates(op: LSTMCellInteger | GRUCellInteger, facts: Facts
           ) -> tuple[list[Interval], list[Interval]]:
    """Sums over x and over h, which are added."""
    over_x = facts.sums(facts.of(op.x), op.weight, op.bias, op.requantization)
    over_h = facts.sums(facts.of(op.h), op.recurrent, op.recurrent_bias,
                        op.recurrent_requantization)
    for x, h in zip(over_x, over_h, strict=True):
        facts.small(x + h, "a gate")
    return over_x, over_h


def _mean(facts: Facts, a: Interval, b: Interval) -> None:
    """``w a + (2^15 - w) b + 2^14`` for w up to 2^15 - 1: between its values for 0 and that."""
    for weight in (GATE.low, GATE.high):
        rest = (1 << 15) - weight
        facts.small(a * Interval(weight, weight) + b * Interval(rest, rest) + ROUNDING, "a mean")
