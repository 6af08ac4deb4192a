# SPDX-License-Identifier: MIT
"""Sums of floats made of integers, and their quantisation, are what this computer gives."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.tools import need

KERNELS = Path(__file__).parents[2] / "runtimes" / "c"
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#define PUFFER_EDGE_SOFT_F32
#include "mac_soft_f32.h"
#include "quantize_f32.h"

static uint64_t state = 88172645463325252u;
static uint32_t noise(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}
static uint32_t bits_of(float x) { uint32_t b; memcpy(&b, &x, 4); return b; }
/* Of any kind, near 1, subnormal, near infinity, with few bits, at the ends of a binade, zeros. */
static float number(uint32_t kind)
{
    uint32_t b = noise(), sign = b & 0x80000000u, tail = noise() & 0x7fffffu;
    const uint32_t short_tail = tail & ~((1u << noise() % 24) - 1);
    float x;
    switch (kind & 7) {
    case 0: break;
    case 1: b = sign | (120 + (b & 15)) << 23 | tail; break;
    case 2: b = sign | (b & 7) << 23 | tail; break;
    case 3: b = sign | (248 + (b & 7)) << 23 | tail; break;
    case 4: b = sign | (125 + (b & 3)) << 23 | short_tail; break;
    case 5: b = b & 1 ? sign : sign | 127u << 23 | (tail & 1 ? 0x7ffffc : 0) | (b >> 1 & 3); break;
    case 6: b = sign | (64 + (b & 15)) << 23 | short_tail; break;
    default: b = sign | (100 + b % 54) << 23 | short_tail;
    }
    memcpy(&x, &b, 4);
    return x;
}
/* A start and terms, by their bits, at the ends of what a float can be. */
static const uint32_t special[][9] = {
    /* beyond the largest float there is no way back: 2^103 more than it, less 2^126 */
    {0, 0x7effffff, 0x3f800000, 0x7effffff, 0x3f800000, 0x73000000, 0x3f800000, 0xfe800000,
     0x3f800000},
    {1, 0x0d800000, 0x32800000}, /* the least subnormal and 2^-126 */
    {0x3f800000, 1, 0x7f000000}, /* 1 and 2^-149 * 2^127 */
    {0x3f800000, 0x7f000000, 1},
    {0x00800000, 0x40000000, 0x00123456}, /* 2^-126 and twice a subnormal */
    {0x00800000, 0x00123456, 0x40000000},
    {0x00800000, 0xc0000000, 0x00123456},
    {0x00800000, 0x00123456, 0xc0000000},
};
static int specials(void)
{
    for (size_t i = 0; i < sizeof special / sizeof *special; ++i) {
        float start, x[4], w[4];
        memcpy(&start, special[i], 4);
        volatile float wanted = start;
        for (int32_t j = 0; j < 4; ++j) {
            memcpy(x + j, special[i] + 1 + 2 * j, 4);
            memcpy(w + j, special[i] + 2 + 2 * j, 4);
            volatile float product = x[j] * w[j];
            wanted = wanted + product;
        }
        const float got = puffer_edge_mac_soft_f32(x, w, 1, start, 4);
        if (bits_of(got) != bits_of(wanted)) {
            printf("special %d: %08x, not %08x\n", (int)i, bits_of(got), bits_of(wanted));
            return 1;
        }
    }
    return 0;
}
int main(int count, char **arguments)
{
    (void)count;
    if (specials()) {
        return 1;
    }
    for (long cases = atol(arguments[1]); cases > 0; --cases) {
        const uint32_t kind = noise(), other = noise() & 3 ? kind : noise();
        const int32_t k = 1 + (int32_t)(noise() % 8);
        float x[8], w[8], start = number(kind);
        volatile float wanted = start;
        for (int32_t j = 0; j < k; ++j) {
            const int back = j > 0 && noise() % 8 == 0; /* what went before is taken off again */
            x[j] = back ? -x[j - 1] : number(kind);
            w[j] = back ? w[j - 1] : number(other);
            volatile float product = x[j] * w[j];
            wanted = wanted + product;
        }
        const float got = puffer_edge_mac_soft_f32(x, w, 1, start, k);
        if (bits_of(got) != bits_of(wanted) && !(got != got && wanted != wanted)) {
            printf("%ld: %08x, not %08x\n", cases, bits_of(got), bits_of(wanted));
            return 1;
        }
        const float offset = noise() & 1 ? start : (float)(int32_t)(noise() >> 20) - 2048.5f;
        const int32_t end = noise() & 1 ? 127 : 32767, first = noise() & 1 ? -end : -end - 1;
        volatile float scaled = x[0] * w[0];
        volatile float v = scaled + offset;
        const int32_t q = puffer_edge_quantize_scaled_f32(x[0], w[0], offset, first, end);
        if (q != puffer_edge_quantize_f32(v, first, end)) {
            printf("%ld: %08x quantised is not %d\n", cases, bits_of(v), q);
            return 1;
        }
    }
    return 0;
}
"""


@pytest.mark.parametrize("cases", [
    1_000_000, pytest.param(60_000_000, marks=pytest.mark.exhaustive)])
def test_sums_of_floats_without_an_fpu(cases: int, tmp_path: Path) -> None:
    need("gcc")
    source, program = tmp_path / "soft.c", tmp_path / "soft"
    source.write_text(PROGRAM)
    subprocess.run(["gcc", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-I", KERNELS,
                    source, "-o", program], check=True)
    ran = subprocess.run([program, str(cases)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")
