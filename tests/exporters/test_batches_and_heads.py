# SPDX-License-Identifier: MIT
"""Products of several matrices in integers, and heads up to the size that can be sampled."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from puffer_edge import api
from puffer_edge.exporters.c import action
from puffer_edge.ir.ops import MatMul, MatMulInteger, Reshape, Transpose
from tests import zoo
from tests.exporters.test_c import run_selftest


@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 2, 3, 2, 3)])
def test_every_matrix_of_a_batch_is_multiplied(shape: tuple[int, ...], tmp_path: Path) -> None:
    size, axes = 1, len(shape)
    for each in shape:
        size *= each
    bench = zoo.Bench((1, size))
    x = bench.op(Reshape, x=bench.x, shape=shape)
    turned = bench.op(Transpose, x=x, permutation=(*range(axes - 2), axes - 1, axes - 2))
    y = bench.op(MatMul, a=x, b=turned)
    squares = size // shape[-1] * shape[-2]
    program = zoo.in_integers(bench.program(bench.op(Reshape, x=y, shape=(1, squares))), "int8")
    assert any(isinstance(op, MatMulInteger) for op in program.ops)
    api.export(program, tmp_path / "a", name="zoo")
    assert run_selftest(tmp_path / "a", "zoo") == 0


@pytest.mark.parametrize(("sizes", "sampled"), [
    ((2**15,), True), ((2**15 + 1,), False), ((2, 2**15 + 1, 3), False), ((2, 3), True)])
def test_heads_of_up_to_32768_choices_are_sampled(sizes: tuple[int, ...], sampled: bool) -> None:
    """As 16 bits count them: one head that is larger, and none is."""
    value = SimpleNamespace(dtype="int8", quantization=SimpleNamespace(scale=0.25))
    contract = SimpleNamespace(choosing=0, sizes=sizes, mask=None, heads={"action": None})
    program = SimpleNamespace(contract=contract, outputs=["y"], values={"y": value})
    context: Any = SimpleNamespace(
        program=program, value=program.values.__getitem__, use=lambda kernel: None,
        learned=lambda *numbers: ", ".join(map(str, numbers)))
    lines = action.emit_sample(context)
    assert len(lines) == (len(sizes) if sampled else 0)
    value.quantization = None
    assert action.emit_sample(context) == []
