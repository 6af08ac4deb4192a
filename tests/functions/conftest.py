# SPDX-License-Identifier: MIT
"""The C kernels, compiled into one shared library, and the inputs that everything is tested on."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from kernel_source import KERNELS, source

from puffer_edge.ir.functions import FUNCTIONS

Kernel = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def kernels(tmp_path_factory) -> dict[str, Kernel]:
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "kernels.c").write_text(source())
    subprocess.run(
        ["gcc", "-std=c99", "-O2", "-ffp-contract=off", "-shared", "-fPIC", f"-I{KERNELS}",
         "-o", folder / "kernels.so", folder / "kernels.c"],
        check=True)
    library = ctypes.CDLL(str(folder / "kernels.so"))

    def kernel(name: str) -> Kernel:
        loop = library[f"loop_{name}"]

        def call(x: np.ndarray, *parameters: float) -> np.ndarray:
            x = np.ascontiguousarray(x, np.float32)
            y = np.empty_like(x)
            loop(ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data),
                 ctypes.c_long(x.size), *map(ctypes.c_float, parameters))
            return y

        return call

    return {name: kernel(name) for name in FUNCTIONS}


@pytest.fixture(scope="session")
def patterns() -> np.ndarray:
    """1.8 million floats: every exponent, denormals, infinities, NaN; dense where curves bend.

    The steps are primes, so that the low bits of the mantissas vary. And what comparisons are made
    with: every power of two, numbers that the kernels name, some times a power of two, and
    the floats beside each.
    """
    everywhere = np.arange(0, 1 << 32, 4099, dtype=np.uint64).astype(np.uint32).view(np.float32)
    low, high = np.array([2.0**-9, 128.0], np.float32).view(np.uint32)
    middle = np.arange(low, high, 353, dtype=np.uint32).view(np.float32)
    special = np.array([0.0, np.inf, np.nan, 1e-45, 1.1754944e-38, 3.4028235e38], np.float32)
    return np.concatenate([everywhere, middle, -middle, special, -special, *limits()])


def limits() -> list[np.ndarray]:
    """Where a comparison may have two equal sides, and what lies beside that."""
    powers = np.ldexp(np.float32(1), np.arange(-149, 128)).astype(np.float32)
    named = {float(found) for path in KERNELS.glob("*_f32.h") for found in re.findall(
        r"\b(\d+\.\d+(?:e[-+]?\d+)?)f", path.read_text(encoding="ascii"))}
    doubled = np.array([x * 2.0**k for x in named for k in range(-4, 5)])
    found = np.concatenate([powers, doubled[np.abs(doubled) < 3.4e38].astype(np.float32),
                            1.4142135 * powers[1:-1]]).astype(np.float32)
    found = found[found > 0]
    beside = [found, np.nextafter(found, np.float32(np.inf)), np.nextafter(found, np.float32(0))]
    return [sign * each for sign in (1, -1) for each in beside]
