# SPDX-License-Identifier: MIT
"""The classes of Thumb instructions as binutils' disassembler names them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from puffer_edge.timing.instruction import PRODUCTS, Kind
from puffer_edge.timing.thumb import decode
from tests.kernels.test_files import FILES
from tests.tools import need

CORE = ("-mthumb", "-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16", "-std=c99", "-w")
MORE = """
long long more(int a, int b, int *c, float d, float *e, void (*f)(void), volatile long long *g) {
    switch (a) { case 1: *c = 3; break; case 2: b = 9; break; case 3: f(); break; case 4: *g = 7;
                 break; case 5: a = b; break; case 6: *e = d / *e; break; case 7: a = a / b; }
    __asm__ volatile("ldrex r1, [r2]\\n\\tstrex r1, r3, [r2]\\n\\tpld [r2]\\n\\tdmb");
    __asm__ volatile("vsqrt.f32 s1, s2\\n\\tvmov r0, r1, s4, s5\\n\\tvmov s6, s7, r2, r3\\n\\t"
                     "vfma.f32 s1, s2, s3\\n\\tvmls.f32 s9, s8, s7\\n\\tvpush {d8-d9}\\n\\t"
                     "vpop {d8-d9}\\n\\tldr r1, [r2, r3, lsl #2]\\n\\tldrsb r1, [r2], #-1\\n\\t"
                     "strh r1, [r2, #200]\\n\\tvcvt.u16.f32 s4, s4, #0\\n\\tudiv r1, r2, r3");
    return (long long)a * b;
}
"""
BY_HAND = """
    mla r1, r2, r3, r4; mls r5, r6, r7, r1; mul r8, r9, r10; umull r1, r2, r3, r4;
    smlal r1, r2, r3, r4; umaal r5, r6, r7, r1; smmul r1, r2, r3; smmla r1, r2, r3, r4;
    smuad r1, r2, r3; smlald r1, r2, r3, r4; bfi r1, r2, #3, #4; bfc r1, #3, #4;
    ubfx r1, r2, #3, #4; ssat r1, #8, r2; sxtab r1, r2, r3; uxtb16 r1, r2, ror #8; rev r1, r2;
    clz r1, r2; qadd r1, r2, r3; sadd16 r1, r2, r3; pkhbt r1, r2, r3, lsl #16; lsl.w r1, r2, r3;
    ror.w r1, r2, #7; rrx r1, r2; add.w r1, r2, r3, asr #4; movw r1, #77; movt r1, #77;
    addw r1, r2, #9; mvn.w r1, r2; tst.w r1, r2; cmp.w r1, #256; vmaxnm.f32 s1, s2, s3;
    vselge.f32 s1, s2, s3; vrinta.f32 s1, s2; vcvta.s32.f32 s1, s2; adr.w r1, .; sub sp, #8;
    add sp, #8; add r1, sp, #8; mov r8, r9; add r8, r9; cmp r8, r9; rsbs r1, r2, #0;
    muls r1, r2, r1; sbfx r8, r9, #1, #2; blx r1
