# SPDX-License-Identifier: MIT
"""Weights that are in memory already are not copied where machine code reads them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Gemm, GemmInteger, Unary
from puffer_edge.verification.micropython.interpreters import run_webassembly
from puffer_edge.verification.micropython.session import Session
from tests import zoo
from tests.micropython.artefacts import session
from tests.support.exporting import write_artefact
from tests.tools import need_micropython

# Stands for machine code, which no interpreter here runs: takes the bytes that are stored.
MACHINE = """
import policy_portable as kernels

kernels.NATIVE = {native}
kinds = set()
for name in dir(kernels):
    if name.startswith("mac_"):
        def wrapped(weights, x, sums, shape, kernel=getattr(kernels, name), kind=name[4]):
            kinds.add(isinstance(weights, memoryview))
            kernel(array(kind, bytes(weights)), x, sums, shape)
        setattr(kernels, name, wrapped)
"""

SCRIPT = """
import gc
from array import array
{machine}
from policy import Policy

data = open("weights.bin", "rb").read()
if {shift}:
    data = memoryview(b"?" + data)[1:]
gc.collect()
before = gc.mem_alloc()
policy = Policy(data)
gc.collect()
took = gc.mem_alloc() - before
policy.step()
print("took", took, "placed", sorted(kinds), "says", list(policy.outputs["logits"]))
"""


def run(work: Session, native: bool, shift: bool) -> tuple[int, str, str]:
    script = SCRIPT.format(machine=MACHINE.format(native=native), shift=shift)
    (work.folder / "script.py").write_text(script)
    said = run_webassembly(work.folder, "script.py")
    found = re.search(r"took (\d+) placed (.*) says (.*)", said)
    assert found is not None
    return int(found[1]), found[2], found[3]


@pytest.mark.parametrize("scheme", ["int8", "int16"])
def test_weights_stay_where_they_are(scheme: str, tmp_path: Path) -> None:
    need_micropython()
    bench = zoo.Bench((1, 6))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(48, 6))
    y = bench.op(Unary, x=y, function=Activation("tanh"))
    y = bench.op(Gemm, x=y, weight=bench.weight(48, 48))
    program = zoo.in_integers(bench.program(y), scheme)
    write_artefact(program, tmp_path / "a", target="micropython", name="zoo", scheme=scheme,
                   board="pico2")
    work = session(tmp_path / "a", tmp_path / "run")
    copied, was_copied, expected = run(work, native=False, shift=False)
    placed, was_placed, found = run(work, native=True, shift=False)
    unaligned, was_not, same = run(work, native=True, shift=True)
    assert (was_copied, was_placed, was_not) == ("[False]", "[True]", "[False]")
    assert expected == found == same
    weights = [program.constants[op.weight] for op in program.ops if isinstance(op, GemmInteger)]
    # A view takes two blocks of 16 bytes more than an array's head.
    slack = 64 * len(weights)
    assert copied - placed > sum(weight.nbytes for weight in weights) - slack > 10 * slack
    assert abs(unaligned - copied) <= slack


def test_only_machine_code_says_so(tmp_path: Path) -> None:
    for board, native in (("pico2", True), ("esp32", True), ("unix", False)):
        write_artefact(zoo.program("mlp_int8"), tmp_path / board, target="micropython", name="zoo",
                       scheme="int8", board=board)
        kernels = tmp_path / board / "policy_kernels.py"
        assert (kernels.is_file() and "NATIVE = True" in kernels.read_text()) == native
        assert ("kernels.NATIVE" in (tmp_path / board / "policy.py").read_text()) == native
