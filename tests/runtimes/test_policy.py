# SPDX-License-Identifier: MIT
"""One suite over back end x policy x scheme: every back end does what the interpreter does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge import runtimes
from puffer_edge.errors import (
    FileFormatError,
    MissingDependencyError,
    StepError,
    UnsupportedError,
    UsageError,
)
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program, Status
from puffer_edge.ir.ops import Gemm, LSTMCell
from tests import zoo
from tests.error_bound import ErrorBound
from tests.support.exporting import write_artefact

POLICIES: dict[str, Callable[[], Program]] = {
    **{name: lambda name=name: zoo.program(name) for name in (
        "mlp", "lstm", "lstm_2_layers", "gru", "conv_strides", "arithmetic", "norms", "movement",
        "matmul")},
    "continuous": lambda: zoo.continuous(squash=True, low=(-2.0,) * 5, high=(1.0,) * 5,
                                         rescale=True),
    "multi_discrete": zoo.multi_discrete,
    "wide": lambda: wide(),
}


def wide() -> Program:
    """Large enough for the kernels that take 64 rows at once, with rows left over."""
    bench = zoo.Bench((1, 6))
    h, c = bench.builder.state("h", (1, 32)), bench.builder.state("c", (1, 32))
    hidden = bench.op(Gemm, x=bench.x, weight=bench.weight(99, 6), bias=bench.weight(99),
                      activation=Activation("relu"))
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=hidden, h=h, c=c, weight=bench.weight(128, 99),
        recurrent=bench.weight(128, 32), bias=bench.weight(128))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c)
    return bench.program(bench.op(Gemm, x=y_h, weight=bench.weight(64, 32), bias=bench.weight(64)))


SCHEMES = ("float32", "int8", "int8x16", "int16")
CASES = [(policy, "float32") for policy in POLICIES] + [
    (policy, scheme) for policy in ("mlp", "lstm", "lstm_2_layers", "continuous")
    for scheme in SCHEMES[1:]]
EXACT = ("numpy", "native", "micropython")
"""Back ends whose bits the contract promises, in every scheme that they take."""
FLOATS_ONLY = ("torch", "onnxruntime", "tflite")
INTEGERS_ONLY = ("micropython",)


def takes(backend: str, scheme: str) -> bool:
    return backend not in (FLOATS_ONLY if scheme != "float32" else INTEGERS_ONLY)


def program_for(backend: str, policy: str) -> Program:
    """In float32, or where the back end does not take it, in integers."""
    return program(policy, "float32" if takes(backend, "float32") else "int16")


def program(policy: str, scheme: str) -> Program:
    return POLICIES[policy]() if scheme == "float32" else zoo.program(f"{policy}_{scheme}")


def observations(found: Program, *shape: int, seed: int = 3) -> np.ndarray:
    size = found.contract.observation_size
    return np.random.default_rng(seed).standard_normal((*shape, size)).astype(np.float32)


@pytest.mark.parametrize("backend", runtimes.BACKENDS)
@pytest.mark.parametrize(("policy", "scheme"), CASES)
def test_every_back_end_is_the_interpreter(backend: str, policy: str, scheme: str) -> None:
    found = program(policy, scheme)
    if not takes(backend, scheme):
        with pytest.raises(UnsupportedError):
            runtimes.load(found, backend)
        return
    oracle, bound = Interpreter(found), None if backend in EXACT else ErrorBound(found)
    with runtimes.load(found, backend) as running:
        assert running.backend == backend and running.contract == found.contract
        for x in observations(found, 40):
            limits = None if bound is None else bound.step(oracle.values(x))
            expected = oracle.step(x)
            action = running.step(x)
            for name, array in running.outputs.items():
                if limits is None:
                    assert array.tobytes() == expected[name].tobytes()
                else:
                    assert np.all(np.abs(array.astype(np.float64) - expected[name])
                                  <= limits[name].reshape(-1))
            first = found.output_names[0]
            assert np.array_equal(np.atleast_1d(action), found.act(running.outputs[first]))
            assert action.dtype == running.action_dtype and action.shape == running.action_shape


@pytest.mark.parametrize("backend", runtimes.BACKENDS)
def test_lanes_are_policies_of_their_own(backend: str) -> None:
    found = program_for(backend, "lstm")
    first, second = observations(found, 2, 12)
    with runtimes.load(found, backend) as batch, runtimes.load(found, backend) as single:
        together = [batch.step_batch(np.stack(pair)) for pair in zip(first, second, strict=True)]
        for lane, xs in enumerate((first, second)):
            single.reset()
            alone = [single.step(x) for x in xs]
            assert np.array_equal([actions[lane] for actions in together], alone)
        batch.reset(lane=0)
        single.reset()
        again = batch.step_batch(np.stack([first[0], first[0]]))
        assert np.array_equal(again[0], single.step(first[0]))
        with pytest.raises(UsageError, match="no lane 2"):
            batch.reset(lane=2)


@pytest.mark.parametrize("backend", runtimes.BACKENDS)
def test_reset_forgets_everything(backend: str) -> None:
    found = program_for(backend, "lstm")
    xs = observations(found, 6)
    with runtimes.load(found, backend) as running:
        before = []
        for _ in range(2):
            running.reset()
            before.append([(running.step(x), running.outputs)[1]["logits"] for x in xs])
        assert np.array_equal(*before)
        assert not np.array_equal(before[0][0], (running.step(xs[0]), running.outputs)[1]["logits"])


@pytest.mark.parametrize("backend", runtimes.BACKENDS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_observation_changes_nothing(backend: str, bad: float) -> None:
    found = program_for(backend, "lstm")
    xs = observations(found, 4)
    wrong = xs[1].copy()
    wrong[2] = bad
    with runtimes.load(found, backend) as running, runtimes.load(found, backend) as other:
        running.step(xs[0])
        out = running.step(xs[0], np.empty(running.action_shape, running.action_dtype))
        kept = out.copy()
        with pytest.raises(UsageError, match="NaN or infinite"):
            running.step(wrong, out)
        assert np.array_equal(out, kept)
        with pytest.raises(UsageError, match="NaN or infinite"):
            running.step_batch(np.stack([xs[0], wrong]))
        for x in (xs[0], xs[0], xs[1]):
            other.step(x)
        running.step(xs[1])
        assert running.outputs["logits"].tobytes() == other.outputs["logits"].tobytes()
        fresh = running.step_batch(xs[:2])
        other.reset()
        assert np.array_equal(fresh, other.step_batch(xs[:2]))


FLOATS = [name for name in runtimes.BACKENDS if name != "micropython"]


@pytest.mark.parametrize("backend", FLOATS)
def test_an_overflow_changes_nothing(backend: str) -> None:
    """A MinGRU's candidate of 3e38 in three rows is infinite; later steps are as if never asked."""
    found = zoo.program("min_gru")
    xs, huge = observations(found, 4), np.full(found.contract.observation_size, 3e38, np.float32)
    with runtimes.load(found, backend) as running, runtimes.load(found, backend) as other:
        out = running.step(xs[0], np.empty(running.action_shape, running.action_dtype))
        other.step(xs[0])
        kept, outputs = out.copy(), running.outputs
        with pytest.raises(StepError) as refused:
            running.step(huge, out)
        assert refused.value.status in (Status.BAD_STATE, Status.BAD_OUTPUT)
        assert np.array_equal(out, kept)
        assert np.array_equal(running.step(xs[1]), other.step(xs[1]))
        assert running.outputs["logits"].tobytes() == other.outputs["logits"].tobytes()
        assert np.isfinite(outputs["logits"]).all()
        # One lane is refused, the other goes on.
        running.step_batch(xs[:2])
        other.step_batch(xs[:2])
        room = np.full((2, *running.action_shape), 77, running.action_dtype)
        with pytest.raises(StepError):
            running.step_batch(np.stack([xs[2], huge]), room)
        assert (room[1] == 77).all()
        assert np.array_equal(room[0], other.step_batch(np.stack([xs[2], xs[3]]))[0])


