# SPDX-License-Identifier: MIT
"""Facts about an op are in its rule: nothing else of the room asks what an op is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import puffer_edge
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Quantization
from puffer_edge.ir.op import OPS
from puffer_edge.ir.ops import GemmInteger
from puffer_edge.quantization.quantize import rule_of
from puffer_edge.quantization.rule import RULES

CALLS = ("isinstance", "type")
ROOM = Path(puffer_edge.__file__).parent / "quantization"


def test_only_rules_ask_for_the_type_of_an_op() -> None:
    for path in ROOM.glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in CALLS:
                named = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                assert named.isdisjoint(OPS), f"{path.name}:{node.lineno}"


def test_only_the_loop_imports_the_rules() -> None:
    importing = [path.name for path in ROOM.glob("*.py")
                 if "import rules" in path.read_text() or "quantization.rules" in path.read_text()]
    assert importing == ["quantize.py"]


def test_fields_that_rules_name_are_inputs_of_the_op() -> None:
    seen = set()
    for kind, known in RULES.items():
        for field in (*(known.columns or ()), *known.rows, *known.float16, known.category,
                      known.flags, known.table):
            if field:
                assert field in kind.INPUTS, (kind, field)
                seen.add((kind.__name__, field))
    assert {("Gemm", "bias"), ("LSTMCell", "recurrent"), ("OneHot", "x"), ("Mask", "mask"),
            ("Table", "table"), ("MinGRUCell", "weight"), ("GRUCell", "recurrent")} <= seen


def test_an_op_without_a_rule_is_refused_by_name() -> None:
    op = GemmInteger(x="x", weight="w", bias="b", requantization="r", y="y", dtype="int8",
                     quantization=Quantization(1.0, 0, -128, 127), layer="fc")
    with pytest.raises(UnsupportedError, match="GemmInteger cannot be computed in integers"):
        rule_of(op).rewrite(op, None)
