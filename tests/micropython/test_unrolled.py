# SPDX-License-Identifier: MIT
"""Tiny linear layers that are written out: the same bits, nothing that is not proved."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.artefact.vectors import run
from puffer_edge.errors import UsageError
from puffer_edge.exporters.micropython.boards import ANY, NATIVE, profiles
from puffer_edge.exporters.micropython.context import TYPECODES, Context
from puffer_edge.exporters.micropython.kernels import Kernels
from puffer_edge.exporters.micropython.unrolled import ALL, LARGEST, WIDEST
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Gemm, GemmInteger, Reshape
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.subset import check_source
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from tests import zoo
from tests.micropython.artefacts import equal, session
from tests.support.exporting import write_artefact
from tests.tools import need_micropython

SCHEMES = ("int8", "int8x16", "int16")


def mlp(widths: tuple[int, ...], scheme: str, seed: int = 1, kept: float = 1.0) -> Program:
    """An MLP in integers; the part ``kept`` of its weights is not zero."""
    bench = zoo.Bench((1, widths[0]), seed)
    y = bench.x
    for layer, (columns, rows) in enumerate(pairwise(widths), 2):
        weight = bench.random.standard_normal((rows, columns)) / np.sqrt(columns)
        weight *= bench.random.random(weight.shape) < kept
        y = bench.op(Gemm, x=y, weight=bench.builder.constant(weight.astype(np.float32), "w"),
                     bias=bench.weight(rows),
                     activation=Activation("relu") if layer < len(widths) else None)
    return zoo.in_integers(bench.program(y), scheme, SCHEMES)


def emitted(program: Program) -> Context:
    """What a program for any board becomes."""
    taken = integer_input(program)
    assert taken is not None
    context = Context(taken.program, Kernels(ANY, "unrolled"))
    context.emit()
    return context


def layers(context: Context) -> dict[str, GemmInteger]:
    """The layers that are written out, by the function's name."""
    gemms = [op for op in context.program.ops if isinstance(op, GemmInteger)]
    calls = [call for call in context.calls if call.startswith("gemm_")]
    return {name: op for op, call in zip(gemms, calls, strict=True)
            if (name := call.partition("(")[0]) in context.functions}


shapes = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 6))


@settings(max_examples=40, deadline=None)
@given(shapes, st.sampled_from((*SCHEMES, "mixed")), st.integers(0, 2**31), st.sampled_from(
    (0.3, 0.8, 1.0)))
def test_random_layers(widths: tuple[int, ...], scheme: str, seed: int, kept: float) -> None:
    """Random and the most extreme inputs give the oracle's bits; `check` proves every range."""
    context = emitted(mlp(widths, scheme, seed, kept))
    written = layers(context)
    assert len(written) == sum(isinstance(op, GemmInteger) for op in context.program.ops) > 0
    assert check_source("\n\n".join(context.functions.values())).findings == []
    random = np.random.default_rng(seed)
    for name, op in written.items():
        known: dict[str, Callable[..., Callable[[], None]]] = {}
        exec(context.functions[name], known)  # what export has just made
        value, constants = context.value(op.x), context.program.constants
        assert value.quantization is not None
        low, high = value.quantization.low, value.quantization.high
        signs = constants[op.weight] > 0
        inputs = np.concatenate([
            random.integers(low, high + 1, (8, value.size)), np.where(signs, high, low),
            np.where(signs, low, high)]).astype(value.dtype)
        (expected,) = op.evaluate([inputs, *(constants[part] for part in (
            op.weight, op.bias, op.requantization))])
        for x, y in zip(inputs, expected, strict=True):
            given_x = array(TYPECODES[value.dtype], x.tolist())
            found = array(TYPECODES[context.value(op.y).dtype], [0] * len(y))
            known[name](given_x, found)()
            assert found.tolist() == y.tolist()


# A layer of every extreme: widest, highest, of one weight, and all that fits.
@pytest.mark.parametrize(("widths", "scheme"), [
    pytest.param(widths, scheme, marks=() if (i + j) % 3 == 0 else pytest.mark.exhaustive)
    for i, widths in enumerate([(3, 16, 16, 2), (WIDEST, 1, 1, LARGEST), (8, 32, 8)])
    for j, scheme in enumerate(SCHEMES)])
