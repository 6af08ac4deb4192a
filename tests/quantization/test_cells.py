# SPDX-License-Identifier: MIT
"""Recurrent cells in integers: proved for every input and state, close to the float cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import puffer_edge
from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Binary, Concat, Gemm, GRUCell, LSTMCell, MinGRUCell
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize, rule_of
from puffer_edge.quantization.schemes import SCHEMES
from tests import zoo


def gru(bench: zoo.Bench, hidden: int, scale: float, update: float = 0.0) -> str:
    """Output of a GRU whose update gate has that bias: 6 keeps 99.75 % of the state."""
    size = bench.builder.shape(bench.x)[1]
    h = bench.builder.state("h", (1, hidden))
    bias = scale * bench.random.standard_normal(3 * hidden)
    bias[hidden : 2 * hidden] += update
    y = bench.op(GRUCell, x=bench.x, h=h, weight=bench.weight(3 * hidden, size, scale=scale),
                 recurrent=bench.weight(3 * hidden, hidden, scale=scale),
                 bias=bench.builder.constant(bias.astype(np.float32)),
                 recurrent_bias=bench.weight(3 * hidden, scale=scale))
    bench.builder.carry(h, y)
    return y


def lstm(bench: zoo.Bench, hidden: int, scale: float) -> str:
    size = bench.builder.shape(bench.x)[1]
    h, c = (bench.builder.state(name, (1, hidden)) for name in "hc")
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=bench.x, h=h, c=c, bias=bench.weight(4 * hidden, scale=scale),
        weight=bench.weight(4 * hidden, size, scale=scale),
        recurrent=bench.weight(4 * hidden, hidden, scale=scale))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c)
    return y_h


def min_gru(bench: zoo.Bench, hidden: int, scale: float) -> str:
    size = bench.builder.shape(bench.x)[1]
    x = bench.op(Gemm, x=bench.x, weight=bench.weight(hidden, size, scale=scale))
    h = bench.builder.state("h", (1, hidden))
    y, y_h = bench.builder.add_many(MinGRUCell, ("", ""), x=x, h=h,
                                    weight=bench.weight(3 * hidden, hidden, scale=scale))
    bench.builder.carry(h, y_h)
    return y


CELLS = {"gru": gru, "lstm": lstm, "min_gru": min_gru}


def policy(cell: str, seed: int, size: int, hidden: int, scale: float, **more: float) -> Program:
    bench = zoo.Bench((1, size), seed)
    y = CELLS[cell](bench, hidden, scale, **more)
    return optimize(bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, hidden))), fuse=False)


def in_integers(floating: Program, scheme: str) -> Program:
    observations = np.random.default_rng(1).standard_normal(
        (64, floating.contract.observation_size)).astype(np.float32)
    found = calibrate(floating, observations, np.arange(64) % 16 == 0)
    return quantize(floating, found, SCHEMES[scheme])


@given(cell=st.sampled_from(list(CELLS)), seed=st.integers(0, 1000), scale=st.floats(1e-3, 30),
       scheme=st.sampled_from(list(SCHEMES)), size=st.integers(1, 30), hidden=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_no_input_and_no_state_breaks_the_range_proof(
        cell: str, seed: int, scale: float, scheme: str, size: int, hidden: int) -> None:
    """The interpreter asserts every bound; states are put to the ends of their storage."""
    try:
        program = in_integers(policy(cell, seed, size, hidden, scale), scheme)
    except UnsupportedError as error:
        assert ("31 bits" in str(error) or "too large for 16" in str(error)) and scale > 1
        return
    interpreter = Interpreter(program)
    random = np.random.default_rng(seed)
    worst = np.sign(random.standard_normal(size))
    for observation in (1e30 * worst, -1e30 * worst, *random.choice([-1e9, 0, 1e9], (4, size))):
        for name in interpreter.state:
            qparams = program.values[name].quantization
            assert qparams is not None
            interpreter.state[name] = random.choice(
                [qparams.low, qparams.high], interpreter.state[name].shape).astype(
                    interpreter.state[name].dtype)
        interpreter.step(observation)
        interpreter.step(observation)


def real(program: Program, observations: np.ndarray) -> np.ndarray:
    qparams = program.values[program.outputs[0]].quantization
    interpreter = Interpreter(program)
    raw = np.stack([interpreter.step(o)["logits"].reshape(-1) for o in observations])
    return raw if qparams is None else (raw - float(qparams.zero_point)) * qparams.scale


@pytest.mark.parametrize(("scheme", "allowed"), [("int8", 0.02), ("int8x16", 0.02),
                                                 ("int16", 0.002)])
@pytest.mark.parametrize("update", [0.0, 6.0])
def test_a_gru_is_close_to_its_float_original(scheme: str, allowed: float, update: float) -> None:
    """Over 1,000 steps, also where a step changes the state by a few thousandths only."""
    floating = policy("gru", 4, 5, 12, 0.4, update=update)
    observations = np.random.default_rng(1).standard_normal((1000, 5)).astype(np.float32)
    found = calibrate(floating, observations, np.arange(1000) == 0)
    wanted = real(floating, observations)
    got = real(quantize(floating, found, SCHEMES[scheme]), observations)
    assert np.abs(got - wanted).mean() < allowed * np.ptp(wanted)


@pytest.mark.parametrize(("scheme", "allowed"), [("int8", 0.02), ("int8x16", 0.01),
                                                 ("int16", 0.002)])
@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_a_min_gru_is_close_to_its_float_original(scheme: str, allowed: float,
                                                  scale: float) -> None:
    floating = policy("min_gru", 4, 5, 12, scale)
    observations = np.random.default_rng(1).standard_normal((1000, 5)).astype(np.float32)
    found = calibrate(floating, observations, np.arange(1000) == 0)
    wanted = real(floating, observations)
    got = real(quantize(floating, found, SCHEMES[scheme]), observations)
    assert np.abs(got - wanted).mean() < allowed * np.ptp(wanted)


def test_a_state_starts_with_its_initial_value() -> None:
    """All six numbers between -1 and 1, in the coarse states and in the fine ones."""
    program = zoo.program("gru_2_layers_int16")
    for state in program.states:
        qparams = program.values[state.input].quantization
        assert qparams is not None
        np.testing.assert_allclose(state.initial.reshape(-1) * qparams.scale,
                                   np.linspace(-1, 1, 6), atol=qparams.scale)


@pytest.mark.parametrize("larger", [0, 1])
def test_of_two_cells_that_read_one_state_the_larger_decides(larger: int) -> None:
    """One cell keeps c below 1; the other one's gates are all open, so that it adds 1 to that."""
    bench = zoo.Bench((1, 3))
    h, c = (bench.builder.state(name, (1, 4)) for name in "hc")
    made = [bench.builder.add_many(
        LSTMCell, ("", ""), x=bench.x, h=h, c=c, weight=bench.weight(16, 3, scale=0.1),
        recurrent=bench.weight(16, 4, scale=0.1), bias=bench.builder.constant(np.repeat(
            [8.0] * 4 if cell == larger else [0.0, 0.0, 1.0, 0.0], 4).astype(np.float32)))
        for cell in (0, 1)]
    bench.builder.carry(h, made[0][0])
    bench.builder.carry(c, made[1 - larger][1])
    program = bench.program(bench.op(Concat, xs=(made[0][0], made[1][0]), axis=1))
    observations = np.random.default_rng(0).standard_normal((64, 3)).astype(np.float32)
    found = calibrate(program, observations, np.arange(64) == 0)
    wanted = [rule_of(op).memories(op, program, found)[c].scale for op in program.ops
              if isinstance(op, LSTMCell)]
    assert wanted[larger] > wanted[1 - larger]
    made_of = quantize(program, found, SCHEMES["int16"]).values[c].quantization
    assert made_of is not None and made_of.scale == wanted[larger]


