# SPDX-License-Identifier: MIT
"""Every function: C equals numpy bit for bit, and both are as close to the truth as stated."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from kernel_source import KERNELS, source

from puffer_edge.ir.functions import FUNCTIONS

PARAMETERS = {
    "elu": [(0.0,), (1.7,), (-0.3,)],
    "celu": [(0.5,), (3.0,)],
    "softplus": [(0.5,), (3.0,)],
    "leaky_relu": [(0.0,), (0.2,), (-1.0,), (3.0,)],
    "hard_sigmoid": [(0.2, 0.5), (0.0, 2.0)],
    "clip": [(-1.0, 1.0), (0.0, 6.0), (-2.0, 0.0), (-np.inf, np.inf), (2.5, 2.5)],
}
"""Parameters to try besides the defaults."""

BOUNDED = {
    "tanh": (-1, 1), "sigmoid": (0, 1), "erf": (-1, 1), "clip": (-1, 1), "hard_sigmoid": (0, 1)}
ODD = ("tanh", "erf")
LARGEST = float(np.finfo(np.float32).max)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_c_equals_numpy(name, kernels, patterns):
    function = FUNCTIONS[name]
    defaults = tuple(value for _, value in function.parameters)
    for parameters in [defaults, *PARAMETERS.get(name, [])]:
        with np.errstate(all="ignore"):
            expected = function.numpy(patterns, *map(np.float32, parameters))
        result = kernels[name](patterns, *parameters)
        assert expected.dtype == np.float32
        # The payload and sign of a NaN are the only bits that platforms choose.
        same = (result.view(np.uint32) == expected.view(np.uint32)) | (
            np.isnan(result) & np.isnan(expected))
        assert same.all(), (parameters, patterns[~same][:5], result[~same][:5])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_is_as_stated(name, kernels, patterns):
    function = FUNCTIONS[name]
    x = patterns[~np.isnan(patterns)]
    with np.errstate(all="ignore"):
        exact = function.exact(x.astype(np.float64))
    y = kernels[name](x, *(value for _, value in function.parameters)).astype(np.float64)
    held = np.abs(exact) <= LARGEST  # neither NaN nor beyond float32
    x, y, exact = x[held], y[held], exact[held]
    assert held.sum() > 400_000
    excess = np.abs(y - exact) - function.rel_error * np.abs(exact) - function.abs_error
    worst = np.argmax(excess)
    assert excess[worst] <= 0, (x[worst], y[worst], exact[worst])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_lipschitz_constant_holds_and_is_tight(name):
    function = FUNCTIONS[name]
    x = np.linspace(-80, 80, 1_600_001)
    with np.errstate(divide="ignore"):
        slope = np.abs(np.diff(function.exact(x)) / np.diff(x)).max()
    if function.lipschitz is None:
        assert slope > 30
    else:
        assert 0.99 * function.lipschitz <= slope <= function.lipschitz * (1 + 1e-6)


@pytest.mark.parametrize("name", BOUNDED)
def test_range_holds_for_every_input(name, kernels, patterns):
    low, high = BOUNDED[name]
    y = kernels[name](patterns, *(value for _, value in FUNCTIONS[name].parameters))
    assert ((y >= low) & (y <= high)).all()  # NaN inputs are among the patterns
    assert y.min() == low and y.max() == high


@pytest.mark.parametrize("name", ODD)
def test_odd(name, kernels, patterns):
    x = patterns[~np.isnan(patterns)]
    assert np.array_equal(kernels[name](-x), -kernels[name](x))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_shape(name):
    function = FUNCTIONS[name].numpy
    x = np.linspace(0.1, 0.9, 24, dtype=np.float32)
    flat = function(x)
    assert np.array_equal(function(x.reshape(2, 3, 4)), flat.reshape(2, 3, 4))
    assert np.array_equal(function(x[::2]), flat[::2])
    scalar = function(x[3].reshape(()))
    assert scalar.shape == () and scalar.dtype == np.float32 and scalar == flat[3]


WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Wshadow", "-pedantic",
            "-Werror", "-O2", "-c", "-o", "/dev/null"]


@pytest.mark.parametrize("compiler", [
    ("gcc", "-std=c99", "-x", "c"), ("g++", "-std=c++17", "-x", "c++"),
    ("clang", "-std=c99", "-x", "c"), ("clang++", "-std=c++17", "-x", "c++")], ids=lambda c: c[0])
def test_headers_compile_without_warnings(compiler, tmp_path):
    file = tmp_path / "kernels.txt"
    file.write_text(source())
    try:
        done = subprocess.run([*compiler, str(file), f"-I{KERNELS}", *WARNINGS],
                              capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip(f"{compiler[0]} is not installed")
    assert done.returncode == 0, done.stderr
