# SPDX-License-Identifier: MIT
"""What ``forward`` takes and returns -> observation, state, action, notes; and every error."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import puffer_edge  # noqa: E402
from puffer_edge.errors import (  # noqa: E402
    FileFormatError,
    MissingDependencyError,
    PufferEdgeError,
    UnsupportedError,
    UsageError,
)
from puffer_edge.frontends.options import LoadOptions  # noqa: E402
from puffer_edge.frontends.torch_export import load_module, load_pt2  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Continuous, Discrete, Field, Program  # noqa: E402
from tests.frontends.torch_models import KEEP, Net  # noqa: E402


def zeros(*shape: int, **options: Any) -> Any:
    return torch.zeros(shape, **options)


def linear(inputs: int = 6, outputs: int = 3) -> nn.Module:
    return nn.Linear(inputs, outputs)


def load(function: Any, *example: Any, options: LoadOptions = KEEP, **parts: Any) -> Program:
    return load_module(Net(function, **parts), options, example=example or (zeros(1, 6),))


def notes(program: Program, kind: str) -> str:
    return "\n".join(note.text for note in program.notes if note.kind == kind)


# What the outputs are


def test_a_single_output_is_no_choice_unless_something_says_so() -> None:
    program = load_module(linear(), KEEP, observation_shape=(6,))
    assert program.contract.action == Continuous(3)
    assert "the action is continuous, given raw" in notes(program, "assumed")
    program = load_module(nn.Sequential(linear(), nn.Softmax(-1)), KEEP, observation_shape=(6,))
    assert program.contract.action == Discrete((3,))
    assert "ends in a softmax" in notes(program, "stated")
    assert program.contract.observation == (Field("obs", (6,)),)


@pytest.mark.parametrize("name", ["_TorchPolicyExporter", "Policy"])
def test_a_known_exporters_class_is_evidence(name: str, tmp_path: Path) -> None:
    """Isaac Lab's and legged_gym's, whose policies are Gaussian."""
    kind = type(name, (nn.Sequential,), {})
    torch.jit.trace(kind(linear()), zeros(1, 6)).save(str(tmp_path / "policy.pt"))
    program = puffer_edge.load(tmp_path / "policy.pt")
    assert program.contract.action == Continuous(3)
    sure = name != "Policy"
    assert ("exporter of rsl_rl" in notes(program, "stated")) == sure
    assert ("the action is continuous" in notes(program, "assumed")) != sure


def test_options_decide_the_action() -> None:
    program = load_module(linear(), LoadOptions(action_sizes=(1, 2)), observation_shape=(6,))
    assert program.contract.action == Discrete((1, 2))
    program = load_module(linear(), LoadOptions(action="continuous", action_low=(-1.0,),
                                                action_high=(2.0,)), observation_shape=(6,))
    assert program.contract.action == Continuous(3, low=(-1.0,) * 3, high=(2.0,) * 3)
    with pytest.raises(UsageError, match="do not add up"):
        load_module(linear(), LoadOptions(action_sizes=(2, 2)), observation_shape=(6,))


def test_a_squashed_mean_loses_its_tanh_to_the_contract() -> None:
    net = nn.Sequential(linear(), nn.Tanh())
    options = LoadOptions(squash=True, action_low=(-2.0,), action_high=(2.0,))
    program = load_module(net, options, observation_shape=(6,))
    assert program.producers()[program.outputs[0]].layer == "0"
    x = np.linspace(-1, 1, 6, dtype=np.float32)
    with torch.no_grad():
        expected = 2 * net(torch.from_numpy(x)).numpy()
    assert np.allclose(Interpreter(program).act(x), expected, atol=1e-6)


@pytest.mark.parametrize(("make", "names"), [
    (lambda a, v: (a, v), ("mean", "value")), (lambda a, v: {"value": v, "logits": a},
                                                 ("logits", "value")),
    (lambda a, v: {"critic": v, "mean": a}, ("mean", "value")),
    (lambda a, v: {"actor": {"logits": a}, "critic": {"values": v}}, ("logits", "value"))])
def test_the_value_is_second_whatever_it_is_called(make: Any, names: tuple[str, ...]) -> None:
    program = load(lambda net, x: make(net.a(x), net.v(x)), a=linear(), v=linear(6, 1))
    assert program.output_names == names


def test_the_value_is_dropped_with_a_note_unless_it_is_wanted() -> None:
    program = load(lambda net, x: {"logits": net.a(x), "value": net.v(x)}, options=LoadOptions(),
                   a=linear(), v=linear(6, 1))
    assert program.output_names == ("logits",) and len(program.ops) == 1
    assert "output value" in notes(program, "dropped")


def test_puffer_edge_load_takes_a_module() -> None:
    program = puffer_edge.load(nn.Sequential(linear(), nn.Tanh()), observation_shape=(6,),
                               action="continuous")
    assert isinstance(program.contract.action, Continuous)


def test_argmax_at_the_end_is_left_to_the_contract() -> None:
    program = load(lambda net, x: net.a(x).argmax(-1), a=linear())
    assert program.contract.action == Discrete((3,))
    assert "argmax" in notes(program, "dropped")
    program = load(lambda net, x: torch.stack(
        [part.argmax(-1) for part in net.a(x).split([2, 3], -1)], -1), a=linear(6, 5))
    assert program.contract.action == Discrete((2, 3))
    assert np.all(Interpreter(program).act(np.ones(6)) < [2, 3])


def test_an_argmax_in_the_middle_is_an_index() -> None:
    """Of gates, of rows of a table: the contract has nothing to choose."""
    def forward(net: Any, x: Any) -> Any:
        index = net.a(x).argmax(-1, keepdim=True)
        hot = torch.nn.functional.one_hot(index.squeeze(-1), 3).float()
        return torch.cat([hot * 0.5, torch.gather(x, 1, index), 2.0 * net.a(x).argmin(1, True)], 1)

    program = load(forward, a=linear(), options=LoadOptions(action="continuous"))
    assert not notes(program, "dropped")
    layer = program.constants
    for x in np.random.default_rng(2).standard_normal((20, 6)).astype(np.float32):
        (y,) = Interpreter(program).step(x).values()
        logits = next(v for k, v in layer.items() if "weight" in k) @ x + next(
            v for k, v in layer.items() if "bias" in k)
        best, worst = logits.argmax(), logits.argmin()
        assert y.reshape(-1).tolist() == [*np.eye(3)[best] * 0.5, x[best], 2 * worst]


def test_log_softmax_at_the_end_is_left_out() -> None:
    program = load(lambda net, x: net.a(x).log_softmax(-1), a=linear())
    assert len(program.ops) == 1 and "log_softmax" in notes(program, "dropped")


# What the inputs are


def test_several_inputs_are_parts_of_the_observation() -> None:
    program = load(lambda net, image, vector: net.a(torch.cat([image.flatten(1), vector], 1)),
                   zeros(1, 2, 2), zeros(1, 2), a=linear())
    assert program.contract.observation_size == 6
    assert [f.shape for f in program.contract.observation] == [(2, 2), (2,)]
    assert "one after another" in notes(program, "stated")


def test_a_dict_observation() -> None:
    program = load(lambda net, obs: net.a(torch.cat([obs["imu"], obs["goal"]], 1)),
                   {"imu": zeros(1, 4), "goal": zeros(1, 2)}, a=linear())
    assert [f.shape for f in program.contract.observation] == [(4,), (2,)]


def test_integer_observations_must_be_converted() -> None:
    program = load(lambda net, x: net.a(x.float() / 255), zeros(1, 6, dtype=torch.uint8),
                   a=linear())
    assert "same numbers as float32" in notes(program, "stated")
    load(lambda net, x: net.a(x.flatten(1) / 255.0), zeros(1, 2, 3, dtype=torch.uint8), a=linear())
    with pytest.raises(UnsupportedError, match="arithmetic on integers"):
        load(lambda net, x: net.a((x + 1).float()), zeros(1, 6, dtype=torch.uint8), a=linear())
    with pytest.raises(UnsupportedError, match="conversion to uint8"):
        load(lambda net, x: net.a(x.to(torch.uint8).float()), a=linear())


def test_a_conversion_to_integers_cuts_off() -> None:
    program = load(lambda net, x: x.int().clamp(-2, 1).float() + (x > 0).sum(1, keepdim=True),
                   options=LoadOptions(action="continuous"))
    x = np.array([-2.9, -0.9, 0.9, 1.1, 5.5, 0.0], np.float32)
    (y,) = Interpreter(program).step(x).values()
    assert y.reshape(-1).tolist() == [1, 3, 3, 4, 4, 3]


def rnn(net: Any, x: Any, memory: Any) -> Any:
    memory = net.cell(x, memory)
    return net.a(memory), memory


def test_state_by_name_by_shape_and_by_option() -> None:
    parts = {"cell": nn.GRUCell(6, 4), "a": linear(4)}
    for function in (rnn, lambda net, x, q: rnn(net, x, q)):
        program = load(function, zeros(1, 6), zeros(1, 4), **parts)
        assert len(program.states) == 1 and program.outputs == program.outputs[:1]
        assert "recurrent state, zero at reset" in notes(program, "assumed")
    flipped = Net(lambda net, x, q: rnn(net, x, q)[::-1], **parts)
    for wanted in ("0",):
        program = load_module(flipped, LoadOptions(states=(("inputs_1", wanted),)),
                              example=(zeros(1, 6), zeros(1, 4)))
        assert program.values[program.outputs[0]].shape == (1, 3)


class Named(nn.Module):
    """As people write it: the argument's name tells."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.a = nn.LSTMCell(6, 4), linear(4)

    def forward(self, obs: Any, state: tuple[Any, Any]) -> Any:
        h, c = self.cell(obs, state)
        return {"logits": self.a(h), "state": (h, c)}