@pytest.mark.parametrize("initial", [0.0, 3.0])
def test_a_foreign_hidden_state(initial: float) -> None:
    """What the cell reads is half of what it made the step before; more than 2 has no integers."""
    bench = zoo.Bench((1, 3))
    h = bench.builder.state("h", (1, 4))
    y = bench.op(GRUCell, x=bench.x, h=h, weight=bench.weight(12, 3), recurrent=bench.weight(12, 4))
    bench.builder.carry(h, bench.op(Binary, a=y, b=bench.builder.constant(np.float32(0.5)),
                                    function="mul"), np.full((1, 4), initial, np.float32))
    program = optimize(bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, 4))), fuse=False)
    if initial:
        with pytest.raises(UnsupportedError, match="larger than any that it makes"):
            in_integers(program, "int16")
        return
    observations = np.random.default_rng(1).standard_normal((300, 3)).astype(np.float32)
    wanted, got = real(program, observations), real(in_integers(program, "int16"), observations)
    assert np.abs(got - wanted).mean() < 0.005 * wanted.std()


@pytest.mark.parametrize("case", ["gru_2_layers", "min_gru_2_layers", "residual"])
def test_a_policy_passes_its_verification(case: str, tmp_path: Path) -> None:
    """From a recording to a core; what a step costs does not depend on the data."""
    floating = zoo.program(case)
    observations = np.random.default_rng(0).standard_normal(
        (400, floating.contract.observation_size)).astype(np.float32)
    np.savez(tmp_path / "recorded.npz", observations=observations)
    out = puffer_edge.export(floating, tmp_path / "a", scheme="int16",
                             calibrate=str(tmp_path / "recorded.npz"))
    report = puffer_edge.verify(out, target="cortex-m4")
    assert report.passed, report.to_markdown()


@pytest.mark.parametrize("initial", [1.0, -1.5, 1.25])
def test_where_a_gru_begins(initial: float) -> None:
    """What it makes lies between -1 and 1; an episode that begins beyond has no integers."""
    bench = zoo.Bench((1, 3))
    h = bench.builder.state("h", (1, 4))
    y = bench.op(GRUCell, x=bench.x, h=h, weight=bench.weight(12, 3), recurrent=bench.weight(12, 4))
    bench.builder.carry(h, y, np.full((1, 4), initial, np.float32))
    program = optimize(bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, 4))), fuse=False)
    if abs(initial) > 1:
        with pytest.raises(UnsupportedError, match="larger than any that it makes"):
            in_integers(program, "int16")
    else:
        assert in_integers(program, "int16").states