@pytest.mark.parametrize("backend", runtimes.BACKENDS)
def test_buffers_are_the_callers(backend: str) -> None:
    found = program_for(backend, "mlp")
    xs = observations(found, 3)
    with runtimes.load(found, backend) as running:
        expected = [running.step(x) for x in xs]
        buffer, out = np.empty_like(xs[0]), np.empty(running.action_shape, running.action_dtype)
        for x, action in zip(xs, expected, strict=True):
            buffer[:] = x
            assert running.step(buffer, out) is out
            assert np.array_equal(out, action)
            room = np.empty(1 if out.shape == () else out.shape, out.dtype)
            assert running.step(buffer, room) is room and np.array_equal(room.ravel(), out.ravel())
        for given in (xs[2].astype(np.float64), xs[2].reshape(2, -1), xs[2].tolist(),
                      np.repeat(xs[2], 2)[::2]):
            assert np.array_equal(running.step(given), expected[2])


@pytest.mark.parametrize("backend", runtimes.BACKENDS)
def test_actions_are_what_gymnasium_takes(backend: str) -> None:
    """A single choice is an int32, that any environment takes; several are an array."""
    spaces = pytest.importorskip("gymnasium.spaces")
    found = program_for(backend, "mlp")
    (choices,) = found.contract.action.sizes
    with runtimes.load(found, backend) as running:
        action = running.step(observations(found))
        assert spaces.Discrete(choices).contains(action) and isinstance(action, np.integer)
        assert {0: "a", 1: "b", 2: "c", 3: "d", 4: "e"}[action] and range(choices)[action] == action
        lanes = running.step_batch(observations(found, 3))
        assert spaces.MultiDiscrete([choices] * 3).contains(lanes)
    if backend in FLOATS:
        found = POLICIES["multi_discrete"]()
        with runtimes.load(found, backend) as running:
            assert spaces.MultiDiscrete(found.contract.action.sizes).contains(
                running.step(observations(found)))