"""
"""Instructions that no compiler made of the others, and those of FPv5."""
NAMES = {"sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": 15}
# By the names of the instructions; first the long products, as in smlald and smlad.
PATTERNS = (
    (r"[su]mlal|smlsld|umaal", Kind.LONG_MULTIPLY_SUM), (r"[su]mull", Kind.LONG_MULTIPLY),
    (r"ml[as]|sml[as]|smml[as]|usada8", Kind.MULTIPLY_SUM),
    (r"mul|smul|smmul|smua|smus|usad8", Kind.MULTIPLY),
    (r"[su]xt|bf[ic]|[su]bfx|[su]sat|rev|rbit|clz|pkh|[su]?q(d?add|d?sub|asx|sax)|"
     r"[su]h?(add|sub)(8|16)|sel$|rrx", Kind.SHIFT))
CONDITIONS = "eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[bytes, str, str]]:
    """Code, mnemonic and operands of every instruction of the kernels."""
    need("arm-none-eabi-gcc")
    folder = tmp_path_factory.mktemp("thumb")
    kernels = [path for path in FILES if not {"integer", "soft"} & set(path.stem.split("_"))]
    text = "".join(f'#include "{path}"\n' for path in kernels)
    names = re.findall(r"^PUFFER_EDGE_(?:KERNEL|NAKED)\s+[\w ]+?\**(puffer_edge_\w+)\(",
                       "".join(path.read_text() for path in kernels), re.MULTILINE)
    # Those of other processors are not there.
    names = [name for name in names if not re.search("mac32|mac64|wide|mac_rest|expand", name)]
    text += "".join(f"void *kept_{name} = (void *){name};\n" for name in dict.fromkeys(names))
    (folder / "k.c").write_text(
        text + MORE + f"void by_hand(void) {{ __asm__ volatile({json.dumps(BY_HAND)}); }}")
    subprocess.run(["arm-none-eabi-gcc", *CORE, "-O2", "-c", folder / "k.c", "-o", folder / "k.o"],
                   check=True)
    lines = subprocess.run(["arm-none-eabi-objdump", "-d", folder / "k.o"], capture_output=True,
                           text=True, check=True).stdout
    found = re.findall(r"^ *[0-9a-f]+:\t([0-9a-f]{4})(?: ([0-9a-f]{4}))? *\t([a-z][\w.]*)\t?(.*)$",
                       lines, re.MULTILINE)
    return [(b"".join(bytes.fromhex(half)[::-1] for half in (one, two) if half), name,
             re.sub(r"[;@<].*", "", operands).strip()) for one, two, name, operands in found]


def registers(text: str) -> list[int]:
    return [NAMES[name] if name in NAMES else int(name[1:]) + (32 if name[0] == "s" else 0)
            for name in re.findall(r"\b(?:r\d+|s\d+|sb|sl|fp|ip|sp|lr|pc)\b", text)]


def in_list(text: str) -> int:
    """Words of a list of registers."""
    words = 0
    for part in text[text.index("{") + 1 : text.index("}")].split(","):
        first, _, last = part.strip().partition("-")
        many = int(last[1:]) - int(first[1:]) + 1 if last else 1
        words += many * (2 if first[0] == "d" else 1)
    return words


def expected(name: str, operands: str) -> tuple[Kind, int]:
    plain = name.split(".")[0]
    if re.match(r"vldm|vstm|vpush|vpop|ldm|stm|push|pop", plain):
        return Kind.SEVERAL, in_list(operands)
    if plain.startswith(("ldrex", "strex")):
        return Kind.SEVERAL, 1
    if plain.startswith(("ldrd", "strd")) or re.match(r"v(ldr|str) d", f"{plain} {operands}"):
        return Kind.SEVERAL, 2
    if plain.startswith(("ldr", "vldr")):
        return Kind.LOAD_BRANCH if operands.startswith("pc") else Kind.LOAD, 1
    if plain.startswith(("str", "vstr")):
        return Kind.STORE, 1
    if plain in ("tbb", "tbh"):
        return Kind.LOAD_BRANCH, 1
    if plain.startswith(("sdiv", "udiv")):
        return Kind.DIVIDE, 1
    if re.match(r"v(div|sqrt)", plain):
        return Kind.FLOAT_DIVIDE, 1
    if re.match(r"v(fma|fms|fnm|mla|mls|nmla|nmls)", plain):
        return Kind.FLOAT_PRODUCT_SUM, 1
    if plain.startswith("v"):
        return Kind.FLOAT, 2 if len(operands.split(",")) == 4 else 1
    if plain == "bl":
        return Kind.CALL, 1
    if re.fullmatch(rf"(b|bx|blx)({CONDITIONS})?|cbn?z", plain) or operands.startswith("pc,"):
        return Kind.BRANCH, 1
    return next((kind for pattern, kind in PATTERNS if re.match(pattern, plain)), (
        Kind.SHIFT if re.search("(lsl|lsr|asr|ror) #", operands) and not plain.startswith("mov")
        else Kind.ALU)), 1


def test_every_class_is_the_disassemblers(listing: list[tuple[bytes, str, str]]) -> None:
    assert len(listing) > 3000
    seen = set()
    for code, name, operands in listing:
        (found,) = decode(code)
        assert (found.kind, found.words, found.size) == (*expected(name, operands), len(code)), (
            code.hex(), name, operands)
        seen.add(found.kind)
    assert seen == set(Kind) - {Kind.JUMP}


DATA = (Kind.ALU, Kind.SHIFT, Kind.DIVIDE, *PRODUCTS)


def data(kind: Kind, name: str, used: list[int], operands: str) -> tuple[set[int], set[int]]:
    """What an operation on core registers reads and writes."""
    plain = name.split(".")[0]
    if re.match(r"cmp|cmn|tst|teq", plain):
        return set(used), set()
    if kind is Kind.LONG_MULTIPLY or kind is Kind.LONG_MULTIPLY_SUM:
        return set(used if kind is Kind.LONG_MULTIPLY_SUM else used[2:]), set(used[:2])
    # With two operands the first is also one of the sum.
    both = len(operands.split(",")) == 2 and not re.match(
        r"mov[^t]|mvn|movs?$|[su]xt[bh](16)?$|rev|clz|rbit|neg|rrx|adr", plain)
    return set(used if both or plain in ("bfi", "bfc", "movt") else used[1:]) - {15}, set(used[:1])


def test_registers_are_the_disassemblers(listing: list[tuple[bytes, str, str]]) -> None:
    checked = 0
    for code, name, operands in listing:
        (found,) = decode(code)
        used = registers(operands)
        if found.kind is Kind.LOAD:
            reads, writes = set(used[1:]) - {15}, set(used[:1])
        elif found.kind is Kind.STORE:
            reads, writes = set(used), set()
        elif re.match(r"v(mul|add|sub|div|fma|mls|nmul|maxnm|sel|rinta|cvta)", name):
            writes = set(used[:1])
            reads = set(used if found.kind is Kind.FLOAT_PRODUCT_SUM else used[1:])
        elif found.kind in DATA and not re.match(r"nop|it|dmb|pld|yield|bkpt|msr|mrs", name):
            reads, writes = data(found.kind, name, used, operands)
        else:
            continue
        checked += 1
        assert (set(found.reads) - {15}, set(found.writes)) == (reads, writes), (
            code.hex(), name, operands)
    assert checked > 2500


def test_a_piece_of_code_is_decoded_in_order() -> None:
    """ldmia r0!, {r3, r4}; vmul.f32 s0, s1, s2; bx lr."""
    found = list(decode(bytes.fromhex("18c8 20ee810a 7047".replace(" ", ""))))
    assert [each.kind for each in found] == [Kind.SEVERAL, Kind.FLOAT, Kind.BRANCH]
    assert [each.size for each in found] == [2, 4, 2]
    assert FILES and Path(FILES[0]).exists()
