# SPDX-License-Identifier: MIT
"""Policies as Unity ML-Agents exports them, judged by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import puffer_edge
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import ActionMask, Continuous, Discrete, Hybrid
from tests.frontends.onnx_models import node

BRANCHES = (3, 2)
WIDTH = sum(BRANCHES)
INPUT = 6


def weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(11)
    made = {"w0": (8, INPUT), "b0": (8,), "wc": (2, 8), "bc": (2,), "wd": (WIDTH, 8),
            "bd": (WIDTH,)}
    return {name: random.standard_normal(shape).astype(np.float32)
            for name, shape in made.items()}


def branch(index: int, end: str) -> list[onnx.NodeProto]:
    """One branch: masked probabilities, their logarithm, and what is done with that."""
    i = index
    return [node("Slice", f"logits from{i} to{i} axis", f"l{i}"),
            node("Slice", f"action_masks from{i} to{i} axis", f"m{i}"),
            node("Softmax", f"l{i}", f"p{i}", axis=1), node("Add", f"p{i} epsilon", f"e{i}"),
            node("Mul", f"e{i} m{i}", f"k{i}"), node("ReduceSum", f"k{i} axis", f"s{i}"),
            node("Div", f"k{i} s{i}", f"n{i}"), node("Add", f"n{i} epsilon", f"a{i}"),
            node("Log", f"a{i}", f"log{i}"),
            *([] if end == "log" else [node("ArgMax", f"log{i}", f"c{i}", axis=1, keepdims=1),
                                       node("Multinomial", f"log{i}", f"r{i}")])]


def save(path: Path, nodes: list[onnx.NodeProto], outputs: dict[str, tuple[int, int]],
         constants: dict[str, np.ndarray], masked: bool = True) -> Path:
    starts = np.cumsum([0, *BRANCHES])
    arrays = {**weights(), "epsilon": np.float32(1e-7), "axis": np.array([1], np.int64),
              **{f"from{i}": starts[i : i + 1] for i in range(len(BRANCHES))},
              **{f"to{i}": starts[i + 1 : i + 2] for i in range(len(BRANCHES))}}
    used = {name for one in nodes for name in one.input}
    graph = helper.make_graph(
        nodes, "ml_agents",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])
         for name, size in (("obs_0", INPUT), ("action_masks", WIDTH))[: 2 if masked else 1]],
        [*(helper.make_tensor_value_info(name, dtype, [1, size])
           for name, (dtype, size) in outputs.items()),
         *(helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape)
           for name, array in constants.items())],
        [onnx.numpy_helper.from_array(np.asarray(array), name)
         for name, array in {**arrays, **constants}.items() if name in used or name in constants])
    path.write_bytes(helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7).SerializeToString())
    return path


BODY = [node("Gemm", "obs_0 w0 b0", "h", transB=1), node("Tanh", "h", "t")]
DISCRETE = [node("Gemm", "t wd bd", "logits", transB=1)]
CONTINUOUS = [node("Gemm", "t wc bc", "mu", transB=1), node("Clip", "mu low high", "clipped"),
              node("Div", "clipped high", "deterministic_continuous_actions"),
              node("RandomNormalLike", "mu", "noise"),
              node("Add", "mu noise", "continuous_actions")]
BOUNDS = {"low": np.float32(-3), "high": np.float32(3)}


@pytest.fixture
def hybrid(tmp_path: Path) -> Path:
    """Version 2.x with both kinds of action."""
    nodes = [*BODY, *DISCRETE, *CONTINUOUS, *branch(0, "choice"), *branch(1, "choice"),
             node("Concat", "c0 c1", "deterministic_discrete_actions", axis=1),
             node("Concat", "r0 r1", "drawn", axis=1),
             node("Cast", "drawn", "discrete_actions", to=TensorProto.INT64)]
    constants = {"version_number": np.float32([3]), "memory_size": np.float32([0])}
    outputs = {"continuous_actions": (1, 2), "deterministic_continuous_actions": (1, 2),
               "discrete_actions": (7, 2), "deterministic_discrete_actions": (7, 2)}
    path = save(tmp_path / "hybrid.onnx", nodes, outputs, constants)
    model = onnx.load(path)
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(a), name) for name, a in BOUNDS.items())
    path.write_bytes(model.SerializeToString())
    return path


def observations(mask: ActionMask, count: int = 50) -> np.ndarray:
    random = np.random.default_rng(2)
    return mask.at_random(random.standard_normal((count, INPUT + WIDTH)).astype(np.float32),
                          random)


def test_both_kinds_of_action_in_one_policy(hybrid: Path) -> None:
    program = puffer_edge.load(hybrid)
    assert program.contract.action == Hybrid(Continuous(2), Discrete(BRANCHES))
    mask = program.contract.mask
    assert mask == ActionMask(INPUT, BRANCHES)
    session, ours = onnxruntime.InferenceSession(hybrid), Interpreter(program)
    for x in observations(mask):
        moving, chosen = session.run(
            ["deterministic_continuous_actions", "deterministic_discrete_actions"],
            {"obs_0": x[None, :INPUT], "action_masks": x[None, INPUT:]})
        action = ours.act(x)
        assert np.allclose(action["continuous"], moving[0], atol=1e-5)
        assert action["discrete"].tolist() == chosen[0].tolist()


def test_one_kind_may_be_asked_for(hybrid: Path) -> None:
    assert puffer_edge.load(hybrid, action="continuous").contract.action == Continuous(2)
    assert puffer_edge.load(hybrid, action="discrete").contract.action == Discrete(BRANCHES)


def test_random_choices_become_the_most_likely(tmp_path: Path) -> None:
    """Files before 2.1 have ``discrete_actions`` alone, drawn from the masked logits."""
    nodes = [*BODY, *DISCRETE, *branch(0, "choice"), *branch(1, "choice"),
             node("Concat", "r0 r1", "discrete_actions", axis=1)]
    path = save(tmp_path / "drawn.onnx", nodes, {"discrete_actions": (6, 2)}, {})
    program = puffer_edge.load(path)
    assert program.contract.action == Discrete(BRANCHES)
    assert program.contract.mask == ActionMask(INPUT, BRANCHES)


@pytest.mark.parametrize("masked", [True, False])
def test_version_1_says_what_its_action_is(masked: bool, tmp_path: Path) -> None:
    ends = [*branch(0, "log"), *branch(1, "log")]
    if not masked:
        ends = [node("Slice", f"logits from{i} to{i} axis", f"l{i}") for i in range(2)]
        ends += [node("LogSoftmax", f"l{i}", f"log{i}", axis=1) for i in range(2)]
    nodes = [*BODY, *DISCRETE, *ends, node("Concat", "log0 log1", "action", axis=1)]
    constants = {"version_number": np.float32([2]), "memory_size": np.float32([0]),
                 "is_continuous_control": np.float32([0]),
                 "action_output_shape": np.float32(BRANCHES)}
    path = save(tmp_path / "one.onnx", nodes, {"action": (1, WIDTH)}, constants, masked)
    program = puffer_edge.load(path)
    assert program.contract.action == Discrete(BRANCHES)
    assert "is_continuous_control" in " ".join(note.text for note in program.notes)
    assert not any(note.code == "action-kind" for note in program.notes)
    session, ours = onnxruntime.InferenceSession(path), Interpreter(program)
    for x in observations(ActionMask(INPUT, BRANCHES)):
        given = {"obs_0": x[None, :INPUT], "action_masks": x[None, INPUT:]}
        (theirs,) = session.run(["action"], dict(list(given.items())[: 2 if masked else 1]))
        wanted = [part.argmax() for part in np.split(theirs[0], [BRANCHES[0]])]
        assert ours.act(x if masked else x[:INPUT]).tolist() == wanted


def test_version_1_that_tells_the_sum_of_its_branches(tmp_path: Path) -> None:
    """The graph cuts its masks at the branches."""
    nodes = [*BODY, *DISCRETE, *branch(0, "log"), *branch(1, "log"),
             node("Concat", "log0 log1", "action", axis=1)]
    constants = {"is_continuous_control": np.float32([0]),
                 "action_output_shape": np.float32([WIDTH])}
    program = puffer_edge.load(save(tmp_path / "one.onnx", nodes, {"action": (1, WIDTH)},
                                    constants))
    assert program.contract.action == Discrete(BRANCHES)
    assert program.contract.mask == ActionMask(INPUT, BRANCHES)


def test_version_1_of_numbers(tmp_path: Path) -> None:
    constants = {"is_continuous_control": np.float32([1]), "action_output_shape": np.float32([2])}
    path = save(tmp_path / "one.onnx", [*BODY, node("Gemm", "t wc bc", "action", transB=1)],
                {"action": (1, 2)}, constants, masked=False)
    assert puffer_edge.load(path).contract.action == Continuous(2)
