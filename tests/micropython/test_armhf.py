# SPDX-License-Identifier: MIT
"""Viper kernels run, on 32-bit Arm: whole artefacts, single kernels, and what loading takes."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.exporters.micropython.kernels import read
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Gemm, LSTMCell, Unary
from tests import zoo
from tests.micropython.artefacts import program
from tests.support.armhf import need_armhf, run_armhf
from tests.support.exporting import write_artefact

SELFTEST = """
import sys, selftest
print(selftest.run(), "policy_kernels" in sys.modules, "policy_portable" in sys.modules)
"""
LIMITS = {"b": (-128, 127), "h": (-32768, 32767)}


def exported(policy: Program, directory: Path, kernels: str, *, compiled: bool,
             scheme: str = "int8") -> None:
    """An artefact as .mpy files or as source alone."""
    write_artefact(policy, directory, target="micropython", name="zoo", scheme=scheme,
                   board="pico2", kernels=kernels)
    for path in directory.glob("*.py" if compiled else "*.mpy"):
        path.unlink()


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("case", [
    "mlp_int8", "mlp_int16", "mlp_mixed", "lstm_int8x16", "gru_2_layers_int16",
    pytest.param("conv_groups_int8", marks=pytest.mark.exhaustive)])
def test_the_self_test_in_machine_code(case: str, compiled: bool, tmp_path: Path) -> None:
    need_armhf()
    exported(program(case), tmp_path / "a", "viper", compiled=compiled)
    assert run_armhf(tmp_path / "a", SELFTEST) == (0, "0 True False\n")


@pytest.mark.parametrize(("kernel", "old", "new"), [
    ("mac_bb", "a += (w[2] ^ 128) * ((v[2] ^ 128) - 128)",
     "a += (w[2] ^ 128) * ((v[3] ^ 128) - 128)"),
    ("requantize_h", "(1 << t) >> 1", "(1 << t) >> 3")])
def test_a_planted_error_is_found(kernel: str, old: str, new: str, tmp_path: Path) -> None:
    need_armhf()
    exported(program("mlp_int8"), tmp_path / "a", "viper", compiled=False)
    path = tmp_path / "a/policy_kernels.py"
    assert f"def {kernel}(" in path.read_text() and old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    code, said = run_armhf(tmp_path / "a", SELFTEST)
    assert code == 0 and said.split()[0] != "0"


PRODUCTS = """
import micropython
from array import array
{kernel}
wrong = 0
for rows, columns, weights, x, sums, expected in {cases}:
    found = array("i", sums)
    {name}(array("{w}", weights), array("{x}", x), found, rows << 16 | columns)
    wrong += list(found[:rows]) != expected
print(wrong)
"""


@pytest.mark.parametrize(("w", "x"), ["bb", "bh", "hh"])
def test_random_sums(w: str, x: str, tmp_path: Path) -> None:
    """1,000 sums of each kernel, by numpy; the outermost numbers among them."""
    need_armhf()
    chosen = random.Random(w + x)
    cases, sums = [], 0
    while sums < 1000:
        rows, columns = chosen.randint(1, 9), chosen.randint(1, 13)
        weights, given = ([chosen.choice((*LIMITS[code], chosen.randint(*LIMITS[code])))
                           for _ in range(size)] for code, size in ((w, rows * columns),
                                                                    (x, columns)))
        if w == "h":  # what the range proof leaves room for
            weights = [value >> 4 for value in weights]
        bias = [chosen.randint(-(1 << 20), 1 << 20) for _ in range(rows)]
        expected = np.array(weights, np.int64).reshape(rows, columns) @ np.array(given) + bias
        cases.append((rows, columns, weights, given, [0] * rows + bias, expected.tolist()))
        sums += rows
    name = f"mac_{w}{x}"
    code = PRODUCTS.format(kernel=read(f"viper/{name}.py"), cases=cases, name=name, w=w, x=x)
    (tmp_path / "script.py").write_text(code)
    assert run_armhf(tmp_path, "exec(open('script.py').read())") == (0, "0\n")


REQUANTISED = """
import micropython
from array import array
{native}
{bytecode}
wrong = 0
for rows, sums, factors in {cases}:
    found, expected = array("{y}", [0] * rows), array("{y}", [0] * rows)
    for function, into in ((requantize_{y}, found), (requantize, expected)):
        function(array("i", sums), array("i", factors), into, rows)
    wrong += found != expected
print(wrong)
"""


@pytest.mark.parametrize("y", ["b", "h"])
def test_random_requantisations(y: str, tmp_path: Path) -> None:
    """1,000 of each kernel, by the one in bytecode."""
    need_armhf()
    chosen = random.Random(y)
    cases = []
    for _ in range(125):
        sums = [chosen.randint(-(1 << 29), 1 << 29) for _ in range(8)]
        factors = []
        for total in sums:
            first = chosen.randint(max(0, abs(total).bit_length() - 15), 15)
            factors.append(chosen.randint(1, 32767) | first << 16 | chosen.randint(1, 29) << 21)
        cases.append((8, sums, [*factors, chosen.randint(-100, 100), *LIMITS[y]]))
    code = REQUANTISED.format(native=read(f"viper/requantize_{y}.py"),
                              bytecode=read("bytecode/requantize.py"), cases=cases, y=y)
    (tmp_path / "script.py").write_text(code)
    assert run_armhf(tmp_path, "exec(open('script.py').read())") == (0, "0\n")


STEP = """
import gc
from policy import Policy
policy = Policy()
policy.reset()
policy.step()
gc.collect()
print("keeps", gc.mem_alloc())
"""
FACTOR = 1.25
"""Of what a policy keeps: the heap in which it loads."""


def mlp() -> str | Program:
    """4-64-64-2."""
    bench = zoo.Bench((1, 4))
    y = bench.x
    for rows, columns in ((64, 4), (64, 64)):
        y = bench.op(Gemm, x=y, weight=bench.weight(rows, columns))
        y = bench.op(Unary, x=y, function=Activation("tanh"))
    return bench.program(bench.op(Gemm, x=y, weight=bench.weight(2, 64)))


def lstm() -> str | Program:
    """Of 128 units."""
    bench = zoo.Bench((1, 8))
    h, c = (bench.builder.state(name, (1, 128)) for name in "hc")
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=bench.x, h=h, c=c, weight=bench.weight(512, 8),
        recurrent=bench.weight(512, 128), bias=bench.weight(512))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c)
    return bench.program(bench.op(Gemm, x=y_h, weight=bench.weight(3, 128)))


@pytest.mark.parametrize("kernels", ["bytecode", "viper"])
@pytest.mark.parametrize("scheme", ["int8", "int16"])
@pytest.mark.parametrize("made", [mlp, pytest.param(lstm, marks=pytest.mark.exhaustive)])
def test_loading_takes_little_more_than_what_stays(made, scheme: str, kernels: str,
                                                   tmp_path: Path) -> None:
    """It loads, resets and steps in a heap of 1.25 times what it keeps."""
    need_armhf()
    exported(zoo.in_integers(made(), scheme), tmp_path / "a", kernels, compiled=True,
             scheme=scheme)
    code, said = run_armhf(tmp_path / "a", STEP)
    assert code == 0, said
    code, said = run_armhf(tmp_path / "a", STEP, int(FACTOR * int(said.split()[1])))
    assert code == 0 and said.startswith("keeps"), said