def test_named_state() -> None:
    example = (zeros(1, 6), (zeros(1, 4), zeros(1, 4)))
    program = load_module(Named(), KEEP, example=example)
    assert [s.input for s in program.states] == ["state_0", "state_1"]
    options = LoadOptions(states=(("state_1", "state.1"), ("state_0", "state.0")))
    assert len(load_module(Named(), options, example=example).states) == 2
    with pytest.raises(UsageError, match="no argument hidden") as error:
        load_module(Named(), LoadOptions(states=(("hidden", "0"),)), example=example)
    assert "state_0" in error.value.hint
    with pytest.raises(UsageError, match="returns no h_out"):
        load_module(Named(), LoadOptions(states=(("state_0", "h_out"),)), example=example)


def test_state_that_does_not_come_back() -> None:
    class Lost(Named):
        def forward(self, obs: Any, state: tuple[Any, Any]) -> Any:
            return super().forward(obs, state)["logits"]

    with pytest.raises(UnsupportedError, match="looks like recurrent state"):
        load_module(Lost(), KEEP, example=(zeros(1, 6), (zeros(1, 4), zeros(1, 4))))


def test_a_recurrent_layer_without_state_is_warned_of() -> None:
    program = load(lambda net, x: net.a(net.rnn(x.unsqueeze(1))[0][:, 0]),
                   rnn=nn.GRU(6, 4, batch_first=True), a=linear(4))
    assert not program.states and "forgets everything" in notes(program, "warning")


