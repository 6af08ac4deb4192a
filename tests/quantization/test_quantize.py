# SPDX-License-Identifier: MIT
"""Integer Programs: proved for every input, close to the float policy, honest about bad data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import puffer_edge
from puffer_edge.artefact.vectors import Vectors
from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Binary, Gemm, GemmInteger, Reshape, Unary
from puffer_edge.ir.requantization import LIMIT
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import Calibration, calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.recording import record
from puffer_edge.quantization.schemes import SCHEMES
from tests import zoo

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
LSTM = POLICIES / "cartpole_puffer_lstm.pt"
SB3 = POLICIES / "cartpole_sb3.zip"


def mlp(seed: int, scale: float, sizes: tuple[int, ...], activation: str) -> Program:
    bench = zoo.Bench((1, sizes[0]), seed)
    x, before = bench.x, sizes[0]
    for size in sizes[1:]:
        x = bench.op(Gemm, x=x, weight=bench.weight(size, before, scale=scale),
                     bias=bench.weight(size, scale=scale))
        if size != sizes[-1]:
            x = bench.op(Unary, x=x, function=Activation(activation))
        before = size
    return bench.program(x)


def calibration(program: Program, scale: float = 1.0, steps: int = 64) -> Calibration:
    random = np.random.default_rng(1)
    observations = scale * random.standard_normal((steps, program.contract.observation_size))
    return calibrate(program, observations, np.arange(steps) % 16 == 0)


@given(seed=st.integers(0, 1000), scale=st.floats(1e-3, 1e2), scheme=st.sampled_from(list(SCHEMES)),
       sizes=st.lists(st.integers(1, 40), min_size=2, max_size=4).map(tuple),
       activation=st.sampled_from(["tanh", "relu", "gelu", "elu"]))
@settings(max_examples=60, deadline=None)
def test_no_input_breaks_the_range_proof(
        seed: int, scale: float, scheme: str, sizes: tuple[int, ...], activation: str) -> None:
    """The interpreter asserts every bound; the inputs go to the ends of every feature's range."""
    floating = optimize(mlp(seed, scale, sizes, activation), fuse=False)
    program = quantize(floating, calibration(floating), SCHEMES[scheme])
    interpreter = Interpreter(program)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (8, sizes[0]))
    first = next(op for op in floating.ops if isinstance(op, Gemm))
    worst = np.sign(floating.constants[first.weight][0])  # the largest sum of the first row
    for observation in (*(1e9 * signs), 1e30 * worst, -1e30 * worst, np.zeros(sizes[0])):
        interpreter.step(observation)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_proof_uses_the_real_weights(scheme: str) -> None:
    floating = optimize(mlp(3, 1.0, (30, 300, 4), "relu"), fuse=False)
    program = quantize(floating, calibration(floating), SCHEMES[scheme])
    for op in program.ops:
        if isinstance(op, GemmInteger):
            weight = program.constants[op.weight].astype(np.int64)
            bias = np.abs(program.constants[op.bias].astype(np.int64))
            qparams = program.values[op.x].quantization
            assert qparams is not None
            assert int((np.abs(weight).sum(1) * qparams.largest + bias).max()) <= LIMIT


def test_more_bits_are_closer_to_the_float_original() -> None:
    floating = optimize(mlp(5, 0.3, (8, 32, 32, 4), "tanh"), fuse=False)
    found = calibration(floating)
    observations = np.random.default_rng(1).standard_normal((64, 8))  # those of the calibration
    real = np.stack([Interpreter(floating).step(o)["logits"] for o in observations])
    errors = {}
    for name, scheme in SCHEMES.items():
        program = quantize(floating, found, scheme)
        qparams = program.values[program.outputs[0]].quantization
        assert qparams is not None
        raw = np.stack([Interpreter(program).step(o)["logits"] for o in observations])
        errors[name] = np.abs((raw - float(qparams.zero_point)) * qparams.scale - real).mean()
    assert errors["int16"] < errors["int8x16"] < errors["int8"]


def recording(tmp_path: Path, policy: Path = LSTM) -> str:
    """The observations of one episode that torch played."""
    with np.load(POLICIES / f"{policy.stem}_reference.npz") as data:
        np.savez(tmp_path / "recorded.npz", observations=data["observations"])
    return str(tmp_path / "recorded.npz")


@pytest.mark.parametrize(("policy", "scheme", "agreement", "target"), [
    (SB3, "int8", 0.97, "cortex-m0"), (LSTM, "int8x16", 0.95, "cortex-m4"),
    (LSTM, "int16", 0.995, "cortex-m0")])
def test_a_policy_acts_like_its_float_original(
        policy: Path, scheme: str, agreement: float, target: str, tmp_path: Path) -> None:
    """Calibrated on the first half of an episode, judged on the second, bits equal on the core.

    The LSTM steers by velocities that it must infer, so it needs more bits than the MLP.
    """
    out = puffer_edge.export(policy, tmp_path / "a", scheme=scheme,
                             calibrate=recording(tmp_path, policy))
    report = puffer_edge.verify(out, target=target, min_agreement=agreement)
    assert report.passed, report.to_markdown()


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    source = recording(tmp_path)
    a, b = (puffer_edge.export(LSTM, tmp_path / name, name="lander", scheme="int16",
                               calibrate=source) for name in ("a", "b"))
    for file in ("policy.h", "policy.json", "vectors.npz", "judge.npz"):
        assert (a / file).read_bytes() == (b / file).read_bytes()


