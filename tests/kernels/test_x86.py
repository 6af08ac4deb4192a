# SPDX-License-Identifier: MIT
"""Integer layers by every vector unit of x86-64 against whole numbers, under the sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.kernels import joined
from puffer_edge.exporters.c.packing import GROUPS
from tests.tools import need, need_instructions

TYPES: dict[str, tuple[Any, Any]] = {
    "s8": (np.int8, np.int8), "s8x16": (np.int16, np.int8), "s16": (np.int16, np.int16)}
"""Of activations and weights."""
UNITS = {"sse2": "", "avx2": "avx2", "avx512bw": "avx512bw,avx512dq",
         "avx512_vnni": "avx512bw,avx512dq,avx512vnni"}
"""What the compiler may use, by the processor's name of the last of it."""
SIZES = ((1, 1), (3, 9), (4, 4), (7, 95), (16, 8), (17, 7), (20, 95), (32, 40), (35, 62))
"""Rows and columns: blocks of 16 and of four, and what is left of each."""
MAIN = """
typedef void (*layer_t)(void **, const int32_t *);
static const layer_t layers[] = {%s};
int main(void)
{
    int32_t given[11];
    while (fread(given, sizeof given, 1, stdin) == 1) {
        void *part[5]; /* each is as large as what lies in it */
        for (int i = 0; i < 5; ++i) {
            part[i] = malloc((size_t)given[6 + i]);
            if (i < 4 && fread(part[i], (size_t)given[6 + i], 1, stdin) != 1) {
                return 1;
            }
        }
        layers[given[0]](part, given + 1);
        fwrite(part[4], (size_t)given[10], 1, stdout);
        for (int i = 0; i < 5; ++i) {
            free(part[i]);
        }
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each unit's kernels under its own names, in one file, as the intrinsics are read once."""
    need("gcc")
    need_instructions("sse2")
    folder = tmp_path_factory.mktemp("x86")
    parts = [f"#include <{name}.h>" for name in (
        "immintrin", "stddef", "stdint", "stdio", "stdlib", "string")]
    kernels = joined([f"gemm_{scheme}" for scheme in TYPES])
    for unit, names in UNITS.items():
        parts += ["#pragma GCC push_options", f'#pragma GCC target("{names}")' if names else "",
                  kernels.replace("puffer_edge_", f"{unit}_").replace(
                      "PUFFER_EDGE_", f"{unit.upper()}_")]
        parts += [f"static void run_{unit}_{scheme}(void **a, const int32_t *n)\n{{ {unit}_gemm_"
                  f"{scheme}(a[0], a[1], a[2], a[3], a[4], n[0], n[1], n[2], n[3], n[4]); }}"
                  for scheme in TYPES]
        parts.append("#pragma GCC pop_options")
    parts.append(MAIN % ", ".join(f"run_{unit}_{scheme}" for unit in UNITS for scheme in TYPES))
    (folder / "x86.c").write_text("\n".join(parts))
    subprocess.run(["gcc", "-O0", "-w", "-fsanitize=address,undefined", "-fno-sanitize=alignment",
                    "-fno-sanitize-recover=all", "x86.c", "-o", "x86"], cwd=folder, check=True)
    return folder / "x86"


def packed(weight: Array, scheme: str) -> Array:
    """Blocks of four rows, each group of columns row by row; what is left in their order."""
    group, (rows, columns) = np.array(GROUPS[scheme]), weight.shape
    whole, found = columns // len(group) * len(group), []
    for r in range(0, rows - 3, 4):
        for k in range(0, whole, len(group)):
            found += [weight[r + i, k + j] for i in range(4) for j in group]
        found += [weight[r + i, k] for k in range(whole, columns) for i in range(4)]
    for r in range(rows // 4 * 4, rows):
        found += [weight[r, k + j] for k in range(0, whole, len(group)) for j in group]
        found += list(weight[r, whole:])
    return np.array(found, weight.dtype)


def layer(random: np.random.Generator, scheme: str, n: int, k: int
          ) -> tuple[list[Array], list[int], Array]:
    """Arrays and numbers that a kernel takes, and its results; sums as the range proof allows."""
    activation, kind = TYPES[scheme]
    limits = np.iinfo(activation)
    x = random.integers(limits.min, limits.max + 1, k, activation)
    largest = min(np.iinfo(kind).max, 2**29 // (k * int(np.abs(x.astype(int)).max())))
    weight = random.integers(-largest, largest + 1, (n, k)).astype(kind)
    products = weight.astype(np.int64) @ x.astype(np.int64)
    bias = random.integers(-np.abs(products).max() - 1, np.abs(products).max() + 1, n)
    sums = products + bias
    before = random.integers(0, 3, n) + max(int(np.abs(sums).max()).bit_length() - 17, 0)
    factor = random.integers(-2**12, 2**12, n)
    product = (sums >> before) * factor
    assert np.abs(sums).max() < 2**30 and np.abs(product).max() < 2**30
    shift = np.ceil(np.log2(np.maximum(np.abs(product) / limits.max, 1))).astype(int)
    zero_point, low, high = 5, -limits.max * 7 // 8, limits.max * 7 // 8
    result = np.clip(((product + ((1 << shift) >> 1)) >> shift) + zero_point, low, high)
    ratios = before | shift << 8 | (factor & 0xFFFF) << 16
    return ([x, packed(weight, scheme), bias.astype(np.int32), ratios.astype(np.uint32)],
            [k, n, zero_point, low, high], result.astype(activation))


@pytest.mark.parametrize("unit", UNITS)
def test_layers(program: Path, unit: str) -> None:
    """Nothing is read or written beyond an array, either: the sanitizers would end the program."""
    need_instructions(unit)
    random, given, expected, limited = np.random.default_rng(0), b"", [], []
    for index, scheme in enumerate(TYPES):
        for n, k in SIZES:
            arrays, numbers, result = layer(random, scheme, n, k)
            sizes = [array.nbytes for array in (*arrays, result)]
            number = list(UNITS).index(unit) * len(TYPES) + index
            given += np.array([number, *numbers, *sizes], np.int32).tobytes()
            given += b"".join(array.tobytes() for array in arrays)
            expected.append(result)
            limited += [*(result == numbers[3]), *(result == numbers[4])]
    assert 0.05 < np.mean(limited) < 0.25  # most numbers tell all of their bits
    said = subprocess.run([program], input=given, capture_output=True)
    assert said.returncode == 0, said.stderr.decode()[:2000]
    assert len(said.stdout) == sum(result.nbytes for result in expected)
    start = 0
    for result in expected:
        found = np.frombuffer(said.stdout, result.dtype, len(result), start)
        np.testing.assert_array_equal(found, result)
        start += result.nbytes
