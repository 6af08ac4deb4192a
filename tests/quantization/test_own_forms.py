# SPDX-License-Identifier: MIT
"""How far what is held back reaches, against every combination of integers; lattices, by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from puffer_edge.ir.ops import Gemm
from puffer_edge.ir.value import Quantization
from puffer_edge.quantization.own.forms import (
    Integer,
    Joined,
    Layer,
    Mapped,
    Moved,
    Pair,
    ends,
    reach,
)
from puffer_edge.quantization.own.lattice import on_lattice
from tests import zoo

A = Integer("a", Quantization(0.5, 2, -3, 4))  # -2.5 to 1
B = Integer("b", Quantization(0.25, -1, -4, 3))  # -0.75 to 1
FUNCTIONS = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "min": np.minimum,
             "max": np.maximum}


def numbers(integer: Integer) -> list[float]:
    qparams = integer.qparams
    return [(i - qparams.zero_point) * qparams.scale
            for i in range(qparams.low, qparams.high + 1)]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_two_values_reach_what_any_two_integers_give(function: str) -> None:
    every = [float(FUNCTIONS[function](a, b)) for a, b in product(numbers(A), numbers(B))]
    program = zoo.program("mlp")
    pair = Pair(function, A, B, "")
    assert reach(pair, program) == (min(every), max(every))
    assert reach(Moved(pair, None), program) == (min(every), max(every))


def test_ends_and_parts() -> None:
    assert ends(A.qparams) == (-2.5, 1.0) and ends(B.qparams) == (-0.75, 1.0)
    low = Integer("c", Quantization(1.0, 0, 0, 5))
    assert reach(Joined((B, low), 1), zoo.program("mlp")) == (-0.75, 5.0)


def test_a_function_reaches_what_it_gives_of_any_integer() -> None:
    found = reach(Mapped(A, np.square).then(lambda real: real - 1), zoo.program("mlp"))
    assert found == (min(x * x - 1 for x in numbers(A)), max(x * x - 1 for x in numbers(A)))


@pytest.mark.parametrize(("limits", "expected"), [
    ((-np.inf, np.inf), (-9.5, 9.5)), ((0.0, np.inf), (0.0, 9.5)), ((-1.0, 6.0), (-1.0, 6.0))])
def test_a_layer_reaches_its_largest_row(limits: tuple[float, float],
                                         expected: tuple[float, float]) -> None:
    """2.5 * (1 + 2) + 2 of the first row; 2.5 * 0.5 + 3 of the second."""
    bench = zoo.Bench((1, 2))
    weight = bench.builder.constant(np.float32([[1, -2], [0.5, 0]]))
    program = bench.program(bench.op(Gemm, x=bench.x, weight=weight))
    (op,) = program.ops
    assert isinstance(op, Gemm)
    assert reach(Layer(op, A, np.array([-2.0, 3.0]), limits), program) == expected


def test_rows_on_a_lattice() -> None:
    """Multiples of a step, of which the largest number is 127 or less; zeros have none."""
    rows = np.array([[0.0, 0.0, 0.0], [127, -64, 1], [0.3, -0.9, 0.6], [-1.0, 0.0, 1.0]])
    rows[1] *= 0.013
    found = on_lattice(rows)
    assert found is not None
    integers, steps = found
    assert np.allclose(integers * steps[:, None], rows, rtol=1e-6, atol=0)
    assert integers[:2].tolist() == [[0, 0, 0], [127, -64, 1]] and steps[0] == 0
    assert np.abs(integers[2:]).max(1).tolist() == [126, 127]
    assert on_lattice(np.array([[1.0, 2**0.5]])) is None
