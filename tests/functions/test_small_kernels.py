# SPDX-License-Identifier: MIT
"""Kernels of a few lines against zlib, Python's max and min, and numpy, where numbers are equal."""

from __future__ import annotations

import ctypes
import subprocess
import zlib
from typing import Any

import numpy as np
import pytest
from kernel_source import KERNELS

TINY = np.finfo(np.float32).tiny
SOURCE = """
#include "argmax_f32.h"
#include "argmax_s8.h"
#include "argmax_s16.h"
#include "at_least_f32.h"
#include "at_least_s8.h"
#include "at_least_s16.h"
#include "batch_normalization_f32.h"
#include "crc32.h"
#include "mac_flushed_f32.h"
#include "mask_f32.h"
#include "mask_s8.h"
#include "mask_s16.h"
#include "matmul_f32.h"
#include "one_hot_f32.h"
#include "reduce_f32.h"
#include "requantize.h"
#include "all_finite_f32.h"
#undef PUFFER_EDGE_ALL_FINITE_F32_H
#define PUFFER_EDGE_NO_FPU
#define puffer_edge_all_finite_f32 puffer_edge_all_finite_by_bits
#include "all_finite_f32.h"
uint32_t crc32_of(const uint8_t *x, int32_t n)
{
    uint32_t crc = 0xffffffffu;
    for (int32_t i = 0; i < n; ++i) { crc = puffer_edge_crc32(crc, x[i]); }
    return ~crc;
}
void flushed(const float *x, const float *w, float *y, int32_t n, int32_t k, int32_t width)
{
    for (int32_t i = 0; i < n; ++i) {
        puffer_edge_mac_flushed_f32(x + i * k, w + i * k * width, y + i * width, k, width);
    }
}
void masks(const float *x, const int8_t *b, const int16_t *h, const uint8_t *on, float *y,
           int8_t *yb, int16_t *yh, int32_t n)
{
    for (int32_t i = 0; i < n; ++i) {
        y[i] = puffer_edge_mask_f32(x[i], on[i]);
        yb[i] = puffer_edge_mask_s8(b[i], on[i]);
        yh[i] = puffer_edge_mask_s16(h[i], on[i]);
    }
}
void saturated(const int32_t *a, const int32_t *b, int32_t *y, int32_t n)
{
    for (int32_t i = 0; i < n; ++i) {
        y[4 * i] = puffer_edge_subtract_saturating(a[i], b[i]);
        y[4 * i + 1] = puffer_edge_saturate_s16(a[i]);
        y[4 * i + 2] = puffer_edge_saturate_u15(a[i]);
        y[4 * i + 3] = puffer_edge_clamp_s32(a[i], -100, 70);
    }
}
"""
REDUCTIONS = {"max": max, "min": min, "sum": sum}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("small")
    (folder / "s.c").write_text(SOURCE)
    subprocess.run(["gcc", "-std=c99", "-O1", "-w", "-ffp-contract=off", "-shared", "-fPIC",
                    "-DPUFFER_EDGE_KERNELS_IMPLEMENTATION", f"-I{KERNELS}", "-o", folder / "s.so",
                    folder / "s.c"], check=True)
    return ctypes.CDLL(str(folder / "s.so"))


def run(library: Any, name: str, *given: Any) -> Any:
    return getattr(library, name)(*(
        ctypes.c_void_p(each.ctypes.data) if isinstance(each, np.ndarray) else ctypes.c_int32(each)
        for each in given))


def choices(random: np.random.Generator, *shape: int) -> np.ndarray:
    """Few different floats, zeros of both signs among them."""
    return random.choice(np.array([0.0, -0.0, 1.5, -2.5, 0.5, 3.0], np.float32), shape)


def test_crc32_is_that_of_zlib(library: Any) -> None:
    data = np.random.default_rng(0).integers(0, 256, 700).astype(np.uint8)
    for n in (0, 1, 2, 255, 700):
        assert run(library, "crc32_of", data, n) % 2**32 == zlib.crc32(data[:n].tobytes())


@pytest.mark.parametrize("form", ["f32", "by_bits"])
def test_what_is_finite(library: Any, form: str) -> None:
    for n in (*range(1, 12), 16, 35):
        x = np.full(n, -np.finfo(np.float32).max, np.float32)
        assert run(library, f"puffer_edge_all_finite_{form}", x, n) == 1
        for place in range(n):
            for bad in (np.inf, -np.inf, np.nan, -np.nan):
                x[place], before = bad, x[place]
                assert run(library, f"puffer_edge_all_finite_{form}", x, n) == 0
                x[place] = before
        beyond = np.concatenate([x, np.full(4, np.nan, np.float32)])
        assert run(library, f"puffer_edge_all_finite_{form}", beyond, n) == 1


