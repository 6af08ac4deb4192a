# SPDX-License-Identifier: MIT
"""Integer kernels in every form for computers give numpy's numbers, AArch64 under an emulator."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from puffer_edge.toolchains.base import INCLUDE
from puffer_edge.toolchains.zig import Zig
from tests.exporters.integer_conv_cases import SHAPES, conv
from tests.exporters.integer_kernel_cases import SCHEMES, Header
from tests.tools import need, need_instructions

SIZES = [*((k, 21) for k in range(1, 19)), (31, 4), (40, 16), (67, 4), (257, 38)]
MACHINES = {"SSE2": ("x86_64-linux-gnu", "baseline", ""),
            "AVX2": ("x86_64-linux-gnu", "x86_64_v3", "avx2"),
            "AVX-512": ("x86_64-linux-gnu", "x86_64_v4", "avx512bw"),
            "VNNI": ("x86_64-linux-gnu", "x86_64_v4+avx512vnni", "avx512_vnni"),
            "NEON": ("aarch64-linux-gnu", "generic", ""),
            "SDOT": ("aarch64-linux-gnu", "cortex_a76", "")}
"""zig's target and processor, and what Linux calls the instructions."""
START = {"x86_64-linux-gnu": '__asm__(".globl _start\\n_start: call begin\\n");',
         "aarch64-linux-gnu": '__asm__(".globl _start\\n_start: bl begin\\n");'}
LEAVE = {"x86_64-linux-gnu": '__asm__ volatile("syscall" :: "a"(60), "D"((long)bad));',
         "aarch64-linux-gnu": 'register long x0 __asm__("x0") = bad, x8 __asm__("x8") = 93;\n'
                              '__asm__ volatile("svc 0" :: "r"(x0), "r"(x8));'}
LIBRARY = """
void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; ++i) { ((volatile char *)to)[i] = ((const char *)from)[i]; }
    return to;
}
void *memset(void *to, int v, size_t n)
{ for (size_t i = 0; i < n; ++i) { ((volatile char *)to)[i] = (char)v; } return to; }
int memcmp(const void *a, const void *b, size_t n)
{
    int bad = 0;
    for (size_t i = 0; i < n; ++i) { bad |= ((const volatile char *)a)[i] != ((const char *)b)[i]; }
    return bad;
}
"""


@pytest.fixture(scope="module")
def header() -> Header:
    made = Header(1)
    for scheme in SCHEMES:
        for k, n in SIZES:
            made.gemm(scheme, k, n)
        for size, hidden in ((9, 8), (37, 9), (5, 3), (18, 23), (33, 36)):
            made.cell(scheme, size, hidden)
        for shape in SHAPES:
            conv(made, scheme, shape, other=False)
            conv(made, scheme, shape, other=True)
    return made


@pytest.mark.parametrize("machine", [
    pytest.param(name, marks=() if name in ("SSE2", "SDOT") else pytest.mark.exhaustive)
    for name in MACHINES])
def test_every_vector_form_gives_the_numbers_of_numpy(header: Header, machine: str,
                                                       tmp_path: Path) -> None:
    triple, processor, instructions = MACHINES[machine]
    emulator = ["qemu-aarch64", "-cpu", "max"] if triple.startswith("aarch64") else []
    need(*emulator[:1])
    if instructions:
        need_instructions(instructions)
    required = "#ifndef PUFFER_EDGE_DOT\n#error no vectors\n#endif\n"
    source, program = tmp_path / "kern.c", tmp_path / "kern"
    source.write_text(f"#define KERN_SELFTEST\n{header.text('')}\n{required}{LIBRARY}"
                      f"{START[triple]}\nvoid begin(void);\nvoid begin(void)\n{{\n"
                      f"    const int bad = kern_selftest();\n"
                      f"    {LEAVE[triple]}\n}}\n")
    zig = Zig()
    zig.run([*zig.driver(), "-target", triple, f"-mcpu={processor}", "-O2", "-w", "-nostdlib",
             "-static", "-fno-builtin", "-I", str(INCLUDE), str(source), "-o",
             str(program)], program, "the kernels do not compile")
    assert subprocess.run([*emulator, str(program)], check=False).returncode == 0
