# SPDX-License-Identifier: MIT
"""Norms and softmax of several rows, by real numbers, on memory that ends where their arrays do."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.arrays import Array
from tests.kernels.guarded import Guarded
from tests.tools import need, need_instructions

ROOTS = np.minimum(2.0**29 / np.sqrt(2.0**28 + np.arange(194) * 2.0**22), 32767).round()
POWERS = np.minimum(
    2.0**15 * np.exp(-np.r_[np.arange(12), np.arange(65) / 64]), 32767).round()
RECIPROCALS = (2.0**14 / (1 + np.arange(129) / 128)).round()
L2 = "const @norm_t p = {a[2], a[4], a[3], n[2], 12, 0}; @l2_normalization_TYPE(" \
     "a[0], &p, a[1], n[0], n[1]);"
LAYER = "const @normal_t p = {a[2], a[3], {0, 3, 1}, 0, n[2], 12, 0}; " \
        "@layer_normalization_TYPE(a[0], &p, a[1], n[0], n[1]);"
SOFTMAX = "const @softmax_t p = {a[2], a[3], n[3], 0}; " \
          "@softmax_TYPE(a[0], &p, a[1], n[0], n[1], n[2]);"
FLOATS = {
    "l2_normalization_f32":
        "@l2_normalization_f32(a[0], a[1], n[0], n[1], 1.0f, 0.0f, 0.0f);",
    "layer_normalization_f32":
        "@layer_normalization_f32(a[0], a[2], n[2] ? a[3] : NULL, a[1], n[0], n[1], 0.5f);",
    "softmax_f32": "@softmax_f32(a[0], a[1], n[0], n[1], n[2]);"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    need("gcc")
    need_instructions("sse2")
    calls = {name: (name, statement) for name, statement in FLOATS.items()}
    for kernel, statement in (("l2_normalization", L2), ("layer_normalization", LAYER),
                              ("softmax", SOFTMAX)):
        for kind in ("s8", "s16"):
            name = f"{kernel}_{kind}"
            calls[name] = name, statement.replace("TYPE", kind)
    return Guarded(tmp_path_factory.mktemp("rows"), {"portable": calls})


def found(guarded: Guarded, name: str, x: Array, y: Array, more: list[Array],
          numbers: list[int]) -> Array:
    """y afterwards; what is given stays as it was."""
    before = [x.reshape(-1), y.reshape(-1), *more]
    (after,) = guarded.run([("portable", name, before, numbers)])
    for index, each in enumerate(before):
        if index != 1:
            np.testing.assert_array_equal(after[index], each)
    assert after[1] is not None
    return after[1].reshape(x.shape).astype(np.float64)


def shares(x: Array) -> Array:
    powers = np.exp(x - x.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def centred(x: Array, epsilon: float) -> Array:
    d = x - x.mean(1, keepdims=True)
    return np.asarray(d / np.sqrt((d * d).mean(1, keepdims=True) + epsilon))


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_rows_of_floats(guarded: Guarded, rows: int) -> None:
    random = np.random.default_rng(rows)
    x = random.normal(1, 2, (rows, 7)).astype(np.float32)
    y = np.full_like(x, np.nan)
    wanted = x / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    got = found(guarded, "l2_normalization_f32", x, y, [], [rows, 7])
    np.testing.assert_allclose(got, wanted, rtol=1e-5)
    scale, bias = random.normal(size=(2, 7)).astype(np.float32)
    for with_bias in (0, 1):
        got = found(guarded, "layer_normalization_f32", x, y, [scale, bias],
                    [rows, 7, with_bias])
        wanted = centred(x.astype(np.float64), 0.5) * scale + with_bias * bias
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    x = random.normal(0, 3, (rows, 5, 3)).astype(np.float32)
    got = found(guarded, "softmax_f32", x, np.full_like(x, np.nan), [], [rows, 5, 3])
    np.testing.assert_allclose(got, shares(x.astype(np.float64)), rtol=1e-5)


@pytest.mark.parametrize(("kind", "near"), [("s8", 3), ("s16", 8)])
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_rows_of_integers(guarded: Guarded, kind: str, near: int, rows: int) -> None:
    """Within some 2^15ths: the tables have 15 bits."""
    random = np.random.default_rng(rows)
    x_type = np.int8 if kind == "s8" else np.int16
    limits = np.iinfo(x_type)
    added, floor = (2.0**9, 2.0**14) if kind == "s8" else (2.0**24, 2.0**29)
    parts = np.ldexp(1.0, -2 * np.arange(17))  # of squares, by the shift of what is squared
    tables = [(added * parts).astype(np.int32), ROOTS.astype(np.int16),
              (floor * parts).astype(np.int32)]
    x = random.integers(limits.min, limits.max + 1, (rows, 8)).astype(x_type)
    x[-1] //= 4  # below the floor
    if rows > 1:
        x[0] //= 64
        x[0, 0] = limits.min  # far larger than what follows
    y = np.zeros(x.shape, np.int16)
    d = x.astype(np.float64) - 3
    got = found(guarded, f"l2_normalization_{kind}", x, y, tables, [rows, 8, 3])
    squares = np.maximum((d * d).sum(1, keepdims=True) + added, floor)
    assert np.abs(got - 2.0**15 * d / np.sqrt(squares)).max() <= near
    d = x - np.floor(x.mean(1, keepdims=True) + 0.5)  # a mean of whole numbers
    got = found(guarded, f"layer_normalization_{kind}", x, y, tables[:2], [rows, 8, 3])
    wanted = 2.0**15 * d / np.sqrt((d * d).sum(1, keepdims=True) + added)
    assert np.abs(got - wanted).max() <= near
    step = 64 if kind == "s8" else 1  # 4096ths
    x = random.integers(limits.min, limits.max + 1, (rows, 5, 3)).astype(x_type)
    got = found(guarded, f"softmax_{kind}", x, np.zeros(x.shape, np.int16),
                [POWERS.astype(np.int16), RECIPROCALS.astype(np.int16)], [rows, 5, 3, step])
    assert np.abs(got - 2.0**15 * shares(x.astype(np.float64) * (step / 4096))).max() <= near