def test_the_first_of_equal_ones(library: Any) -> None:
    random = np.random.default_rng(1)
    for outer, size, inner in ((1, 1, 1), (2, 5, 3), (3, 2, 1), (1, 7, 4)):
        x = choices(random, outer, size, inner)
        for name, judge in REDUCTIONS.items():
            y = np.full(outer * inner + 1, 9, np.float32)
            run(library, f"puffer_edge_reduce_{name}_f32", x, y, outer, size, inner)
            expected = [judge(map(float, x[o, :, i])) for o in range(outer) for i in range(inner)]
            assert y.tobytes() == np.array([*expected, 9], np.float32).tobytes()
        y = np.full(outer * inner + 1, 9, np.float32)
        run(library, "puffer_edge_reduce_mean_f32", x, y, outer, size, inner)
        np.testing.assert_array_equal(y, [*(x.sum(1) / np.float32(size)).reshape(-1), 9])
    for n in (1, 2, 9):
        for _ in range(8):
            x = choices(random, n)
            scaled = (2 * x).astype(int)
            assert run(library, "puffer_edge_argmax_f32", np.append(x, x[:1] + 9), n) == x.argmax()
            for kind, type_ in (("s8", np.int8), ("s16", np.int16)):
                y = np.append(scaled, 100).astype(type_)
                assert run(library, f"puffer_edge_argmax_{kind}", y, n) == scaled.argmax()
                limits = random.integers(-3, 3, 2 * n).astype(np.int32)
                for step in (0, 1, 2):
                    wanted = (scaled >= limits[np.arange(n) * step]).sum()
                    assert run(library, f"puffer_edge_at_least_{kind}", y, limits, step, n
                               ) == wanted
            assert run(library, "puffer_edge_at_least_f32", np.append(x, x[:1] + 9), n
                       ) == (x >= 0.5).sum()


def test_masks(library: Any) -> None:
    """What may not be taken is the lowest number, and nothing else is."""
    x = np.array([np.finfo(np.float32).min, np.nextafter(np.finfo(np.float32).min, 0), 0, 5],
                 np.float32)
    b, h = (np.array([low, low + 1, 0, 5], kind) for low, kind in (
        (-128, np.int8), (-32768, np.int16)))
    for on in (0, 1):
        made = [np.zeros_like(each) for each in (x, b, h)]
        run(library, "masks", x, b, h, np.full(4, on, np.uint8), *made, 4)
        for before, after in zip((x, b, h), made, strict=True):
            np.testing.assert_array_equal(after, np.maximum(before, before[1]) if on else (
                np.full(4, before[0])))


def test_products_and_sums(library: Any) -> None:
    random = np.random.default_rng(2)
    for batch, m, k, n in ((1, 1, 1, 1), (2, 3, 4, 5), (3, 2, 1, 2)):
        a, b = choices(random, batch, m, k), choices(random, batch, k, n)
        y = np.full(batch * m * n + 1, 9, np.float32)
        run(library, "puffer_edge_matmul_f32", a, b, y, batch, m, k, n)
        np.testing.assert_array_equal(y, [*(a @ b).reshape(-1), 9])  # exact in any order
        x, scale, shift = choices(random, batch, k, n), choices(random, k), choices(random, k)
        y = np.full(x.size + 1, 9, np.float32)
        run(library, "puffer_edge_batch_normalization_f32", x, scale, shift, y, batch, k, n)
        np.testing.assert_array_equal(
            y, [*(x * scale[:, None] + shift[:, None]).reshape(-1), 9])
    x = np.array([0, 0.99, 1, 3.5, -0.5, 4, np.nan, 2], np.float32)
    y = np.full(33, 9, np.float32)
    run(library, "puffer_edge_one_hot_f32", x, y, 8, 4)
    np.testing.assert_array_equal(y[:32].reshape(8, 4), np.floor(x)[:, None] == np.arange(4))
    assert y[32] == 9


def test_saturation(library: Any) -> None:
    edges = [0, 70, -100, 32767, -32768, 2**31 - 1, -2**31, 2**30]
    ends = np.array([e + d for e in edges for d in (-1, 0, 1)]).clip(-2**31, 2**31 - 1)
    a, b = (each.reshape(-1).astype(np.int32) for each in np.meshgrid(ends, ends))
    y = np.zeros((a.size, 4), np.int32)
    run(library, "saturated", a, b, y, a.size)
    wide = a.astype(np.int64)
    np.testing.assert_array_equal(y, np.stack([
        (wide - b).clip(-2**31, 2**31 - 1), wide.clip(-2**15, 2**15 - 1), wide.clip(0, 2**15 - 1),
        wide.clip(-100, 70)], 1))


@pytest.mark.parametrize(("k", "width"), [(1, 16), (3, 4)])
def test_what_is_flushed_is_below_the_smallest_normal_number(library: Any, k: int, width: int
                                                             ) -> None:
    """Before it is rounded: products of floats are exact in float64."""
    random, count = np.random.default_rng(3), 3000
    x = (random.uniform(1, 2, (count, k)) * 2.0 ** random.integers(-80, 20, (count, k)))
    w = TINY / x[..., None] * (1 + random.integers(-3, 4, (count, k, width)) * 2.0**-24)
    w[::3] *= 2.0 ** random.integers(-3, 25, (len(w[::3]), k, width))
    x, w = (each.astype(np.float32) * random.choice([-1, 1], each.shape).astype(np.float32)
            for each in (x, w))
    y = TINY * random.uniform(-3, 3, (count, width)).astype(np.float32)
    y[::2] = random.choice(np.array([0, -0.0, TINY, -TINY], np.float32), y[::2].shape)
    x[::5], w[::5, :, ::2] = 1, random.choice(np.float32([1, -1]) * TINY, w[::5, :, ::2].shape)

    def flush(v: np.ndarray) -> np.ndarray:
        return np.where(np.abs(v) < TINY, np.copysign(0, v), v)

    total = flush(y)
    for step in range(k):
        exact = flush(x[:, step, None]).astype(np.float64) * flush(w[:, step])
        total = flush(total + flush(exact).astype(np.float32)).astype(np.float32)
    run(library, "flushed", x, w, y, count, k, width)
    assert (y.view(np.uint32) == total.view(np.uint32)).all()
