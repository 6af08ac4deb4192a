# SPDX-License-Identifier: MIT
"""What may be asked of an agreement, and what it means for an artefact's layers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from puffer_edge.errors import UsageError
from puffer_edge.verification.demands import Demands
from puffer_edge.verification.originals.onnx import _whole


@pytest.mark.parametrize(("agreement", "error", "good"), [
    (0.0, None, True), (1.0, None, True), (-1e-9, None, False), (1 + 1e-9, None, False),
    (math.nan, None, False), (0.9, 1e-9, True), (0.9, 0.0, False), (0.9, -0.1, False),
    (0.9, math.inf, False), (0.9, math.nan, False), (0.9, 1e9, True)])
def test_what_may_be_asked_for(agreement: float, error: float | None, good: bool) -> None:
    if good:
        assert Demands(agreement, error).min_agreement == agreement
    else:
        with pytest.raises(UsageError):
            Demands(agreement, error)


def test_the_widest_layer_decides() -> None:
    manifest = {"quantization": {"layers": [{"scheme": "int16"}, {"scheme": "int8"}]}}
    assert Demands().limits(manifest).mean == 0.04
    assert Demands(0.5, 0.08).limits(manifest).tail == pytest.approx(0.3)
    assert Demands(0.5).limits(manifest).agreement == 0.5


@pytest.mark.parametrize(("dtype", "given", "expected"), [
    (np.float32, [-1.5, 0.25], [-1.5, 0.25]), (np.bool_, [-1, 0, 0.1], [0, 0, 1]),
    (np.uint8, [-3, 2.6, 300], [0, 3, 255]), (np.int8, [-200, -2.6, 200], [-128, -3, 127]),
    (np.int64, [-1e9, 1e9, 5.4], [-(2**24), 2**24, 5]), (np.int32, [-1e9, 2.0**24 - 1], [
        -(2**24), 2**24 - 1])])
def test_numbers_that_an_input_takes(dtype: type, given: list[float], expected: list[float]
                                     ) -> None:
    assert _whole(np.array(given), np.dtype(dtype).type).tolist() == expected
