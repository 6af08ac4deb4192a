# SPDX-License-Identifier: MIT
"""The C kernels, compiled into one shared library, and the inputs that everything is tested on."""

from __future__ import annotations

import ctypes
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

    The steps are primes, so that the low bits of the mantissas vary.
    """
    everywhere = np.arange(0, 1 << 32, 4099, dtype=np.uint64).astype(np.uint32).view(np.float32)
    low, high = np.array([2.0**-9, 128.0], np.float32).view(np.uint32)
    middle = np.arange(low, high, 353, dtype=np.uint32).view(np.float32)
    special = np.array([0.0, np.inf, np.nan, 1e-45, 1.1754944e-38, 3.4028235e38], np.float32)
    return np.concatenate([everywhere, middle, -middle, special, -special])
