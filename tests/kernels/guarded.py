# SPDX-License-Identifier: MIT
"""A program that runs kernels on arrays which end where memory does: what goes beyond crashes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.kernels import joined
from tests.tools import need_instructions

UNITS = {"portable": "", "sse2": "", "avx2": "avx2", "avx512bw": "avx512bw,avx512dq"}
"""What the compiler may use; without vectors first."""
Case = tuple[str, list[Array | None], list[int], dict[int, Array | None]]
"""Name of a call, its arrays and numbers, and what some of the arrays become; None is scratch."""
MAIN = """
typedef void (*kernel_t)(void **, const int32_t *);
static const kernel_t kernels[] = {%s};
int main(void)
{
    enum { MOST = 1 << 16 };
    int32_t given[3], sizes[16], numbers[24];
    char *part[16], *first = mmap(NULL, 16 * 2 * MOST, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                                  -1, 0);
    for (int i = 0; i < 16; ++i) { /* every other stretch is out of bounds */
        mprotect(first + 2 * i * MOST, MOST, PROT_READ | PROT_WRITE);
    }
    while (fread(given, sizeof given, 1, stdin) == 1) {
        if (fread(sizes, 4, (size_t)given[1], stdin) + fread(numbers, 4, (size_t)given[2], stdin)
            != (size_t)(given[1] + given[2])) {
            return 1;
        }
        for (int i = 0; i < given[1]; ++i) {
            part[i] = first + 2 * i * MOST + MOST - sizes[i];
            if (sizes[i] < 0) { /* a pointer to nothing */
                part[i] = NULL;
            } else if (fread(part[i], 1, (size_t)sizes[i], stdin) != (size_t)sizes[i]) {
                return 1;
            }
        }
        kernels[given[0]]((void **)part, numbers);
        for (int i = 0; i < given[1]; ++i) {
            fwrite(part[i], 1, sizes[i] < 0 ? 0 : (size_t)sizes[i], stdout);
        }
    }
    return 0;
}
"""


class Guarded:
    """Kernels of some units, compiled once.

    Args:
        folder: for the program.
        calls: by unit and name of a call, the kernel's file and the statement that calls it, with
            ``@`` for the prefix of the unit's kernels, ``a`` for the arrays and ``n`` for numbers.
    """

    def __init__(self, folder: Path, calls: dict[str, dict[str, tuple[str, str]]]) -> None:
        parts = ["#define _GNU_SOURCE", *(f"#include <{name}.h>" for name in (
            "immintrin", "stddef", "stdint", "stdio", "string", "sys/mman"))]
        self.numbers: dict[tuple[str, str], int] = {}
        for unit, wanted in calls.items():
            kernels = joined({file for file, _ in wanted.values()})
            portable = "#define PUFFER_EDGE_PORTABLE\n" if unit == "portable" else ""
            parts += ["#pragma GCC push_options",
                      f'#pragma GCC target("{UNITS[unit]}")' if UNITS[unit] else "",
                      (portable + kernels).replace("puffer_edge_", f"{unit}_").replace(
                          "PUFFER_EDGE_", f"{unit.upper()}_")]
            for name, (_, call) in wanted.items():
                self.numbers[unit, name] = len(self.numbers)
                parts.append(f"static void call_{unit}_{name}(void **a, const int32_t *n)\n"
                             f"{{ (void)n; {call.replace('@', f'{unit}_')} }}")
            parts.append("#pragma GCC pop_options")
        parts.append(MAIN % ", ".join(f"call_{unit}_{name}" for unit, name in self.numbers))
        (folder / "guarded.c").write_text("\n".join(parts))
        subprocess.run(["gcc", "-O0", "-w", "-ffp-contract=off", "guarded.c", "-o", "guarded"],
                       cwd=folder, check=True)
        self.program = folder / "guarded"

    def run(self, calls: Sequence[tuple[str, str, Sequence[Array | None], Sequence[int]]]
            ) -> list[list[Array | None]]:
        """The arrays after each call: unit, name, arrays and numbers."""
        given = b""
        for unit, name, arrays, numbers in calls:
            sizes = [-1 if each is None else each.nbytes for each in arrays]
            given += np.array([self.numbers[unit, name], len(arrays), len(numbers), *sizes,
                               *numbers], np.int64).astype(np.int32).tobytes()
            given += b"".join(each.tobytes() for each in arrays if each is not None)
        code, said = self.ran(given)
        assert code == 0, f"{code}: a kernel went out of bounds"
        found, start = [], 0
        for _, _, arrays, _ in calls:
            found.append([])
            for each in arrays:
                if each is None:
                    found[-1].append(None)
                    continue
                found[-1].append(np.frombuffer(said, each.dtype, each.size, start))
                start += each.nbytes
        assert start == len(said)
        return found

    def judge(self, unit: str, cases: Sequence[Case]) -> None:
        """Runs them: every array is as it was, or as it is to become; there is one for each."""
        if UNITS.get(unit):
            need_instructions(unit)
        ran = self.run([(unit, name, arrays, numbers) for name, arrays, numbers, _ in cases])
        for (name, arrays, numbers, wanted), found in zip(cases, ran, strict=True):
            for index, before in enumerate(arrays):
                expected, after = wanted.get(index, before), found[index]
                if expected is not None:
                    assert after is not None and after.tobytes() == expected.tobytes(), (
                        name, numbers, index)

    def ran(self, given: bytes) -> tuple[int, bytes]:
        """The program's exit code, and what it says."""
        said = subprocess.run([self.program], input=given, capture_output=True, check=False)
        return said.returncode, said.stdout