def test_buffers_that_the_action_does_not_need_are_no_state() -> None:
    def forward(net: Any, x: Any) -> Any:
        net.steps.add_(1)
        net.seen.copy_(x)
        return net.a(x)

    program = load(forward, a=linear(), steps=torch.zeros((), dtype=torch.int64), seen=zeros(1, 6))
    assert not program.states

    def reads(net: Any, x: Any) -> Any:
        net.steps.add_(1)
        return net.a(x) * net.steps

    with pytest.raises(UnsupportedError, match="changes a buffer of int64"):
        load(reads, a=linear(), steps=torch.zeros((), dtype=torch.int64))


@pytest.mark.filterwarnings("ignore:.*LeafSpec")  # torch's own
def test_a_write_to_a_part_of_a_buffer(tmp_path: Path) -> None:
    """As it is written, and decomposed by torch; through what may be a copy only so."""
    def forward(net: Any, x: Any) -> Any:
        y = net.a(net.memory)
        part = net.memory[:, 2].reshape(1, 1) if copied else net.memory[:, 2:3]
        part.copy_(x[:, :1])
        return y + net.memory[:, :3]

    for copied in (False, True):
        net, example = Net(forward, a=linear(), memory=torch.ones(1, 6)), (zeros(1, 6),)
        policy = Interpreter(load_module(net, KEEP, example=example))
        saved = torch.export.export(net, example, strict=False)
        torch.export.save(saved, tmp_path / "a.pt2")
        torch.export.save(saved.run_decompositions({}), tmp_path / "b.pt2")
        if copied:
            with pytest.raises(UnsupportedError, match="written in place") as error:
                load_pt2(tmp_path / "a.pt2", KEEP)
            assert "run_decompositions" in error.value.hint
        runners = [policy, *(Interpreter(load_pt2(tmp_path / name, KEEP))
                             for name in ("a.pt2", "b.pt2")[copied:])]
        for x in torch.randn(4, 1, 6):
            with torch.no_grad():
                theirs = net(x).numpy()[0]
            for runner in runners:
                assert np.allclose(runner.step(x.numpy())["mean"], theirs, atol=1e-6)


