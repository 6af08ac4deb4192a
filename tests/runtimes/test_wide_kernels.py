# SPDX-License-Identifier: MIT
"""The forms for processors with vectors give the portable form's bits, at every size."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.exporters.c.kernels import joined
from puffer_edge.exporters.c.packing import blocks_of_four, gates_of_units
from puffer_edge.toolchains import find_toolchain
from tests.tools import need

KERNELS = ("gemm_f32", "lstm_cell_f32")
INCLUDES = "#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n"
SOURCE = """
void run_gemm(const float *x, const float *w, const float *start, float *y, int32_t k, int32_t n);
void run_gemm(const float *x, const float *w, const float *start, float *y, int32_t k, int32_t n)
{ puffer_edge_gemm_f32(x, w, start, y, k, n); }
void run_lstm(const float *const *a, float *y_h, float *y_c, int32_t k, int32_t n);
void run_lstm(const float *const *a, float *y_h, float *y_c, int32_t k, int32_t n)
{ puffer_edge_lstm_cell_f32(a[0], a[1], a[2], a[3], a[4], a[5], y_h, y_c, k, n); }
"""


@pytest.fixture(scope="module", params=["gcc", "clang", "zig"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list:
    if request.param != "zig":
        need(request.param)
    work: Path = tmp_path_factory.mktemp("kernels")
    toolchain = find_toolchain(request.param)
    libraries = []
    for define in ("", "#define PUFFER_EDGE_PORTABLE\n"):
        source = work / f"kernels{len(libraries)}.c"
        source.write_text(f"{INCLUDES}{define}{joined(KERNELS)}\n{SOURCE}")
        libraries.append(ctypes.CDLL(str(toolchain.library(source, source.with_suffix(".so")))))
    return libraries


def address(array: np.ndarray | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if array is None else array.ctypes.data)


@pytest.mark.parametrize("start", ["bias", "nothing", "itself"])
def test_gemm(both: list, start: str) -> None:
    random = np.random.default_rng(0)
    for n in (*range(1, 41), 63, 64, 65, 99, 128):
        for k in (1, 2, 7, 32):
            x = random.standard_normal(k).astype(np.float32)
            w = blocks_of_four(random.standard_normal((n, k)).astype(np.float32))
            w[4::5] *= np.float32(1e-38)  # subnormal products are not flushed
            bias = random.standard_normal(n).astype(np.float32)
            found = []
            for library in both:
                y = np.concatenate([bias, np.full(4, 7, np.float32)])  # nothing beyond is written
                given = {"bias": bias, "nothing": None, "itself": y}[start]
                library.run_gemm(address(x), address(w), address(given), address(y), k, n)
                found.append(y)
            assert found[0].tobytes() == found[1].tobytes(), (n, k)
            assert (found[0][n:] == 7).all() and not np.array_equal(found[0][:n], bias)


def test_lstm(both: list) -> None:
    random = np.random.default_rng(0)
    for n in (1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 40):
        for k in (1, 6, 33):
            x, h, c = (2 * random.standard_normal(size).astype(np.float32) for size in (k, n, n))
            w, recurrent, bias = (gates_of_units(random.standard_normal((4 * n, size)).astype(
                np.float32)) for size in (k, n, 1))
            arrays = (ctypes.c_void_p * 6)(*(a.ctypes.data for a in (x, h, c, w, recurrent, bias)))
            found = []
            for library in both:
                y = np.full((2, n + 4), 7, np.float32)
                library.run_lstm(arrays, address(y[0]), address(y[1]), k, n)
                found.append(y)
            assert found[0].tobytes() == found[1].tobytes(), (n, k)
            assert (found[0][:, n:] == 7).all()