def test_flash_shrinks_with_the_scheme(tmp_path: Path) -> None:
    source = recording(tmp_path)
    sizes = {}
    for scheme in ("float32", "int16", "int8"):
        out = puffer_edge.export(LSTM, tmp_path / scheme, scheme=scheme,
                                 calibrate="" if scheme == "float32" else source)
        sizes[scheme] = puffer_edge.verify(out).measurements["flash_data_bytes"]
    # 32 hidden units: biases and requantisation are a tenth of the weights, unlike at 128.
    assert sizes["int16"] < 0.6 * sizes["float32"] and sizes["int8"] < 0.37 * sizes["float32"]


def test_a_policy_that_acts_differently_fails(tmp_path: Path) -> None:
    """Calibrated on numbers a thousand times too small, everything is cut off."""
    random = np.random.default_rng(0)
    np.savez(tmp_path / "tiny.npz", observations=np.concatenate(
        [1e-4 * random.standard_normal((200, 2)), random.standard_normal((200, 2))]))
    out = puffer_edge.export(LSTM, tmp_path / "a", scheme="int8",
                             calibrate=str(tmp_path / "tiny.npz"))
    report = puffer_edge.verify(out, target="host")
    assert [check.name for check in report.checks if check.verdict == "failed"] == [
        "greedy actions agree with the float policy"]


@pytest.mark.parametrize(("observations", "words"), [
    (np.zeros((0, 2)), "too few"), (np.zeros((1, 2)), "too few"),
    (np.full((100, 2), np.nan), "NaN"), (np.full((100, 2), np.inf), "NaN"),
    (np.zeros((100, 3)), "does not fit"), (np.zeros(100), "observations"),
    (np.array([["a", "b"]] * 100), "observations"),
])
def test_hostile_calibration_data(observations: np.ndarray, words: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", observations=observations)
    with pytest.raises((UsageError, FileFormatError), match=words):
        puffer_edge.export(LSTM, tmp_path / "a", scheme="int8",
                           calibrate=str(tmp_path / "bad.npz"))
    assert not (tmp_path / "a").exists()


def test_constant_columns_get_a_range() -> None:
    floating = optimize(mlp(1, 0.5, (3, 4, 2), "tanh"), fuse=False)
    observations = np.zeros((50, 3), np.float32)
    observations[:, 1] = 7
    low, high = calibrate(floating, observations, np.arange(50) == 0).features(floating.input)
    assert low.tolist() == [-1, -7, -1] and high.tolist() == [1, 21, 1]


def test_an_integer_scheme_needs_data() -> None:
    with pytest.raises(UsageError, match="calibrate"):
        puffer_edge.export(LSTM, "never", scheme="int8")


def test_unknown_schemes_and_environments_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="scheme"):
        puffer_edge.export(LSTM, tmp_path / "a", scheme="int3", calibrate="x.npz")
    pytest.importorskip("gymnasium")
    program = puffer_edge.load(LSTM)
    with pytest.raises(UsageError, match="cannot be made"):
        record("env:NoSuchEnvironment-v0", program)
    with pytest.raises(UsageError, match="the policy takes"):
        record("env:CartPole-v1", program)


def test_an_environment_is_played_by_the_float_policy() -> None:
    pytest.importorskip("gymnasium")
    program = puffer_edge.load(POLICIES / "cartpole_sb3.zip")
    recorded = record("env:CartPole-v1", program, seed=3)
    again = record("env:CartPole-v1", program, seed=3)
    assert np.array_equal(recorded.observations, again.observations)
    assert recorded.reset.sum() < 10  # it balances: episodes are long


def test_an_op_without_integers_is_refused_by_name() -> None:
    bench = zoo.Bench((1, 4))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(3, 4))
    program = optimize(bench.program(bench.op(Binary, a=y, b=bench.op(
        Unary, x=y, function=Activation("exp")), function="div")), fuse=False)
    with pytest.raises(UnsupportedError, match="a division by a computed number"):
        quantize(program, calibration(program), SCHEMES["int8"])


def test_vectors_of_integer_policies_hold_integers(tmp_path: Path) -> None:
    out = puffer_edge.export(LSTM, tmp_path / "a", scheme="int8", calibrate=recording(tmp_path))
    assert Vectors.load(out / "vectors.npz").outputs["logits"].dtype == np.int16


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize("scheme", ["int8", "int8x16", "int16"])
def test_rows_of_an_observation_that_one_layer_reads(scheme: str, through: bool) -> None:
    """All rows meet the same weights, so the observation has one scale."""
    bench = zoo.Bench((1, 12) if through else (1, 3, 4))
    x = bench.op(Reshape, x=bench.x, shape=(1, 3, 4)) if through else bench.x
    y = bench.op(Gemm, x=x, weight=bench.weight(5, 4), bias=bench.weight(5))
    y = bench.op(Reshape, x=bench.op(Unary, x=y, function=Activation("tanh")), shape=(1, 15))
    program = bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, 15)))
    ours, theirs = Interpreter(zoo.in_integers(program, scheme)), Interpreter(program)
    x = np.random.default_rng(5).standard_normal((500, 12)).astype(np.float32)
    same = [ours.step(row)["logits"].argmax() == theirs.step(row)["logits"].argmax() for row in x]
    assert np.mean(same) >= 0.97
