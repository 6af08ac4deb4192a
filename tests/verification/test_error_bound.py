# SPDX-License-Identifier: MIT
"""Every op that computes with floats has a rule; what nobody rounds adds nothing to the bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from puffer_edge import load
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir.op import OPS
from puffer_edge.verification.error_bound import Pair
from puffer_edge.verification.error_bound.rule import RULES
from puffer_edge.verification.originals import read_again

INTEGERS = {"Flags", "Quantize", "Rescale", "Table"}


def test_every_op_of_floats_has_a_rule() -> None:
    floats = {kind for name, kind in OPS.items()
              if not name.endswith("Integer") and name not in INTEGERS}
    assert set(RULES) == floats


@pytest.mark.parametrize(("name", "parameters", "bound"), [
    ("relu", (), [0.0, 1.0, 0.5]), ("clip", (-1.0, 1.0), [0.0, 0.0, 1.0]),
    ("neg", (), [1.0, 1.0, 1.0]), ("abs", (), [1.0, 1.0, 1.0])])
def test_a_difference_ends_where_a_function_is_flat(name: str, parameters: tuple[float, ...],
                                                    bound: list[float]) -> None:
    # By hand: three values of which the other implementation's are at most 1 away.
    pair = Pair(np.array([-3.0, 3.0, -0.5]), np.ones(3)).apply(name, parameters)
    assert np.allclose(pair.bound, bound, rtol=0, atol=1e-12)


def test_rounding_is_added_where_there_is_some() -> None:
    pair = Pair(np.array([-3.0]), np.zeros(1))
    assert pair.apply("tanh").bound[0] > 0 and pair.apply("relu").bound[0] == 0


def test_an_element_less_itself_is_nothing() -> None:
    origin = np.array([0, 1, 2])
    x = Pair(np.array([0.5, 2.0, np.inf]), np.full(3, 1e-3), None, origin)
    other = Pair(x.v[[0, 2, 2]], x.d[[0, 2, 2]], None, origin[[0, 2, 2]])
    with np.errstate(invalid="ignore"):
        assert (x - other).bound[0] == 0 and not (x - other).bound[1] <= 1e-3
        assert np.isnan((x - other).v[2])  # infinity less itself is no number
    assert (x - Pair(x.v, x.d)).bound[0] >= 2e-3  # another element of the same value


def test_whole_numbers_are_not_rounded() -> None:
    three, third = Pair(np.array([3.0]), np.zeros(1)), Pair(
        np.array([float(np.float32(1 / 3))]), np.zeros(1))
    assert (three + three).bound == 0 and (three * three).bound == 0
    assert (three + third).bound > 0 and (three * third).bound > 0
    assert (Pair(three.v, np.full(1, 1e-9)) + three).bound >= 1e-9


def test_the_k_largest_of_a_row_are_judged(tmp_path: Path) -> None:
    """Places found by comparing, as TopK is written: no bound of a whole place is left."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, tensor = onnx.helper, onnx.numpy_helper.from_array
    rng = np.random.default_rng(0)
    weights = [tensor(rng.normal(size=(6, 4)).astype(np.float32), name) for name in ("a", "b")]
    nodes = [helper.make_node("MatMul", ["obs", "a"], ["gate"]),
             helper.make_node("MatMul", ["obs", "b"], ["experts"]),
             helper.make_node("Softmax", ["gate"], ["share"], axis=-1),
             helper.make_node("TopK", ["share", "k"], ["best", "place"], axis=-1),
             helper.make_node("GatherElements", ["experts", "place"], ["chosen"], axis=-1),
             helper.make_node("Mul", ["chosen", "best"], ["actions"])]
    ports = [helper.make_tensor_value_info(name, 1, [1, size])
             for name, size in (("obs", 6), ("actions", 2))]
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:], [
        *weights, tensor(np.array([2], np.int64), "k")])
    path = tmp_path / "p.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
    options = LoadOptions(action="continuous")
    reading = read_again(path, load(path, options), options, mode="run")
    assert reading.verdict == "agrees", str(reading)
