# SPDX-License-Identifier: MIT
"""The candidate of a minGRU in C, for states of any reach, against its formula in real numbers."""

from __future__ import annotations

import ctypes
import subprocess

import numpy as np
import pytest
from kernel_source import KERNELS

from puffer_edge.ir.ops import MinGRUCellInteger
from tests import zoo

SOURCE = """#include "min_gru_cell_s16.h"
extern void candidates(const int16_t *table, const int32_t *a, int32_t *y, int32_t n, int32_t bits);
void candidates(const int16_t *table, const int32_t *a, int32_t *y, int32_t n, int32_t bits)
{
    for (int32_t i = 0; i < n; ++i) {
        y[i] = puffer_edge_min_gru_candidate(table, a[i], bits);
    }
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("min_gru")
    (folder / "m.c").write_text(SOURCE)
    subprocess.run(["gcc", "-std=c99", "-O1", "-shared", "-fPIC", f"-I{KERNELS}", "-o",
                    folder / "m.so", folder / "m.c"], check=True)
    return ctypes.CDLL(str(folder / "m.so"))


@pytest.mark.parametrize("bits", range(15))
def test_the_candidate_is_its_formula(library: ctypes.CDLL, bits: int) -> None:
    """max(a, 0) + sigmoid(min(a, 0)), off by half a step for each of the two roundings.

    And by what the table of the sigmoid is: 2^-13.
    """
    program = zoo.program("min_gru_2_layers_int8")
    op = next(op for op in program.ops if isinstance(op, MinGRUCellInteger))
    table = np.ascontiguousarray(program.constants[op.table], np.int16)
    unit = 2.0 ** max(bits, 11)
    a = np.random.default_rng(bits).uniform(-9, min(2.0 ** (15 - bits), 2**15), 500)
    a = np.concatenate([np.rint(a * unit), np.arange(-40, 40)]).astype(np.int32)
    found = np.zeros(len(a), np.int32)
    library.candidates(*(ctypes.c_void_p(array.ctypes.data) for array in (table, a, found)),
                       len(a), bits)
    real = np.maximum(a, 0) / unit + 1 / (1 + np.exp(np.maximum(-a, 0) / unit))
    expected = np.minimum(real * 2.0**bits, 32767)
    assert np.abs(found - expected).max() <= 1 + 2.0 ** (bits - 13) + 2.0 ** (bits - 11) / 8
