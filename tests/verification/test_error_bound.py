"""Every op that computes with floats has a rule; what nobody rounds adds nothing to the bound."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.ir.op import OPS
from puffer_edge.verification.error_bound import Pair
from puffer_edge.verification.error_bound.rule import RULES

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