@pytest.mark.parametrize("backend", runtimes.BACKENDS)
def test_wrong_buffers_are_one_error(backend: str) -> None:
    found = program_for(backend, "mlp")
    x = observations(found)
    with runtimes.load(found, backend) as running:
        out = np.zeros(running.action_shape, running.action_dtype)
        for wrong in (x[:-1], np.append(x, x), x.astype(complex), np.array(["a"] * x.size), None,
                          [[1.0], [2.0, 3.0]]):
            with pytest.raises(UsageError):
                running.step(wrong)
        frozen = out.copy()
        frozen.flags.writeable = False
        for room in (np.append(out, out), out.astype(np.float64), frozen, [0]):
            with pytest.raises(UsageError, match="out must be"):
                running.step(x, room)
        for rows in (np.stack([x, x])[:, :-1], np.float32(1), None, []):
            with pytest.raises(UsageError):
                running.step_batch(rows)
        both = running.step_batch(np.stack([x, x])).copy()
        for rows in ([x.tolist(), x.tolist()], (x, x), np.stack([x, x]).astype(np.float64)):
            assert np.array_equal(running.step_batch(rows), both)
        with pytest.raises(UsageError):
            running.step_batch(np.stack([x, x]), out)
    with pytest.raises(UsageError, match="closed"):
        running.step(x)
    with pytest.raises(UsageError, match="closed"):
        running.step(x.copy())


def test_a_buffer_in_use_cannot_be_resized() -> None:
    found = program("mlp", "float32")
    x = observations(found)
    with runtimes.load(found, "native") as running:
        running.step(x)
        with pytest.raises(ValueError, match="resize"):
            x.resize(1)


@pytest.mark.parametrize("scheme", ["float32", "int8"])
def test_an_artefact_runs_on_every_exact_back_end(tmp_path: Path, scheme: str) -> None:
    found = program("lstm", scheme)
    directory = tmp_path / "lander"
    if scheme == "float32":
        puffer_edge.export(found, directory, target="cortex-m")
    else:

        write_artefact(found, directory, target="cortex-m", name="lander", scheme=scheme)
    with np.load(directory / "vectors.npz") as vectors:
        for backend in (backend for backend in EXACT if takes(backend, scheme)):
            with runtimes.load(directory, backend) as running:
                for x, reset, raw in zip(vectors["observations"], vectors["reset"],
                                         vectors["output_logits"], strict=True):
                    if reset:
                        running.reset()
                    running.step(x)
                    assert running.outputs["logits"].tobytes() == raw.tobytes()


def test_a_damaged_artefact_is_one_error(tmp_path: Path) -> None:
    puffer_edge.export(program("mlp", "float32"), tmp_path / "a")
    for name in ("policy.h", "program.npz"):
        path = tmp_path / "a" / name
        good = path.read_bytes()
        path.write_bytes(good[:100] + b"x" + good[101:])
        with pytest.raises(FileFormatError, match="not the one"):
            runtimes.load(tmp_path / "a", "numpy")
        path.write_bytes(good)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError):
        runtimes.load(tmp_path / "empty")


def test_wrong_choices_are_named() -> None:
    found = program("mlp", "float32")
    with pytest.raises(UsageError, match="no back end 'abacus'"):
        runtimes.load(found, "abacus")
    with pytest.raises(UsageError, match="only a policy file takes options"):
        runtimes.load(found, "numpy", activation="tanh")


@pytest.mark.parametrize(("backend", "package"), [
    ("native", "cffi"), ("torch", "torch"), ("onnxruntime", "onnxruntime"),
    ("tflite", "ai_edge_litert")])
def test_a_missing_package_gives_the_command(monkeypatch: pytest.MonkeyPatch, backend: str,
                                             package: str) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec",
                        lambda name, *rest: None if name == package else real(name, *rest))
    found = program("mlp", "float32")
    with pytest.raises(MissingDependencyError, match="pip install"):
        runtimes.load(found, backend)
    if backend == "native":
        with runtimes.load(found) as running:
            assert running.backend == "numpy"
