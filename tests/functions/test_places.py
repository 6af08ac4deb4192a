# SPDX-License-Identifier: MIT
"""Where a function has to be known: what is missing is said by name, for whoever adds one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from puffer_edge.exporters.decompose.functions import MADE
from puffer_edge.exporters.onnx.ops.unary import KINDS as ONNX
from puffer_edge.exporters.tflite.ops.unary import KINDS as TFLITE
from puffer_edge.ir.functions import FUNCTIONS

ROOT = Path(__file__).parents[2]
POINTS = np.linspace(-3, 3, 601)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_known_everywhere(name: str) -> None:
    """One file in ``ir/functions``, one kernel; a decomposition where a format has no such op."""
    known = FUNCTIONS[name]
    places = {
        f"runtimes/c/{name}_f32.h": (ROOT / "runtimes" / "c" / f"{name}_f32.h").is_file(),
        "exporters/decompose/functions.py (or onnx= of its registration)":
            name in ONNX or name in MADE,
        "exporters/decompose/functions.py (for TFLite)": name in TFLITE or name in MADE,
        "benchmarks/exhaustive_functions.py (c= of its registration)": bool(known.c),
    }
    missing = [place for place, there in places.items() if not there]
    assert not missing, f"{name} is not known to {', '.join(missing)}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_function_says_of_itself_is_true(name: str) -> None:
    known = FUNCTIONS[name]
    with np.errstate(all="ignore"):
        y = known.exact(POINTS)
    steps = np.diff(y[np.isfinite(y)])
    if name != "reciprocal":  # apart from its pole
        assert known.monotone == bool((steps >= 0).all() or (steps <= 0).all())
    assert len(known.onnx_attributes) <= len(known.parameters)


@pytest.mark.parametrize("name", [name for name, known in FUNCTIONS.items() if known.torch])
def test_what_torch_calls_it(name: str) -> None:
    """The same function with the same parameters, which the torch back end calls by that name."""
    torch = pytest.importorskip("torch")
    from puffer_edge.ir import Activation
    from puffer_edge.runtimes.torch_backend import _function

    known = FUNCTIONS[name]
    for scale in (1.0, 0.6):
        parameters = tuple(value * scale for value in known.defaults)
        x = POINTS[POINTS > 0.1] if known.lipschitz is None else POINTS
        theirs = _function(torch, Activation(name, parameters), torch.from_numpy(x)).numpy()
        assert np.abs(theirs - known.exact(x, *parameters)).max() < 1e-6


def test_every_kernel_is_a_functions_or_an_ops() -> None:
    """No header is left over when a function goes."""
    named = {path.name.removesuffix("_f32.h") for path in (ROOT / "runtimes" / "c").glob("*_f32.h")}
    assert set(FUNCTIONS) <= named
