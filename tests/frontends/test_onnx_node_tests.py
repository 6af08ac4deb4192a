# SPDX-License-Identifier: MIT
"""ONNX's own backend tests: every single-op case either agrees or is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.graph.graph import Graph
from puffer_edge.frontends.onnx.lower import lower_graph
from puffer_edge.frontends.onnx.reader import opset_of, parse_model
from puffer_edge.ir import Builder

onnx = pytest.importorskip("onnx")
pytestmark = pytest.mark.filterwarnings("ignore")

LOWEST = float(np.finfo(np.float32).min)
"""What a mask adds where ONNX adds -inf, which no device holds as a constant."""


def outputs_of(model: Any, inputs: list[Any], computed: set[str]) -> list[np.ndarray]:
    """Lowers a graph with ``computed`` inputs as values, the others as constants, and runs it."""
    builder = Builder("node test")
    graph = Graph(builder, "node test")
    known: dict[str, np.ndarray] = {}
    for port, array in zip(model.graph.input, inputs, strict=False):
        if port.name in computed:
            if np.isnan(array).any():
                raise UnsupportedError("no observation and no state is NaN on a device")
            graph.bind(port.name, builder.state(port.name, array.shape))
            known[port.name] = array
        else:
            graph.bind(port.name, array)
    names = [port.name for port in model.graph.output]
    lower_graph(model.graph, graph, opset_of(model, "node test"), names)
    if graph.choices:
        raise UnsupportedError("ArgMax is left out at the end of a policy")
    known |= builder.constants
    with np.errstate(all="ignore"):
        for op in builder.ops:
            results = op.evaluate([known[name] if name else None for name in op.inputs])
            for name, result in zip(op.outputs, results, strict=True):
                assert result.shape == builder.shape(name), (op, result.shape)
                assert result.dtype == np.float32
                known[name] = result
    operands = [graph.operands.get(name) for name in names]
    if any(operand is None for operand in operands):
        raise UnsupportedError("an output of the op is not supported")
    return [known[x] if isinstance(x, str) else x for x in operands]


def check(case: Any, computed: set[str]) -> None:
    try:
        model = parse_model(case.model.SerializeToString(), case.name)
    except FileFormatError as error:  # onnx.checker cannot infer one of its own cases
        raise UnsupportedError("checker") from error
    for inputs, expected in case.data_sets:
        if any(x is None or isinstance(x, list | dict) for x in [*inputs, *expected]):
            raise UnsupportedError("sequences and optional values")
        inputs, expected = [np.asarray(x) for x in inputs], [np.asarray(x) for x in expected]
        results = outputs_of(model, inputs, computed)
        for result, wish in zip(results, expected, strict=True):
            assert result.shape == wish.shape, (result.shape, wish.shape)
            wish = np.where(np.isneginf(wish), LOWEST, wish) if wish.dtype.kind == "f" else wish
            np.testing.assert_allclose(result.astype(np.float64), wish.astype(np.float64),
                                       rtol=case.rtol, atol=case.atol)


def floats(case: Any) -> list[str]:
    """Names of the inputs that can be computed values: float32 and not empty."""
    arrays = case.data_sets[0][0]
    return [port.name for port, x in zip(case.model.graph.input, arrays, strict=False)
            if isinstance(x, np.ndarray | np.generic) and x.dtype == np.float32 and x.size]


def test_node_cases_agree_or_are_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    from onnx.backend.test.case.node import collect_testcases

    passed, refused, seen = set(), set(), 0
    for case in collect_testcases(None):
        names = floats(case) if case.data_sets else []
        if not names:
            continue
        seen += 1
        # All inputs computed, as a graph of activations has them; and only the first, as a layer
        # with weights has it. A case passes if one can be lowered, and whatever can must agree.
        for computed in {frozenset(names), frozenset(names[:1])}:
            try:
                check(case, set(computed))
            except UnsupportedError as error:
                assert error.what and "Error" not in error.what
                refused.add(case.name)
            except Exception as error:
                pytest.fail(f"{case.name} with {sorted(computed)} computed: {error!r}")
            else:
                passed.add(case.name)
    with capsys.disabled():
        print(f"\nONNX node tests with float32 inputs: {len(passed)} of {seen} agree, "
              f"{len(refused - passed)} are refused by name")
    assert len(passed) >= 770