def test_whole_policies(widths: tuple[int, ...], scheme: str, tmp_path: Path) -> None:
    """The same bits under both interpreters, without the heap."""
    need_micropython()
    program = mlp(widths, scheme)
    write_artefact(program, tmp_path / "a", target="micropython", name="tiny", scheme=scheme)
    text = (tmp_path / "a" / "policy.py").read_text()
    assert len(re.findall("^def gemm_", text, re.MULTILINE)) == len(widths) - 1
    assert "runtime.gemm" not in text
    assert check_source(text).findings == []
    work = session(tmp_path / "a", tmp_path / "run")
    floats = (3 * np.random.default_rng(3).standard_normal((300, widths[0]))).astype(np.float32)
    expected = run(program, floats, np.arange(300) == 0)
    for runner in (run_cpython, run_webassembly):
        assert equal(work.run(runner, floats, expected.reset), expected)
    assert work.heap_proof(run_webassembly) == (0, "0")


@pytest.mark.parametrize(("widths", "written"), [
    ((1, LARGEST), [True]), ((1, LARGEST + 1), [False]),
    ((WIDEST, 2), [True]), ((WIDEST + 1, 2), [False]),
    ((16, 16, 16, 2), [True, True, False]),           # the first two are all that may be
    ((20, 20, 16, 2), [False, False, True]),
])
def test_only_tiny_layers(widths: tuple[int, ...], written: list[bool]) -> None:
    """The others stay loops, and so do their weights in the blob."""
    context = emitted(mlp(widths, "int8"))
    calls = [call for call in context.calls if call.startswith("gemm_")]
    assert [call.partition("(")[0] in context.functions for call in calls] == written
    assert context.unrolled <= ALL


def test_layers_of_several_rows_stay_loops() -> None:
    bench = zoo.Bench((1, 4))
    x = bench.op(Gemm, x=bench.x, weight=bench.weight(12, 4))
    x = bench.op(Reshape, x=x, shape=(1, 3, 4))
    y = bench.op(Gemm, x=x, weight=bench.weight(2, 4))
    y = bench.op(Reshape, x=y, shape=(1, 6))
    context = emitted(zoo.in_integers(bench.program(y), "int8"))
    assert len(context.functions) == 1 and context.unrolled == 48


def test_literals_are_no_part_of_the_weights(tmp_path: Path) -> None:
    """But of the contract: weights.bin of another policy of this shape is refused."""
    for name, kernels, seed in (("loops", "bytecode", 1), ("a", "", 1), ("b", "", 2)):
        write_artefact(mlp((4, 16, 16, 2), "int8", seed), tmp_path / name, target="micropython",
                       name="tiny", scheme="int8", kernels=kernels)
    sizes = {name: (tmp_path / name / "weights.bin").stat().st_size for name in ("loops", "a")}
    assert sizes["loops"] - sizes["a"] == 352 + (4 + 2 + 2) * 34  # weights, biases, factors
    weights = (tmp_path / "b" / "weights.bin").read_bytes()
    (tmp_path / "a" / "weights.bin").write_bytes(weights)
    work = session(tmp_path / "a", tmp_path / "run")
    (work.folder / "try.py").write_text(
        "from policy import Policy\ntry:\n    Policy()\nexcept ValueError as error:\n"
        "    print(error)\n")
    assert "belong to another policy.py" in run_cpython(work.folder, "try.py")


def test_boards_with_machine_code_have_none(tmp_path: Path) -> None:
    """Unless asked for; a micro:bit has no room to compile them."""
    program = mlp((4, 8, 2), "int8")
    for board in profiles().values():
        native = [grade for grade in board.grades if grade in NATIVE]
        assert board.grades[0] == [*native, "unrolled"][0]
        assert ("unrolled" in board.grades) != board.small
    write_artefact(program, tmp_path / "pico", target="micropython", name="tiny", scheme="int8",
                   board="pico")
    assert "def gemm_" not in (tmp_path / "pico" / "policy.py").read_text()
    write_artefact(program, tmp_path / "asked", target="micropython", name="tiny", scheme="int8",
                   board="pico", kernels="unrolled")
    assert "def gemm_" in (tmp_path / "asked" / "policy.py").read_text()
    assert not (tmp_path / "asked" / "policy_kernels.py").exists()
    with pytest.raises(UsageError, match="runs no kernels called 'unrolled'"):
        write_artefact(program, tmp_path / "b", target="micropython", name="tiny", scheme="int8",
                       board="microbit", kernels="unrolled")
