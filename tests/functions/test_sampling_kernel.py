# SPDX-License-Identifier: MIT
"""What draws an action in C: weights against numpy's exp, bits against Marsaglia's recurrence."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
from kernel_source import KERNELS

SOURCE = """#include "sampling.h"
extern int32_t weight(int32_t distance, int32_t m, int32_t s);
extern void below(uint32_t seed, int32_t total, int32_t *drawn, int32_t count);
int32_t weight(int32_t distance, int32_t m, int32_t s)
{
    return puffer_edge_sampling_weight(distance, m, s);
}
void below(uint32_t seed, int32_t total, int32_t *drawn, int32_t count)
{
    puffer_edge_random_t random;
    puffer_edge_seed(&random, seed);
    for (int32_t i = 0; i < count; ++i) {
        drawn[i] = total ? puffer_edge_random_below(&random, total)
                         : (int32_t)puffer_edge_random_bits(&random);
    }
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("sampling")
    (folder / "s.c").write_text(SOURCE)
    subprocess.run(["gcc", "-std=c99", "-O1", "-shared", "-fPIC", f"-I{KERNELS}", "-o",
                    folder / "s.so", folder / "s.c"], check=True)
    return ctypes.CDLL(str(folder / "s.so"))


def drawn(library: ctypes.CDLL, seed: int, total: int, count: int) -> list[int]:
    found = (ctypes.c_int32 * count)()
    library.below(ctypes.c_uint32(seed), total, found, count)
    return list(found)


def marsaglia(seed: int) -> Iterator[int]:
    """Two lag-1 sequences of multiply with carry, base 2^15: x' = a x + c, c' of its upper part."""
    x, y, c, d = seed % 2**15, seed // 2**15 % 2**15, 1234, 5678
    while True:
        c, x = divmod(32760 * x + c, 2**15)
        d, y = divmod(32730 * y + d, 2**15)
        yield x ^ y


def test_a_weight_is_a_power_of_e(library: ctypes.CDLL) -> None:
    """Between rounded powers at sixteenths a straight line, rounded half down: to the bit."""
    x = np.arange(13 * 1024)
    powers = np.rint((2**15 - 1) * np.exp(-np.arange(13 * 16 + 1) / 16))
    start, step = powers[x // 64], powers[x // 64] - powers[x // 64 + 1]
    expected = np.where(x < 12 * 1024, start - np.floor(step * (x % 64) / 64 + 0.5), 0)
    found = [library.weight(int(n), 1, 0) for n in x]
    assert np.array_equal(found, expected)
    # The line lies above the curve by at most an eighth of the square of a sixteenth.
    assert np.abs(expected / 2.0**15 - np.exp(-x / 1024)).max() < 1 / 8 / 16**2 + 2 * 2.0**-15
    for distance, m, s in ((7, 1000, 3), (255, 20000, 9), (3, 5, 0), (65535, 16384, 20)):
        assert library.weight(distance, m, s) == found[distance * m >> s]


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**15, 2**30 - 1])
def test_bits_are_those_of_the_recurrence(library: ctypes.CDLL, seed: int) -> None:
    assert drawn(library, seed, 0, 400) == list(islice(marsaglia(seed), 16, 416))


@pytest.mark.parametrize("total", [1, 2, 3, 2**15 - 1, 2**15, 2**15 + 1, 100_000, 2**30])
def test_numbers_are_below_the_total(library: ctypes.CDLL, total: int) -> None:
    """Of as many bits as the total needs, at least 15; what is too large is drawn again."""
    bits, expected = islice(marsaglia(77), 16, None), list[int]()
    mask = max(2**15, 1 << (total - 1).bit_length()) - 1
    while len(expected) < (8 if total < 100 else 200):
        value = (next(bits) | next(bits) << 15) & mask
        if value < total:
            expected.append(value)
    assert drawn(library, 77, total, len(expected)) == expected