# Errors


def test_the_module_is_left_as_it_was() -> None:
    net = nn.Sequential(linear(), nn.Dropout(0.5), nn.BatchNorm1d(3)).train()
    net[2].eval()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    load_module(net, KEEP, observation_shape=(6,))
    assert net.training and net[1].training and not net[2].training
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_data_dependent_control_flow() -> None:
    with pytest.raises(UnsupportedError, match=r"torch\.export failed") as error:
        load(lambda net, x: net.a(x) if x.sum() > 0 else -net.a(x), a=linear())
    assert "wrap the policy" in error.value.hint


def test_distributions_are_no_tensors() -> None:
    with pytest.raises(UnsupportedError) as error:
        load(lambda net, x: torch.distributions.Categorical(logits=net.a(x)), a=linear())
    assert "logits" in error.value.hint


def test_sampling_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="random numbers"):
        load(lambda net, x: net.a(x) + torch.randn_like(x[:, :3]), a=linear())


def test_unknown_ops_name_the_op_and_the_module() -> None:
    body = nn.Sequential(linear(), Net(lambda net, x: torch.fft.rfft(x).real))
    with pytest.raises(UnsupportedError, match=r"body\.1: aten\.fft_rfft\.default: the op is not"):
        load(lambda net, x: net.body(x), body=body)


class Cleanrl(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.actor = linear()

    def get_action_and_value(self, x: Any) -> Any:
        return torch.distributions.Categorical(logits=self.actor(x)).sample()


def test_agents_without_forward_get_a_hint() -> None:
    with pytest.raises(UnsupportedError) as error:
        load_module(Cleanrl(), KEEP, observation_shape=(6,))
    assert "agent.actor(obs)" in error.value.hint


def test_a_policy_of_stable_baselines3_gets_a_hint() -> None:
    policies = pytest.importorskip("stable_baselines3.common.policies")
    spaces = pytest.importorskip("gymnasium.spaces")
    policy = policies.ActorCriticPolicy(spaces.Box(-1, 1, (6,)), spaces.Discrete(3), lambda _: 1e-3)
    with pytest.raises(UnsupportedError) as error:
        load_module(policy, KEEP, observation_shape=(6,))
    assert "zip" in error.value.hint
    program = load(lambda net, x: net.p.action_net(
        net.p.mlp_extractor.forward_actor(net.p.extract_features(x))),
        options=LoadOptions(action="discrete"), p=policy)
    assert program.contract.action == Discrete((3,))


@pytest.mark.parametrize(("module", "options", "error", "words"), [
    (lambda: None, {"observation_shape": (6,)}, UsageError, "is no policy"),
    (linear, {}, UsageError, "size of the observation"),
    (linear, {"example": (np.zeros((1, 6)),)}, UsageError, "not a tensor"),
    (linear, {"example": (zeros(4, 6),)}, UsageError, "batch of 4"),
    (linear, {"observation_shape": (7,)}, UnsupportedError, "torch.export failed"),
    (lambda: linear().half(), {"example": (zeros(1, 6, dtype=torch.half),)}, UnsupportedError,
     "float16"),
    (lambda: Net(lambda net, x: net.w.sum(), w=zeros(3)), {"observation_shape": (6,)},
     UnsupportedError, "no observation|constant"),
])
def test_what_cannot_be_loaded(module: Any, options: dict[str, Any], error: type[PufferEdgeError],
                               words: str) -> None:
    with pytest.raises(error, match=words):
        load_module(module(), KEEP, **options)


def test_weights_that_are_not_finite() -> None:
    net = linear()
    with torch.no_grad():
        net.bias[0] = float("inf")
    with pytest.raises(FileFormatError, match="bias: the tensor holds NaN or infinite"):
        load_module(net, KEEP, observation_shape=(6,))


def test_without_torch_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_torch(name: str, *rest: Any, **more: Any) -> Any:
        if name == "torch":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_torch)
    with pytest.raises(MissingDependencyError, match=r"pip install 'puffer-edge\[torch\]'"):
        load_module(object(), KEEP)
