# SPDX-License-Identifier: MIT
"""Weights in the order in which the kernels read them."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array


def blocks_of_four(weight: Array) -> Array:
    """Rows of [N, K] as ``gemm_f32`` wants them, flat.

    Four rows at a time, interleaved: ``w[k][0..3]``; the rows that are left one by one.
    """
    rows = weight.shape[0] // 4 * 4
    blocks = weight[:rows].reshape(-1, 4, weight.shape[1]).transpose(0, 2, 1)
    return np.concatenate([blocks.reshape(-1), weight[rows:].reshape(-1)])


def flushed_blocks(weight: Array) -> Array:
    """Rows of [N, K] as ``gemm_flushed_f32`` wants them, flat.

    16 rows at a time, interleaved, then four at a time; rows of zeros fill the last four.
    """
    rows = weight.shape[0] // 16 * 16
    full = weight[:rows].reshape(-1, 16, weight.shape[1]).transpose(0, 2, 1)
    rest = np.pad(weight[rows:], ((0, -weight.shape[0] % 4), (0, 0)))
    return np.concatenate([full.reshape(-1), blocks_of_four(rest)])


WIDE = 64
"""Rows that a block for computers has."""


def wide_blocks(weight: Array) -> Array:
    """Rows of [N, K] as ``gemm_wide_f32`` wants them, flat.

    64 rows at a time, interleaved: ``w[k][0..63]``; the rows that are left the same way, filled
    up with zeros to a multiple of four.
    """
    rows = weight.shape[0] // WIDE * WIDE
    blocks = weight[:rows].reshape(-1, WIDE, weight.shape[1]).transpose(0, 2, 1)
    return np.concatenate([blocks.reshape(-1), filled(weight[rows:]).T.reshape(-1)])


def filled(rows: Array) -> Array:
    """[N, ...] with rows of zeros up to a multiple of four."""
    zeros = np.zeros((-len(rows) % 4, *rows.shape[1:]), rows.dtype)
    return np.concatenate([rows, zeros])


def gates_of_units(weight: Array) -> Array:
    """[4H, K] in torch's gate order as ``lstm_cell_f32`` wants it: [unit][k][gate], flat."""
    gates = weight.reshape(4, -1, weight.shape[1])
    return gates.transpose(1, 2, 0).reshape(-1)


def wide_gates_of_units(weight: Array) -> Array:
    """[4H, K] in torch's gate order as ``lstm_cell_wide_f32`` wants it, flat."""
    return wide_blocks(units_first(weight))


GROUPS = {"s8": (0, 1, 2, 3), "s8x16": (0, 2, 1, 3), "s16": (0, 1)}
"""Columns that an integer kernel takes at once, in the order in which they are stored: SXTB16 reads
bytes 0 and 2, then 1 and 3 of a word, which must meet x as it lies in memory."""


def blocks_of_groups(weight: Array, suffix: str) -> Array:
    """Rows of [N, K] as the integer kernel ``mac4_<suffix>`` wants them, flat.

    Four rows at a time; per group of columns those of row 0, of row 1, 2, 3, then the columns that
    fill no group as ``w[k][0..3]``: no zeros are stored, and x is not read beyond its end. The rows
    that are left one by one, for ``mac1_<suffix>``.
    """
    if suffix == "pairs":
        return blocks_of_pairs(weight)
    order = np.array(GROUPS[suffix])
    rows, columns = weight.shape
    full, blocked = columns // order.size * order.size, rows // 4 * 4
    grouped = weight[:, :full].reshape(rows, full // order.size, order.size)[..., order]
    blocks = grouped[:blocked].reshape(blocked // 4, 4, *grouped.shape[1:]).transpose(0, 2, 1, 3)
    single = weight[:blocked, full:].reshape(blocked // 4, 4, columns - full).transpose(0, 2, 1)
    rest = [grouped[blocked:].reshape(rows - blocked, full), weight[blocked:, full:]]
    count = blocked // 4
    first = np.concatenate([blocks.reshape(count, 4 * full),
                            single.reshape(count, 4 * (columns - full))], axis=1)
    return np.concatenate([first.reshape(-1), np.concatenate(rest, axis=1).reshape(-1)])


LARGEST_OF_PAIR = 1 << 23
"""What the sums of the second row of a pair stay below, as ``mac4_pairs`` has 24 bits for them."""


def can_pair(weight: Array) -> bool:
    """Whether ``mac4_pairs`` may take the rows of [N, K], int8, for activations of 8 bits.

    The largest sum has to fit, and so has a byte that is one less beside a number below 0.
    """
    first, second = _pairs(weight)
    return bool((128 * np.abs(second).sum(1) < LARGEST_OF_PAIR).all()
                and (second - (first < 0) >= -128).all())


def _pairs(weight: Array) -> tuple[Array, Array]:
    """First and second rows of the pairs of all blocks of four, [N / 4 * 2, K] each."""
    rows = weight[:weight.shape[0] // 4 * 4].astype(np.int32)
    return rows[::2], rows[1::2]


def blocks_of_pairs(weight: Array) -> Array:
    """Rows of [N, K] as ``mac4_pairs`` wants them, flat; those that are left for ``mac1_s8x16``."""
    first, second = _pairs(weight)
    columns, full = weight.shape[1], weight.shape[1] // 4 * 4
    count = len(first) // 2
    halves = np.stack([first, second - (first < 0)], axis=-1).astype(np.int8)
    blocks = halves.reshape(count, 2, columns, 2)
    grouped = blocks[:, :, :full].reshape(count, 2, full // 4, 8).transpose(0, 2, 1, 3)
    single = blocks[:, :, full:].transpose(0, 2, 1, 3)
    flat = np.concatenate([grouped.reshape(count, 4 * full),
                           single.reshape(count, 4 * (columns - full))], axis=1)
    return np.concatenate([flat.reshape(-1), blocks_of_groups(weight[4 * count:], "s8x16")])


def gates_of_units_flushed(weight: Array) -> Array:
    """[4H, K] in torch's gate order as ``lstm_cell_flushed_f32`` wants it, flat."""
    return flushed_blocks(units_first(weight))


def units_first(rows: Array) -> Array:
    """[4H, ...] in torch's gate order as [unit, gate] rows, [4H, ...]."""
    return rows.reshape(4, -1, *rows.shape[1:]).swapaxes(0, 1).reshape(rows.shape)


def units_of_four(rows: Array) -> tuple[Array, Array]:
    """[3H, ...] in torch's gate order in two parts.

    Four units at a time, as [gate, unit] rows; then the units that are left, [unit, gate].
    """
    gates = rows.reshape(3, -1, *rows.shape[1:])
    full = gates.shape[1] // 4 * 4
    blocks = gates[:, :full].reshape(3, full // 4, 4, *rows.shape[1:]).swapaxes(0, 1)
    rest = gates[:, full:].swapaxes(0, 1)
    return blocks.reshape(3 * full, *rows.shape[1:]), rest.reshape(-1, *rows.shape[1:])


def rounded_bias(bias: Array, requantization: Array) -> Array:
    """[N] with the rounding of each row's first shift, which the kernels leave to us."""
    rounding: Array = 1 << requantization[:, 1].astype(np.int64) >> 1
    return bias + rounding
