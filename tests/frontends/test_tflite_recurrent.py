# SPDX-License-Identifier: MIT
"""Recurrent layers in TFLite, as Keras writes them: LiteRT's numbers over steps with state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flatbuffers")

import puffer_edge
from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir.ops import LSTMCell
from tests.frontends.support import tflite

ADD, FULLY_CONNECTED, LOGISTIC, MUL, RESHAPE, SUB, TANH = 0, 9, 14, 18, 22, 41, 28
SIN, COS = 66, 108
SPLIT, SEQUENCE_LSTM, STRIDED_SLICE, SLICE, GATHER, PACK, UNPACK, SPLIT_V = (
    49, 44, 45, 65, 36, 83, 88, 102)
N, H = 5, 4
RNG = np.random.default_rng(7)
OBSERVATIONS = RNG.normal(size=(30, N)).astype(np.float32)


def judged(path: Path, memories: dict[str, str], **options: Any) -> None:
    """Free running; ``memories`` are input and output by name, which LiteRT has no memory of."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    other = litert.Interpreter(str(path))
    other.allocate_tensors()
    inputs = {detail["name"]: detail for detail in other.get_input_details()}
    outputs = {detail["name"]: detail["index"] for detail in other.get_output_details()}
    memory = {name: np.zeros(inputs[name]["shape"], np.float32) for name in memories}
    ours = Interpreter(puffer_edge.load(path, action="continuous", **options))
    for x in OBSERVATIONS:
        for name, detail in inputs.items():
            other.set_tensor(detail["index"], memory[name] if name in memory else x.reshape(
                detail["shape"]))
        other.invoke()
        memory = {name: other.get_tensor(outputs[after]) for name, after in memories.items()}
        np.testing.assert_allclose(next(iter(ours.step(x).values())).ravel(),
                                   other.get_tensor(outputs["action"]).ravel(), atol=2e-5)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape, scale=0.5).astype(np.float32)


def linear(model: tflite.Model, x: int, size: int, out: int) -> int:
    return model.add(FULLY_CONNECTED, [x, model.constant(normal(out, size)),
                                       model.constant(normal(out))], (1, out), 8, _0=0)


def unrolled(path: Path, gru: bool) -> None:
    """The cell's own operators, the state as inputs and outputs."""
    model = tflite.Model()
    x, h, c = (model.named(model.tensor((1, n)), name)
               for n, name in ((N, "obs"), (H, "h"), (H, "c")))
    axis = model.tensor((), np.int32(1), 2)

    def gates(value: int, count: int) -> list[int]:
        return model.several(SPLIT, [axis, value], [(1, H)] * count, 35, _0=count)

    def of(code: int, *values: int) -> int:
        return model.add(code, [*values], (1, H), {ADD: 11, MUL: 21, SUB: 28}.get(code, 0))

    a, b = linear(model, x, N, (3 if gru else 4) * H), linear(model, h, H, (3 if gru else 4) * H)
    if gru:
        (xz, xr, xn), (hz, hr, hn) = gates(a, 3), gates(b, 3)
        z, r = of(LOGISTIC, of(ADD, xz, hz)), of(LOGISTIC, of(ADD, xr, hr))
        n = of(TANH, of(ADD, xn, of(MUL, r, hn)))
        one = model.constant(np.ones((1, H)))
        after = [of(ADD, of(MUL, z, h), of(MUL, of(SUB, one, z), n))]
    else:
        i, f, g, o = gates(model.add(ADD, [a, b], (1, 4 * H), 11), 4)
        cell = of(ADD, of(MUL, of(LOGISTIC, f), c), of(MUL, of(LOGISTIC, i), of(TANH, g)))
        after = [of(MUL, of(LOGISTIC, o), of(TANH, cell)), cell]
    y = model.named(linear(model, after[0], H, 3), "action")
    named = [model.named(value, f"{name}_out") for value, name in zip(after, "hc", strict=False)]
    model.write(path, [x, h] if gru else [x, h, c], [y, *named])


@pytest.mark.parametrize("gru", [False, True])
def test_cells_that_are_unrolled(gru: bool, tmp_path: Path) -> None:
    path = tmp_path / "policy.tflite"
    unrolled(path, gru)
    states = {"h": "h_out"} if gru else {"h": "h_out", "c": "c_out"}
    judged(path, states)
    judged(path, states, states=tuple(states.items()))
    program = puffer_edge.load(path, action="continuous")
    assert [note.code for note in program.notes].count("recurrent-state") == len(states)


