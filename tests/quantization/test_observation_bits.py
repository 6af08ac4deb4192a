# SPDX-License-Identifier: MIT
"""`--layer observation=int8`: what comes in is stored in 8 bits, not in 16."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Gemm, GemmInteger, Quantize
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.quantization.pipeline import Wish, to_integers
from puffer_edge.quantization.recording import Recording
from tests import zoo
from tests.quantization.test_quantize import mlp


def seen(inputs: int = 6, steps: int = 200) -> Recording:
    random = np.random.default_rng(3)
    size = np.geomspace(0.01, 100, inputs)
    return Recording((random.standard_normal((steps, inputs)) * size).astype(np.float32),
                     np.arange(steps) % 50 == 0)


def integers(program: Program, scheme: str = "int8", **layers: str) -> Program:
    return to_integers(program, Wish(scheme, seen(program.contract.observation_size),
                                     layers)).program


def policy() -> Program:
    return mlp(2, 0.5, (6, 16, 4), "relu")


@pytest.mark.parametrize("scheme", ["int8", "int8x16", "int16"])
def test_the_observation_is_rounded_to_eight_bits(scheme: str) -> None:
    """By numpy: 256 steps over a range with headroom, at its ends cut off."""
    program = integers(policy(), scheme, observation="int8")
    (op,) = (op for op in program.ops if isinstance(op, Quantize))
    assert op.dtype == "int8" and (op.low, op.high) == (-128, 127)
    factor, offset = (program.constants[name].astype(np.float64)
                      for name in (op.factor, op.offset))
    reach = np.abs(seen().observations).max(0)
    assert (factor * reach > 16).all()  # it does not waste what 8 bits have
    for x in (*seen().observations[:20], seen().observations[0] * 1000):
        found = Interpreter(program).values(x)[op.y]
        assert found.dtype == np.int8
        exact = np.clip(x.astype(np.float64) * factor + offset, -128, 127)
        assert np.abs(found[0] - exact).max() <= 0.5 + 1e-3
    sixteen = next(op for op in integers(policy(), scheme).ops if isinstance(op, Quantize))
    assert sixteen.dtype == "int16"


def test_the_step_from_integers_takes_bytes() -> None:
    found = integer_input(integers(policy(), observation="int8"))
    assert found is not None
    assert found.program.values[found.program.input].dtype == "int8"


def test_what_it_costs_is_within_its_resolution() -> None:
    """The output moves by what half a step of each feature moves it in float, and no further."""
    program, data = policy(), seen()
    sixteen, eight = integers(program, "int16"), integers(program, "int16", observation="int8")
    (op,) = (op for op in eight.ops if isinstance(op, Quantize))
    step = 1 / eight.constants[op.factor].astype(np.float64)
    first, last = (np.abs(program.constants[op.weight]) for op in program.ops
                   if isinstance(op, Gemm))
    bound = last @ (first @ step / 2)  # relu does not enlarge anything
    scales = [each.values[each.outputs[0]].quantization.scale for each in (sixteen, eight)]
    moved = [np.abs(Interpreter(sixteen).step(x)["logits"].astype(float) * scales[0]
                    - Interpreter(eight).step(x)["logits"].astype(float) * scales[1])
             for x in data.observations[:50]]
    assert (np.max(moved, 0) <= bound * 1.1 + 3 * max(scales)).all()
    assert np.max(moved) > max(scales)  # and it does cost something


def test_what_cannot_be_is_one_error() -> None:
    """An observation whose rows meet the same weights has one scale, and 16 bits."""
    with pytest.raises(UsageError, match="no layers have the name 'observations'"):
        integers(policy(), observations="int8")
    with pytest.raises(UnsupportedError, match="it has 16 bits"):
        integers(zoo.program("gemm_rows"), observation="int8")


def test_a_layer_of_that_name_comes_first() -> None:
    program = policy()
    named = program.with_ops(replace(op, layer=name) for op, name in zip(
        program.ops, ("a", "a", "observation"), strict=True))
    found = integers(named, "int16", observation="int8")
    assert [op.dtype for op in found.ops if isinstance(op, Quantize)] == ["int16"]
    assert [found.constants[op.weight].dtype for op in found.ops
            if isinstance(op, GemmInteger)] == [np.int16, np.int8]


@pytest.mark.exhaustive
@pytest.mark.parametrize("target, case", [
    *((target, "mlp") for target in ("cortex-m0", "cortex-m4", "micropython", "native")),
    ("cortex-m4", "conv"), ("cortex-m4", "lstm"), ("cortex-m4", "parts")])
def test_every_target_computes_the_same_integers(target: str, case: str, tmp_path: Path) -> None:
    program = policy() if case == "mlp" else zoo.program(case)
    recording = seen(program.contract.observation_size)
    puffer_edge.export(program, tmp_path / "policy", target=target, scheme="int8",
                       calibrate=recording, layers={"observation": "int8"})
    report = puffer_edge.verify(tmp_path / "policy", min_agreement=0.01, max_error=100.0)
    assert not [check for check in report.checks if check.verdict == "failed"]
