"""Weights in the order in which the kernels read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def blocks_of_four(weight: Array) -> Array:
    """Rows of [N, K] as ``gemm_f32`` wants them, flat.

    Four rows at a time, interleaved: ``w[k][0..3]``; the rows that are left one by one.
    """
    rows = weight.shape[0] // 4 * 4
    blocks = weight[:rows].reshape(-1, 4, weight.shape[1]).transpose(0, 2, 1)
    return np.concatenate([blocks.reshape(-1), weight[rows:].reshape(-1)])


def gates_of_units(weight: Array) -> Array:
    """[4H, K] in torch's gate order as ``lstm_cell_f32`` wants it: [unit][k][gate], flat."""
    gates = weight.reshape(4, -1, weight.shape[1])
    return gates.transpose(1, 2, 0).reshape(-1)
