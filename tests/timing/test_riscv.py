# SPDX-License-Identifier: MIT
"""The classes of RISC-V instructions as binutils' disassembler names them."""

from __future__ import annotations

import re
import subprocess

import pytest

from puffer_edge.timing.instruction import Kind
from puffer_edge.timing.riscv import decode
from tests.tools import need

SOURCE = """
typedef signed char s8; typedef short s16; typedef unsigned u32; typedef long long s64;
int sum(const s8 *w, const s16 *x, int n) { int a = 0; while (n--) a += *w++ * *x++; return a; }
s64 wide(int a, int b, u32 c, u32 d) { return (s64)a * b + (s64)((unsigned long long)c * d); }
u32 divide(int a, int b, u32 c, u32 d) { return a / b + a % b + c / d + c % d; }
int choose(int a, int *b, void (*f)(int)) {
    switch (a) { case 0: *b = 7; break; case 1: return 9; case 2: f(a); break; case 3: b[100] = a;
                 break; case 4: b[2] ^= 0x12345; break; case 5: a <<= b[1]; break; }
    return a > b[0] && (u32)a < (u32)b[1] ? a >> 3 : (int)((u32)b[3] >> 5) | (b[4] & 31) | a * b[5];
}
void put(s8 *a, s16 *b, int c, volatile int *d) {
    a[0] = (s8)c; b[0] = (s16)c; d[0] = *(unsigned char *)a + *(unsigned short *)b;
    int big[600]; for (int i = 0; i < 600; ++i) big[i] = d[i]; d[0] = big[c];
    __asm__ volatile("amoadd.w t0, t1, (a0)\\n\\tlr.w t0, (a0)\\n\\tsc.w t0, t1, (a0)\\n\\t"
                     "fence\\n\\tmulhsu t0, t1, t2\\n\\t"
                     "slt t0, t1, t2\\n\\tsltiu t0, t1, 3\\n\\tauipc t0, 1");
}
"""
KINDS = (
    (r"lb|lh|lw|lbu|lhu|c\.lw(sp)?", Kind.LOAD), (r"sb|sh|sw|c\.sw(sp)?", Kind.STORE),
    (r"amo\w+\.w|lr\.w|sc\.w", Kind.SEVERAL), (r"mul", Kind.MULTIPLY),
    (r"mulh(s?u)?", Kind.LONG_MULTIPLY), (r"(div|rem)u?", Kind.DIVIDE),
    (r"(c\.)?b(eq|ne|lt|ge|ltu|geu|eqz|nez)", Kind.BRANCH), (r"(c\.)?(j|jal|jr|jalr)", Kind.JUMP))
NAMES = ["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1",
         *(f"a{n}" for n in range(8)), *(f"s{n}" for n in range(2, 12)), "t3", "t4", "t5", "t6"]


@pytest.fixture(scope="module", params=["-O2", "-Os", "-O0"])
def listing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
            ) -> list[tuple[bytes, str, list[int]]]:
    """Code, mnemonic and registers of every instruction."""
    need("riscv64-unknown-elf-gcc")
    folder = tmp_path_factory.mktemp("riscv")
    (folder / "k.c").write_text(SOURCE)
    subprocess.run(["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", request.param,
                    "-w", "-c", "k.c", "-o", "k.o"], cwd=folder, check=True)
    lines = subprocess.run(["riscv64-unknown-elf-objdump", "-d", "-M", "no-aliases", "k.o"],
                           cwd=folder, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^ *[0-9a-f]+:\t([0-9a-f]+) +\t([\w.]+)\t?([^#<\n]*)", lines, re.MULTILINE)
    return [(int(code, 16).to_bytes(len(code) // 2, "little"), name,
             [NAMES.index(each) for each in re.findall(r"[a-z]\w*", _without_target(name, operands))
              if each in NAMES]) for code, name, operands in found]


def _without_target(name: str, operands: str) -> str:
    """A branch's last operand is an address, in hexadecimal as a5."""
    direct = re.fullmatch(r"(c\.)?(b\w+|j|jal)", name)
    return operands.rpartition(",")[0] if direct else operands


def expected(name: str) -> Kind:
    return next((kind for pattern, kind in KINDS if re.fullmatch(pattern, name)), Kind.ALU)


def operands(name: str, kind: Kind, used: list[int]) -> tuple[set[int], set[int]]:
    """Registers that are read and written, by the form of the mnemonic."""
    if kind in (Kind.STORE, Kind.BRANCH):
        return set(used), set()
    if kind is Kind.JUMP:
        links = {1} if name in ("c.jal", "c.jalr") else set()
        return (set(used), links) if name.startswith("c.") else (set(used[1:]), set(used[:1]))
    both = name.startswith("c.") and name not in ("c.lw", "c.lwsp", "c.li", "c.lui", "c.mv",
                                                  "c.addi4spn")
    return set(used if both else used[1:]), set(used[:1])


def test_classes_and_registers_are_the_disassemblers(
        listing: list[tuple[bytes, str, list[int]]]) -> None:
    seen = set()
    for code, name, used in listing:
        (found,) = decode(code)
        assert (found.kind, found.size) == (expected(name), len(code)), (code.hex(), name)
        seen.add(found.kind)
        if found.kind is not Kind.SEVERAL and name not in ("fence", "c.nop", "c.unimp"):
            reads, writes = operands(name, found.kind, used)
            assert (set(found.reads), set(found.writes)) == (reads - {0}, writes - {0}), (
                code.hex(), name, used)
    assert len(listing) > 100 and {Kind.LOAD, Kind.STORE, Kind.BRANCH, Kind.JUMP, Kind.DIVIDE,
                                   Kind.LONG_MULTIPLY, Kind.SEVERAL, Kind.ALU} <= seen


def test_a_piece_of_code_is_decoded_in_order() -> None:
    """c.lw a5, 0(a0); mul a0, a5, a1; c.jr ra."""
    code = bytes.fromhex("1c41") + bytes.fromhex("3385b702") + bytes.fromhex("8280")
    assert [(each.kind, each.size) for each in decode(code)] == [
        (Kind.LOAD, 2), (Kind.MULTIPLY, 4), (Kind.JUMP, 2)]