def fused(path: Path, steps: int, *, time_major: bool, peepholes: bool = False) -> None:
    model = tflite.Model()
    shape = (steps, 1, N) if time_major else (1, steps, N)
    x = model.named(model.tensor((1, N)), "obs")
    if steps == 1:
        rows = model.add(RESHAPE, [x, model.tensor((3,), np.int32(shape), 2)], shape)
    else:  # the same observation twice
        wide = model.add(PACK, [x] * steps, (steps, 1, N), 59, _0=steps, _1=0)
        rows = model.add(RESHAPE, [wide, model.tensor((3,), np.int32(shape), 2)], shape)
    weights = [model.constant(normal(H, n)) for n in (N,) * 4 + (H,) * 4]
    holes = [model.constant(normal(H)) for _ in range(3)] if peepholes else [-1] * 3
    biases = [model.constant(normal(H)) for _ in range(4)]
    states = [model.tensor((1, H)) for _ in range(2)]
    model.variables.update(states)
    y = model.add(SEQUENCE_LSTM, [rows, *weights, *holes, *biases, -1, -1, *states, *[-1] * 4],
                  (*shape[:2], H), 71, _0=4, _3=int(time_major))
    begin, end, one = (model.tensor((3,), np.int32(v), 2) for v in (
        (-1, 0, 0) if time_major else (0, -1, 0), (0, 0, 0), (1, 1, 1)))
    last = model.add(STRIDED_SLICE, [y, begin, end, one], (1, H), 32, _0=0,
                     _1=7, _4=1 if time_major else 2)
    model.write(path, [x], [model.named(linear(model, last, H, 3), "action")])


@pytest.mark.parametrize(("steps", "time_major"), [(1, False), (1, True), (3, False), (3, True)])
def test_the_layer_as_one_operator(steps: int, time_major: bool, tmp_path: Path) -> None:
    path = tmp_path / "policy.tflite"
    fused(path, steps, time_major=time_major)
    judged(path, {})
    program = puffer_edge.load(path, action="continuous")
    assert sum(isinstance(op, LSTMCell) for op in program.ops) == steps
    assert len(program.states) == 2


@pytest.mark.parametrize("gru", [False, True])
def test_the_second_reader_carries_the_state(gru: bool, tmp_path: Path) -> None:
    """Free running beside ours; a state that stays zeros, or goes to the other one, differs."""
    pytest.importorskip("ai_edge_litert")
    from puffer_edge.verification.originals.job import Job
    from puffer_edge.verification.originals.tflite import open_original

    path, names = tmp_path / "policy.tflite", ("h",) if gru else ("h", "c")
    unrolled(path, gru)
    original = open_original(Job("tflite", str(path), shape=(1, N), states=names, size=N))
    ours = Interpreter(puffer_edge.load(path, action="continuous"))
    for _ in range(2):
        original.reset()
        ours.reset()
        for x in OBSERVATIONS:
            (theirs,) = original.step(x).values()
            np.testing.assert_allclose(next(iter(ours.step(x).values())).ravel(), theirs.ravel(),
                                       atol=2e-5)
        assert set(original.state()) == set(names) and all(
            array.any() for array in original.state().values())


def test_peepholes_are_refused_by_name(tmp_path: Path) -> None:
    fused(tmp_path / "policy.tflite", 1, time_major=True, peepholes=True)
    with pytest.raises(UnsupportedError, match="peepholes"):
        puffer_edge.load(tmp_path / "policy.tflite", action="continuous")


def test_operators_that_move(tmp_path: Path) -> None:
    """Slices by negative steps, parts of several sizes, indices: once each, in a chain."""
    model = tflite.Model()

    def integers(*numbers: int) -> int:
        return model.tensor((len(numbers),), np.int32(numbers), 2)

    x = model.named(model.tensor((1, N)), "obs")
    parts = model.several(SPLIT_V, [x, integers(2, 3), model.tensor((), np.int32(1), 2)],
                          [(1, 2), (1, 3)], 79, _0=2)
    back = model.add(STRIDED_SLICE, [parts[1], integers(0, 2), integers(1, 0), integers(1, -1)],
                     (1, 3), 32, _0=0, _1=2)
    cut = model.add(SLICE, [back, integers(0, 1), integers(-1, 2)], (1, 2), 49)
    both = model.add(PACK, [cut, parts[0]], (1, 2, 2), 59, _0=2, _1=1)
    first, second = model.several(UNPACK, [both], [(1, 2), (1, 2)], 64, _0=2, _1=1)
    y = model.add(ADD, [first, second], (1, 2), 11)
    y = model.add(GATHER, [y, integers(1, 0, 1)], (1, 3), 23, _0=1)
    y = model.add(MUL, [model.add(SIN, [y], (1, 3)), model.add(COS, [y], (1, 3))], (1, 3), 21)
    model.write(tmp_path / "policy.tflite", [x], [model.named(y, "action")])
    judged(tmp_path / "policy.tflite", {})


def test_several_inputs_ask_for_their_states(tmp_path: Path) -> None:
    """And the way out that the hint names is one."""
    model = tflite.Model()
    x, other = model.named(model.tensor((1, N)), "obs"), model.named(model.tensor((1, N)), "z")
    y = model.named(model.add(ADD, [x, other], (1, N), 11), "action")
    after = model.named(model.add(TANH, [y], (1, N)), "tanh")
    model.write(tmp_path / "policy.tflite", [x, other], [y, after])
    with pytest.raises(UnsupportedError, match="2 inputs: obs, z") as why:
        puffer_edge.load(tmp_path / "policy.tflite", action="continuous")
    assert "state" in why.value.hint
    judged(tmp_path / "policy.tflite", {"z": "tanh"}, states=(("z", "tanh"),))
