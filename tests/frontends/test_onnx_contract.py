# SPDX-License-Identifier: MIT
"""What the inputs and outputs of an ONNX policy are taken for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from puffer_edge.errors import UnsupportedError, UsageError  # noqa: E402
from puffer_edge.frontends.graph.roles import state_pairs  # noqa: E402
from puffer_edge.frontends.onnx.ports import Port  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Continuous, Discrete, Field  # noqa: E402
from tests.frontends.onnx_models import load, model, node, normal  # noqa: E402

RNG = np.random.default_rng(0)
WEIGHTS = {"w": normal(RNG, 3, 4), "v": normal(RNG, 1, 4), "s": normal(RNG, 3, 4)}


def linear_policy(outputs: dict[str, str], end: str = "", **options: Any) -> Any:
    """A policy of one layer per output; ``outputs`` gives each one's weight."""
    nodes = []
    for name, weight in outputs.items():
        inner = f"{name}_raw" if end else name
        nodes.append(node("Gemm", f"obs {weight}", inner, transB=1))
        if end:
            nodes.append(node(end, inner, name))
    shapes = {name: ["batch", WEIGHTS[weight].shape[0]] for name, weight in outputs.items()}
    return model(nodes, {"obs": ["batch", 4]}, shapes, WEIGHTS)


def notes(program: Any) -> str:
    return "\n".join(f"{n.kind}: {n.text}" for n in program.notes)


@pytest.mark.parametrize(("name", "end", "kind"), [
    ("logits", "", Discrete), ("actions", "", Continuous), ("mu", "", Continuous),
    ("output", "", Continuous), ("output", "Tanh", Continuous), ("Q_Values", "", Discrete),
    ("/actor/Mean", "", Continuous), ("discrete_actions", "", Discrete), ("53", "", Continuous),
    ("mlp_output", "", Continuous), ("action_logits", "", Discrete),
    ("output", "Softmax", Discrete), ("actions", "LogSoftmax", Discrete)])
def test_kind_of_action_by_name(name: str, end: str, kind: type, tmp_path: Path) -> None:
    program = load(linear_policy({name: "w"}, end), tmp_path)
    assert isinstance(program.contract.action, kind)
    sure = kind is Discrete or name == "mu"
    assert [note.code for note in program.notes if note.code == "action-kind"] == (
        [] if sure else ["action-kind"])
    assert program.output_names == ("logits" if kind is Discrete else "mean",)
    if not sure:  # raw: nothing is lost
        x = np.array([1.0, -2.0, 0.5, 3.0], np.float32)
        y = WEIGHTS["w"].astype(np.float64) @ x
        np.testing.assert_allclose(Interpreter(program).act(x), np.tanh(y) if end else y,
                                   rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("op", ["Softmax", "ArgMax", "LogSoftmax"])
def test_a_choice_beside_the_output_is_evidence(op: str, tmp_path: Path) -> None:
    """... also where the choice itself is not needed, or is not supported."""
    proto = model([node("Gemm", "obs w", "output", transB=1), node(op, "output", "p", axis=1),
                   node("Sin", "p", "log_prob")],
                  {"obs": [1, 4]}, {"output": [1, 3], "log_prob": [1, 3]}, WEIGHTS)
    assert load(proto, tmp_path).contract.action == Discrete((3,))


@pytest.mark.parametrize(("texts", "kind"), [
    ({"joint_names": "a,b,c", "action_scale": "0.5"}, Continuous),
    ({"puffer_edge.contract": '{"action": {"kind": "discrete"}}'}, Discrete),
    ({"puffer_edge.contract": '{"action": {"kind": "continuous"}}'}, Continuous)])
def test_metadata_are_evidence(texts: dict[str, str], kind: type, tmp_path: Path) -> None:
    proto = linear_policy({"output": "w"})
    onnx.helper.set_model_props(proto, texts)
    program = load(proto, tmp_path)
    assert isinstance(program.contract.action, kind)
    assert "stated: the action is" in notes(program)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"action": 1}', '{"action": {"kind": []}}',
                                  "[" * 9000])
def test_damaged_metadata_are_none(text: str, tmp_path: Path) -> None:
    proto = linear_policy({"output": "w"})
    onnx.helper.set_model_props(proto, {"puffer_edge.contract": text})
    assert "assumed: the action is continuous" in notes(load(proto, tmp_path))


def test_a_kind_against_the_file_is_warned_of(tmp_path: Path) -> None:
    program = load(linear_policy({"logits": "w"}), tmp_path, action="continuous")
    assert isinstance(program.contract.action, Continuous)
    assert "warning: the options say that the action is continuous" in notes(program)
    program = load(linear_policy({"mu": "w"}), tmp_path, action="discrete")
    assert "contradicts the file: the output is called mu" in notes(program)


