# SPDX-License-Identifier: MIT
"""Elementwise functions that are made of others, as ONNX and TFLite have them: torch's numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from puffer_edge.exporters.decompose import decompose
from puffer_edge.exporters.decompose.functions import MADE
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Unary
from tests import zoo

torch = pytest.importorskip("torch")
F = torch.nn.functional
PLAIN = ("relu", "tanh", "sigmoid", "exp", "log", "neg", "abs", "sqrt", "floor")
"""What both formats have."""
OTHERS: dict[str, tuple[tuple[float, ...], Callable[..., Any]]] = {
    "silu": ((), F.silu), "ceil": ((), torch.ceil), "clip": ((-1.5, 0.25), torch.clamp),
    "reciprocal": ((), torch.reciprocal), "softsign": ((), F.softsign),
    "hard_sigmoid": ((0.2, 0.4), lambda x, a, b: torch.clamp(a * x + b, 0, 1)),
    "hard_swish": ((), F.hardswish), "elu": ((1.7,), F.elu), "celu": ((0.6,), F.celu),
    "selu": ((), F.selu), "softplus": ((), F.softplus),
    "mish": ((), F.mish), "erf": ((), torch.erf), "round": ((), torch.round)}
MORE: list[tuple[str, tuple[float, ...], Callable[..., Any]]] = [
    ("softplus", (2.0,), F.softplus), ("elu", (1.0,), F.elu),
    ("hard_sigmoid", (1 / 6, 0.5), lambda x, *_: F.hardsigmoid(x))]


def numbers() -> Any:
    """Of every size: small, usual, beyond what saturates, and halves."""
    sizes = np.concatenate([np.geomspace(1e-6, 80, 400), np.arange(1, 40) / 2, [2e6 + 0.5, 4e6]])
    return np.concatenate([-sizes[::-1], sizes]).astype(np.float32)


@pytest.mark.parametrize(("name", "parameters", "truth"), [
    *((name, *given) for name, given in OTHERS.items()), *MORE])
def test_functions_made_of_others(name: str, parameters: tuple[float, ...], truth: Any) -> None:
    """None loses digits near 0, nor has another value far out; to 8 of the last digit's steps."""
    assert set(MADE) == {*OTHERS, "log1p"}  # which only softplus wants
    x = numbers()
    bench = zoo.Bench((1, x.size))
    program = bench.program(bench.op(Unary, x=bench.x, function=Activation(name, parameters)))
    parts = decompose(program, (), PLAIN)
    assert {op.function.function for op in parts.ops if isinstance(op, Unary)} <= set(PLAIN)
    found = Interpreter(parts).step(x)["logits"].reshape(-1).astype(np.float64)
    expected = truth(torch.from_numpy(x.astype(np.float64)), *parameters).numpy()
    step = np.finfo(np.float32).eps
    # Sigmoid ends at 0 below -17, and those of straight lines lose what they add near their ends.
    least = {"silu": 20 * step, "hard_sigmoid": step, "hard_swish": step,
             "mish": 1e-31}.get(name, 2e-38)
    assert (np.abs(found - expected) <= 8 * step * np.abs(expected) + least).all()


@pytest.mark.parametrize(("name", "before", "there"), [
    ("sqrt", -1.0, 0.0), ("log", 0.0, np.log(2.0**-149))])
def test_outside_of_a_domain(name: str, before: float, there: float) -> None:
    """As at its end, where other runtimes give NaN."""
    bench = zoo.Bench((1, 2))
    program = bench.program(bench.op(Unary, x=bench.x, function=Activation(name)))
    found = Interpreter(decompose(program, (), PLAIN)).step(np.float32([before, 4.0]))["logits"]
    inside = {"sqrt": 2.0, "log": np.log(4.0)}[name]
    assert np.allclose(found.reshape(-1), [there, inside], rtol=1e-6, atol=0)