def test_options_win_over_names(tmp_path: Path) -> None:
    program = load(linear_policy({"logits": "w"}), tmp_path, action_low=(-1.0,),
                   action_high=(1.0,))
    assert program.contract.action == Continuous(3, low=(-1.0,) * 3, high=(1.0,) * 3)
    program = load(linear_policy({"actions": "w"}), tmp_path, action_sizes=(2, 1))
    assert program.contract.action == Discrete((2, 1))
    program = load(linear_policy({"actions": "w"}), tmp_path, action="discrete")
    assert program.contract.action == Discrete((3,))


def test_value_and_spread_are_dropped(tmp_path: Path) -> None:
    proto = linear_policy({"value": "v", "log_std": "s", "mean": "w"})
    program = load(proto, tmp_path)
    assert program.output_names == ("mean",)
    assert "dropped: output value" in notes(program)
    assert "dropped: output log_std" in notes(program)
    kept = load(proto, tmp_path, keep_value=True)
    assert kept.output_names == ("mean", "value")
    x = np.array([1.0, -2.0, 0.5, 3.0], np.float32)
    result = Interpreter(kept).step(x)
    np.testing.assert_allclose(result["mean"], WEIGHTS["w"] @ x, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(result["value"], WEIGHTS["v"] @ x, rtol=1e-5, atol=1e-6)


def test_unknown_outputs_are_kept_and_the_first_one_acts(tmp_path: Path) -> None:
    program = load(linear_policy({"foo": "w", "bar": "v"}), tmp_path)
    assert program.output_names == ("mean", "output_1")
    assert "assumed: kept beside the action, raw" in notes(program)
    assert "output bar as output_1" in notes(program)


@pytest.mark.parametrize("extra", [
    [node("Gather", "table clock", "joint_pos")], [node("RandomUniformLike", "obs", "joint_pos")]])
def test_what_stands_beside_the_action_and_is_not_its_own_is_left_out(extra: Any, tmp_path: Path
                                                                      ) -> None:
    """As BeyondMimic's motion, looked up by an input time_step; or what is not supported."""
    nodes = [node("Cast", "time_step", "clock", to=onnx.TensorProto.INT64), *extra,
             node("Gemm", "obs w", "actions", transB=1)]
    proto = model(nodes, {"obs": [1, 4], "time_step": [1]},
                  {"actions": [1, 3], "joint_pos": [1, 4]},
                  {**WEIGHTS, "table": normal(RNG, 9, 4)})
    program = load(proto, tmp_path)
    assert program.contract.observation == (Field("obs", (4,)),)
    assert program.output_names == ("mean",)
    assert "assumed: left out" in notes(program) and "joint_pos" in notes(program)


def test_a_recurrent_input_that_is_not_used_is_state(tmp_path: Path) -> None:
    """As Godot RL exports them; they neither act nor stand beside the action."""
    proto = model([node("Gemm", "obs w", "output", transB=1), node("Identity", "state_ins",
                                                                   "state_outs")],
                  {"obs": [1, 4], "state_ins": [1]}, {"output": [1, 3], "state_outs": [1]}, WEIGHTS)
    program = load(proto, tmp_path)
    assert program.contract.observation == (Field("obs", (4,)),)
    assert program.output_names == ("mean",) and not program.states


def test_what_only_dropped_outputs_need_is_not_read(tmp_path: Path) -> None:
    proto = model([node("Gemm", "obs w", "logits", transB=1), node("Det", "other", "value")],
                  {"obs": [1, 4], "other": [2, 2]}, {"logits": [1, 3], "value": []}, WEIGHTS)
    program = load(proto, tmp_path)
    assert program.contract.observation == (Field("obs", (4,)),)
    assert "dropped: input other" in notes(program)


@pytest.mark.parametrize("keepdims", [0, 1])
def test_argmax_at_the_end_is_left_to_the_contract(keepdims: int, tmp_path: Path) -> None:
    proto = model([node("Gemm", "obs w", "y", transB=1),
                   node("ArgMax", "y", "i", axis=-1, keepdims=keepdims),
                   node("Cast", "i", "action", to=onnx.TensorProto.INT32)],
                  {"obs": [1, 4]}, {"action": ["n"] if not keepdims else ["n", 1]}, WEIGHTS,
                  dtypes={"action": onnx.TensorProto.INT32})
    program = load(proto, tmp_path)
    assert program.contract.action == Discrete((3,))
    assert "dropped: ArgMax" in notes(program)
    x = RNG.normal(size=4).astype(np.float32)
    assert Interpreter(program).act(x) == [np.argmax(WEIGHTS["w"] @ x)]
    with pytest.raises(UsageError, match="not continuous"):
        load(proto, tmp_path, action="continuous")


def test_several_argmax_are_several_heads(tmp_path: Path) -> None:
    proto = model([node("Gemm", "obs w", "y", transB=1), node("Gemm", "obs s", "z", transB=1),
                   node("ArgMax", "y", "i", axis=1), node("ArgMax", "z", "j", axis=1),
                   node("Concat", "i j", "action", axis=1)],
                  {"obs": [1, 4]}, {"action": [1, 2]}, WEIGHTS,
                  dtypes={"action": onnx.TensorProto.INT64})
    program = load(proto, tmp_path)
    assert program.contract.action == Discrete((3, 3))
    x = RNG.normal(size=4).astype(np.float32)
    expected = [np.argmax(WEIGHTS[k] @ x) for k in "ws"]
    np.testing.assert_array_equal(Interpreter(program).act(x), expected)


@pytest.mark.parametrize("last", [True, False])
def test_log_softmax_is_left_out_only_at_the_end(last: bool, tmp_path: Path) -> None:
    nodes = [node("Gemm", "obs w", "y", transB=1), node("LogSoftmax", "y", "l" if not last else
                                                        "logits", axis=-1)]
    if not last:
        nodes.append(node("Neg", "l", "logits"))
    program = load(model(nodes, {"obs": [1, 4]}, {"logits": [1, 3]}, WEIGHTS), tmp_path)
    assert ("dropped: LogSoftmax" in notes(program)) == last
    x = RNG.normal(size=4).astype(np.float32)
    y = WEIGHTS["w"].astype(np.float64) @ x
    expected = y if last else np.log(np.exp(y).sum()) - y
    np.testing.assert_allclose(Interpreter(program).step(x)["logits"], expected, rtol=1e-5,
                               atol=1e-6)


def test_final_tanh_becomes_the_squash_that_is_asked_for(tmp_path: Path) -> None:
    proto = linear_policy({"actions": "w"}, "Tanh")
    bounds = {"action_low": (-2.0,), "action_high": (2.0,)}
    left = load(proto, tmp_path, **bounds)
    assert "warning: the policy ends in Tanh" in notes(left)
    assert not left.contract.action.squash  # type: ignore[union-attr]
    scaled = load(proto, tmp_path, squash=True, **bounds)
    x = np.array([3.0, -1.0, 2.0, 0.5], np.float32)
    expected = 2 * np.tanh(WEIGHTS["w"] @ x)
    np.testing.assert_allclose(Interpreter(scaled).act(x), expected, rtol=1e-5, atol=1e-6)


def test_several_inputs_are_fields_of_one_observation(tmp_path: Path) -> None:
    proto = model([node("Concat", "gyro cam:0", "x", axis=1), node("Gemm", "x w", "logits",
                                                                   transB=1)],
                  {"gyro": ["batch", 3], "cam:0": ["batch", 1]}, {"logits": ["batch", 3]}, WEIGHTS)
    program = load(proto, tmp_path)
    assert program.contract.observation == (Field("gyro", (3,)), Field("obs_1", (1,)))
    assert "the dynamic dimensions batch are 1" in notes(program)
    x = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    (ours,) = Interpreter(program).step(x).values()
    np.testing.assert_allclose(ours, WEIGHTS["w"] @ x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("integer", [onnx.TensorProto.UINT8, onnx.TensorProto.INT64])
def test_integer_observation(integer: int, tmp_path: Path) -> None:
    nodes = [node("Transpose", "obs", "t", perm=[0, 2, 1]), node("Flatten", "t", "f"),
             node("Cast", "f", "x", to=1), node("Gemm", "x w", "logits", transB=1)]
    ports: Any = ({"obs": [1, 2, 2]}, {"logits": [1, 3]})
    program = load(model(nodes, *ports, WEIGHTS, dtypes={"obs": integer}), tmp_path)
    assert "input obs is of integers" in notes(program)
    (ours,) = Interpreter(program).step(np.array([255, 1, 2, 3])).values()
    np.testing.assert_allclose(ours, WEIGHTS["w"] @ [255, 2, 1, 3], rtol=1e-5, atol=1e-4)
    nodes[0] = node("Add", "obs obs", "t")
    with pytest.raises(UnsupportedError, match="arithmetic on integers"):
        load(model(nodes, *ports, WEIGHTS, dtypes={"obs": integer}), tmp_path)


@pytest.mark.parametrize(("inputs", "outputs", "pairs"), [
    ("h c", "h_out c_out", "h:h_out c:c_out"),
    ("h_in c_in", "c_out h_out", "h_in:h_out c_in:c_out"),
    ("h0 c0", "hn cn", "h0:hn c0:cn"),
    ("h_0 h_1", "h_0_out h_1_out", "h_0:h_0_out h_1:h_1_out"),
    ("h", "new_h", "h:new_h"), ("h", "next_h", "h:next_h"), ("h", "h_1", "h:h_1"),
    ("hidden_state", "next_hidden_state", "hidden_state:next_hidden_state"),
    ("hiddenIn", "hiddenOut", "hiddenIn:hiddenOut"),
    ("state_in_0 state_in_1", "state_out_0 state_out_1",
     "state_in_0:state_out_0 state_in_1:state_out_1"),
    ("recurrent_in", "recurrent_out", "recurrent_in:recurrent_out"),
    ("prev_hx", "hx", "prev_hx:hx"),
    ("input", "output", ""), ("obs_in", "obs_out", ""), ("prev_action", "action", ""),
    ("goal", "logits", ""), ("h", "h_out h_next", ""),
])
def test_state_by_name(inputs: str, outputs: str, pairs: str) -> None:
    shape = (1, 1, 8)
    found = state_pairs([Port("features", (1, 4)), *(Port(n, shape) for n in inputs.split())],
                        [Port("values_", (1, 2)), *(Port(n, shape) for n in outputs.split())],
                        (), "test")
    assert found == dict(pair.split(":") for pair in pairs.split())


@pytest.mark.parametrize("inside", ["", "Reshape", "Expand"])
def test_a_fixed_batch_is_a_batch(inside: str, tmp_path: Path) -> None:
    """As Isaac Lab exports for 12 environments, with a state; compared row by row."""
    runtime = pytest.importorskip("onnxruntime")
    nodes = [node("Gemm", "obs w", "y", transB=1), node("Add", "y h", "h_out"),
             node("Tanh", "h_out", "z")]
    weights = {**WEIGHTS, "shape": np.array([12, 3])}
    nodes.append(node(inside, "z shape", "output") if inside else node("Identity", "z", "output"))
    proto = model(nodes, {"obs": [12, 4], "h": [12, 3]}, {"output": [12, 3], "h_out": [12, 3]},
                  weights)
    program = load(proto, tmp_path)
    assert "assumed: the 12 rows of the input obs are a batch" in notes(program)
    assert program.contract.observation_size == 4 and program.contract.action.width == 3
    session = runtime.InferenceSession(proto.SerializeToString())
    policies, state = [Interpreter(program) for _ in range(12)], np.zeros((12, 3), np.float32)
    for _ in range(3):
        x = RNG.normal(size=(12, 4)).astype(np.float32)
        theirs, state = session.run(None, {"obs": x, "h": state})
        for row, policy in enumerate(policies):
            np.testing.assert_allclose(policy.step(x[row])["mean"], theirs[row], atol=1e-6)


def test_what_is_no_batch(tmp_path: Path) -> None:
    """The output has no rows; the user says so; or the rows are mixed."""
    flat = {"v": normal(RNG, 3, 48), "shape": np.array([1, 48])}
    nodes = [node("Reshape", "obs shape", "y"), node("Gemm", "y v", "output", transB=1)]
    program = load(model(nodes, {"obs": [12, 4]}, {"output": [1, 3]}, flat), tmp_path)
    assert program.contract.observation_size == 48
    proto = model([node("Gemm", "obs w", "output", transB=1)], {"obs": [12, 4]},
                  {"output": [12, 3]}, WEIGHTS)
    program = load(proto, tmp_path, observation={"obs": 48})
    assert program.contract.observation_size == 48 and program.contract.action.width == 36
    mixed = model([node("Transpose", "obs", "t"), node("MatMul", "t obs", "y"),
                   node("Gemm", "obs y", "output")], {"obs": [12, 4]}, {"output": [12, 4]})
    with pytest.raises(UnsupportedError, match="mixes the rows"):
        load(mixed, tmp_path)


def test_state_of_another_shape_is_no_pair() -> None:
    assert not state_pairs([Port("h", (1, 8))], [Port("h_out", (1, 9))], (), "test")
    assert state_pairs([Port("h", (1, 8))], [Port("h_out", (None, 8))], (), "test")


def counter(before: str, after: str) -> Any:
    """A policy whose logits are its state, which adds the observation up."""
    return model([node("Add", f"obs {before}", after), node("Neg", after, "logits")],
                 {"obs": [1, 3], before: [1, 3]}, {"logits": [1, 3], after: [1, 3]})


def test_state_is_carried(tmp_path: Path) -> None:
    program = load(counter("h", "h_out"), tmp_path)
    assert "h and h_out are recurrent state" in notes(program)
    policy, x = Interpreter(program), np.array([1.0, 2.0, 3.0], np.float32)
    for step in (1, 2, 3):
        np.testing.assert_array_equal(policy.step(x)["logits"], -step * x)
    policy.reset()
    np.testing.assert_array_equal(policy.step(x)["logits"], -x)


def test_state_by_option(tmp_path: Path) -> None:
    proto = counter("foo", "bar")
    assert not load(proto, tmp_path).states
    assert len(load(proto, tmp_path, states=(("foo", "bar"),)).states) == 1
    with pytest.raises(UsageError, match="no input baz"):
        load(proto, tmp_path, states=(("baz", "bar"),))
    with pytest.raises(UsageError, match="in two pairs"):
        load(proto, tmp_path, states=(("foo", "bar"), ("obs", "bar")))


def test_state_without_a_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="h_in looks like recurrent state") as caught:
        load(counter("h_in", "something"), tmp_path)
    assert 'states=[("h_in", "something")]' in caught.value.hint


def test_state_that_changes_its_shape_is_refused(tmp_path: Path) -> None:
    proto = model([node("Unsqueeze", "h axes", "h_out"), node("Add", "obs h", "logits")],
                  {"obs": [1, 3], "h": [1, 3]}, {"logits": [1, 3], "h_out": ["a", "b", "c"]},
                  {"axes": np.array([0])})
    with pytest.raises(UnsupportedError, match="shapes"):
        load(proto, tmp_path, states=(("h", "h_out"),))


def test_critic_state_goes_with_the_critic(tmp_path: Path) -> None:
    proto = model([node("Add", "obs h", "h_out"), node("Neg", "h_out", "logits"),
                   node("Add", "obs hidden_critic", "hidden_critic_out"),
                   node("Neg", "hidden_critic_out", "value")],
                  {"obs": [1, 3], "h": [1, 3], "hidden_critic": [1, 3]},
                  {"logits": [1, 3], "value": [1, 3], "h_out": [1, 3],
                   "hidden_critic_out": [1, 3]})
    assert [s.input for s in load(proto, tmp_path).states] == ["h"]
    assert len(load(proto, tmp_path, keep_value=True).states) == 2


def test_isaac_export(tmp_path: Path) -> None:
    """The shape of rsl_rl's recurrent exporter: obs, h_in, c_in -> actions, h_out, c_out."""
    rng, hidden = np.random.default_rng(5), 8
    weights = {"w": normal(rng, 1, 4 * hidden, 5), "r": normal(rng, 1, 4 * hidden, hidden),
               "b": normal(rng, 1, 8 * hidden), "head": normal(rng, 2, hidden),
               "axis": np.array([0])}
    proto = model([node("Unsqueeze", "obs axis", "x"),
                   node("LSTM", "x w r b - h_in c_in", "y h_out c_out", hidden_size=hidden),
                   node("Squeeze", "h_out axis", "top"),
                   node("Gemm", "top head", "actions", transB=1)],
                  {"obs": [1, 5], "h_in": [1, 1, hidden], "c_in": [1, 1, hidden]},
                  {"actions": [1, 2], "h_out": [1, 1, hidden], "c_out": [1, 1, hidden]}, weights)
    program = load(proto, tmp_path)
    assert [s.input for s in program.states] == ["h_in", "c_in"]
    assert program.contract.action == Continuous(2)


def test_lstm_that_forgets_is_noted(tmp_path: Path) -> None:
    weights = {"w": normal(RNG, 1, 32, 5), "r": normal(RNG, 1, 32, 8)}
    proto = model([node("LSTM", "obs w r", "- y", hidden_size=8), node("Flatten", "y", "logits")],
                  {"obs": [1, 1, 5]}, {"logits": [1, 8]}, weights)
    assert "forgets everything at every step" in notes(load(proto, tmp_path))


def test_a_policy_without_observation_or_action_is_refused(tmp_path: Path) -> None:
    proto = model([node("Identity", "w", "logits")], {"obs": [1, 4]}, {"logits": [3, 4]}, WEIGHTS)
    with pytest.raises(UnsupportedError, match="depends on no observation"):
        load(proto, tmp_path)
    with pytest.raises(UnsupportedError, match="no output can be the action"):
        load(linear_policy({"value": "v"}), tmp_path)
