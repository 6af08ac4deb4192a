# SPDX-License-Identifier: MIT
"""State_dicts of PufferLib 3.0's Default policy: torch's numbers, and what the file leaves open.

The modules below have the structure and the names of ``pufferlib.models`` of 3.0; nothing else of
them gets into a checkpoint. The bound on the difference is that of ``tests/error_bound.py``: it is
derived from the operations, and follows the recurrent state through all steps without being
re-synchronised.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import puffer_edge  # noqa: E402
from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Continuous, Discrete, Program  # noqa: E402
from puffer_edge.ir.ops import LSTMCell  # noqa: E402
from tests.error_bound import ErrorBound, gamma  # noqa: E402

INPUTS, HIDDEN, STEPS = 6, 16, 300
StateDict = dict[str, Any]


class Default(nn.Module):
    def __init__(self, actions: int = 4, *, activation: nn.Module | None = None,
                 continuous: bool = False, dictionary: bool = False) -> None:
        super().__init__()
        linear = nn.Linear(INPUTS, HIDDEN)
        self.encoder = linear if dictionary else nn.Sequential(linear, activation or nn.GELU())
        if continuous:
            self.decoder_logstd = nn.Parameter(torch.zeros(1, actions))
            self.decoder_mean = nn.Linear(HIDDEN, actions)
        else:
            self.decoder = nn.Linear(HIDDEN, actions)
        self.value = nn.Linear(HIDDEN, 1)

    def decode(self, hidden: Any) -> tuple[Any, Any]:
        head = self.decoder_mean if hasattr(self, "decoder_mean") else self.decoder
        return head(hidden), self.value(hidden)

    def forward(self, x: Any, state: Any) -> tuple[Any, Any, Any]:
        return (*self.decode(self.encoder(x)), state)


class LSTMWrapper(nn.Module):
    """The cell, with which the trainer plays, shares its parameters with the layer that learns."""

    def __init__(self, policy: Default) -> None:
        super().__init__()
        self.policy = policy
        self.lstm = nn.LSTM(HIDDEN, HIDDEN)
        self.cell = nn.LSTMCell(HIDDEN, HIDDEN)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            setattr(self.cell, name, getattr(self.lstm, f"{name}_l0"))

    def forward(self, x: Any, state: Any) -> tuple[Any, Any, Any]:
        h, c = self.cell(self.policy.encoder(x), state)
        return (*self.policy.decode(h), (h, c))


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(3)
    torch.set_num_threads(1)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Program]:
    def from_state_dict(weights: StateDict, **options: Any) -> Program:
        path = tmp_path / "model_000100.pt"
        torch.save(weights, path)
        return puffer_edge.load(path, **options)
    return from_state_dict


def agree(program: Program, module: nn.Module, *, steps: int = STEPS, scale: float = 1.0) -> None:
    """Asserts the bound on each output of each step; the state runs freely on both sides."""
    constants = {}
    for op in program.ops:
        if isinstance(op, LSTMCell):  # torch adds the two biases one after the other, we their sum
            bias = sum(np.abs(getattr(module.lstm, f"{name}_l0").detach().numpy())
                       for name in ("bias_ih", "bias_hh"))
            constants[op.bias] = 2 * gamma(2 * HIDDEN + 4) * bias
    runner, bound = Interpreter(program), ErrorBound(program, constants)
    state = (torch.zeros(1, HIDDEN), torch.zeros(1, HIDDEN))
    random = torch.Generator().manual_seed(1)
    largest = loosest = 0.0
    for _ in range(steps):
        x = scale * torch.randn(1, INPUTS, generator=random)
        limits, ours = bound.step(runner.values(x.numpy())), runner.step(x.numpy())
        with torch.no_grad():
            action, value, state = module(x, state)
        theirs = {"value": value, "logits": action, "mean": action}
        assert ours
        for name, mine in ours.items():
            other = theirs[name].numpy().reshape(-1)
            assert mine.shape == other.shape
            assert np.all(np.abs(mine.astype(np.float64) - other) <= limits[name]), name
            largest = max(largest, float(np.abs(other).max()))
            loosest = max(loosest, float(limits[name].max()))
    assert loosest < 1e-2 * largest  # a bound that allows anything would prove nothing


def notes(program: Program, kind: str) -> str:
    return "\n".join(note.text for note in program.notes if note.kind == kind)


# Key by key what PufferLib 3.0.0 saves, in its order.
RECURRENT_KEYS = """
    policy.encoder.0.weight policy.encoder.0.bias policy.decoder.weight policy.decoder.bias
    policy.value.weight policy.value.bias
    lstm.weight_ih_l0 lstm.weight_hh_l0 lstm.bias_ih_l0 lstm.bias_hh_l0
    cell.weight_ih cell.weight_hh cell.bias_ih cell.bias_hh""".split()
CONTINUOUS_KEYS = """decoder_logstd encoder.0.weight encoder.0.bias decoder_mean.weight
    decoder_mean.bias value.weight value.bias""".split()


def test_the_modules_of_this_test_have_the_trainers_keys() -> None:
    assert list(LSTMWrapper(Default()).state_dict()) == RECURRENT_KEYS
    assert list(Default(continuous=True).state_dict()) == CONTINUOUS_KEYS


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_discrete(activation: str, recurrent: bool, load: Callable[..., Program]) -> None:
    module: Any = Default(activation=nn.GELU() if activation == "gelu" else nn.ReLU())
    module = LSTMWrapper(module) if recurrent else module
    options = {"activation": "relu"} if activation == "relu" else {}
    program = load(module.state_dict(), keep_value=True, **options)
    assert program.output_names == ("logits", "value")
    assert program.contract.action == Discrete((4,)) and program.contract.sampled
    assert len(program.states) == 2 * recurrent
    assert program.source == "PufferLib 3.0 state_dict, Default policy" + " with LSTM" * recurrent
    assumed = notes(program, "assumed")
    assert ("exact GELU" in assumed) == (activation == "gelu")
    assert "one discrete action of 4" in assumed and "samples" in notes(program, "stated")
    agree(program, module)


@pytest.mark.parametrize("scale", [0.0, 1e-3, 30.0])
def test_observations_of_every_size(scale: float, load: Callable[..., Program]) -> None:
    module = LSTMWrapper(Default())
    agree(load(module.state_dict()), module, steps=100, scale=scale)


def test_activation_is_not_interchangeable(load: Callable[..., Program]) -> None:
    """The bound tells a wrong activation from a right one."""
    module = Default(activation=nn.ReLU())
    with pytest.raises(AssertionError):
        agree(load(module.state_dict()), module, steps=3)


def test_multidiscrete(load: Callable[..., Program]) -> None:
    module = LSTMWrapper(Default(8))
    program = load(module.state_dict(), action_sizes=(3, 3, 2))
    assert program.contract.action == Discrete((3, 3, 2))
    assert "one discrete action" not in notes(program, "assumed")
    agree(program, module, steps=20)
    runner, x = Interpreter(program), torch.randn(1, INPUTS)
    with torch.no_grad():
        logits, _, _ = module(x, None)
    chosen = [int(part.argmax()) for part in logits[0].split((3, 3, 2))]
    assert runner.act(x.numpy()).tolist() == chosen


def test_one_decoder_per_head_of_older_versions(load: Callable[..., Program]) -> None:
    """The list tells the sizes; nothing is assumed."""
    parts = nn.ModuleList(nn.Linear(HIDDEN, n) for n in (3, 1, 2))
    module = Default(6)
    with torch.no_grad():
        module.decoder.weight[:] = torch.cat([part.weight for part in parts])
        module.decoder.bias[:] = torch.cat([part.bias for part in parts])
    weights = {name: value for name, value in module.state_dict().items() if "decoder" not in name}
    listed = {**weights, **{f"decoder.{k}": v for k, v in parts.state_dict().items()}}
    program = load(listed)
    assert program.contract.action == Discrete((3, 1, 2))
    agree(program, module, steps=20)
    assert load(listed, action_sizes=(4, 2)).contract.action == Discrete((4, 2))
    listed["decoder.1.weight"] = torch.zeros(1, HIDDEN + 1)
    with pytest.raises(FileFormatError, match="same inputs"):
        load(listed)


@pytest.mark.parametrize("recurrent", [False, True])
def test_continuous(recurrent: bool, load: Callable[..., Program]) -> None:
    module: Any = Default(2, continuous=True)
    module = LSTMWrapper(module) if recurrent else module
    program = load(module.state_dict(), action_low=(-1.0,), action_high=(0.5, 2.0))
    assert program.output_names == ("mean",)
    assert program.contract.action == Continuous(2, low=(-1.0, -1.0), high=(0.5, 2.0))
    assert "decoder_logstd" in notes(program, "dropped")
    agree(program, module)


def test_continuous_without_bounds_says_so(load: Callable[..., Program]) -> None:
    program = load(Default(2, continuous=True).state_dict())
    assert program.contract.action == Continuous(2)
    assert "not clipped" in notes(program, "assumed")


def test_dictionary_observations_have_no_activation(load: Callable[..., Program]) -> None:
    module = LSTMWrapper(Default(dictionary=True))
    program = load(module.state_dict())
    assert "no activation after the encoder" in notes(program, "assumed")
    agree(program, module)
    with_relu = load(module.state_dict(), activation="relu")
    assert "no activation" not in notes(with_relu, "assumed")
    assert len(with_relu.ops) >= len(program.ops)
    with pytest.raises(AssertionError):
        agree(with_relu, module, steps=3)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_wrappers(prefix: str, load: Callable[..., Program]) -> None:
    module = LSTMWrapper(Default())
    program = load({prefix + name: value for name, value in module.state_dict().items()})
    agree(program, module, steps=3)


def test_compiled_policy_in_the_wrapper(load: Callable[..., Program]) -> None:
    module = LSTMWrapper(Default())
    program = load({name.replace("policy.", "policy._orig_mod."): value
                    for name, value in module.state_dict().items()})
    agree(program, module, steps=3)


@pytest.mark.parametrize("kept", [("lstm.",), ("cell.",), ("lstm.", "cell.")])
def test_the_cell_under_either_name(kept: tuple[str, ...], load: Callable[..., Program]) -> None:
    module = LSTMWrapper(Default())
    program = load({name: value for name, value in module.state_dict().items()
                    if name.startswith(("policy.", *kept))})
    agree(program, module, steps=20)


@pytest.mark.parametrize("name", ["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
def test_two_cells_that_differ(name: str, load: Callable[..., Program]) -> None:
    weights = {key: value.clone() for key, value in LSTMWrapper(Default()).state_dict().items()}
    weights[f"cell.{name}"].view(-1)[5] += 1e-3
    with pytest.raises(FileFormatError, match="differ"):
        load(weights)


def test_value_is_kept_on_demand_and_dropped_otherwise(load: Callable[..., Program]) -> None:
    weights = LSTMWrapper(Default()).state_dict()
    kept, dropped = load(weights, keep_value=True), load(weights)
    assert kept.output_names == ("logits", "value") and dropped.output_names == ("logits",)
    assert kept.parameters - dropped.parameters == HIDDEN + 1
    assert f"{HIDDEN + 1} parameters" in notes(dropped, "dropped")


def test_policy_without_a_value_head(load: Callable[..., Program]) -> None:
    weights = {name: value for name, value in Default().state_dict().items() if "value" not in name}
    assert load(weights, keep_value=True).output_names == ("logits",)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(dtype: Any, load: Callable[..., Program]) -> None:
    """Halves are read exactly and computed with in float32; doubles are rounded once."""
    module = LSTMWrapper(Default()).to(dtype)
    agree(load(module.state_dict()), module.float(), steps=20)


ALL = {**dict.fromkeys(RECURRENT_KEYS), **{f"policy.{name}": None for name in CONTINUOUS_KEYS}}


def weights_with(name: str) -> StateDict:
    module = LSTMWrapper(Default(2, continuous="decoder_" in name))
    return {key: value.clone() for key, value in module.state_dict().items()}


@pytest.mark.parametrize("name", sorted(set(ALL) - {
    # Without these another known structure remains.
    "policy.encoder.0.weight", "policy.decoder.weight", "policy.decoder_mean.weight",
    "policy.value.weight", "lstm.weight_ih_l0", "cell.weight_ih"}))
def test_missing_tensor(name: str, load: Callable[..., Program]) -> None:
    weights = weights_with(name)
    del weights[name]
    with pytest.raises(FileFormatError, match="missing") as caught:
        load(weights)
    assert caught.value.where.endswith(f": {name}")


@pytest.mark.parametrize("name", ["policy.value.weight", "lstm.weight_ih_l0", "cell.weight_ih"])
def test_missing_weight_whose_bias_is_there(name: str, load: Callable[..., Program]) -> None:
    weights = weights_with(name)
    del weights[name]
    with pytest.raises(UnsupportedError, match=r"layers that PufferLib's") as caught:
        load(weights)
    assert name.rpartition("weight")[0] in str(caught.value)


@pytest.mark.parametrize("name", ["policy.encoder.0.weight", "policy.decoder.weight",
                                  "policy.decoder_mean.weight"])
def test_missing_layer_makes_it_another_family(name: str, load: Callable[..., Program]) -> None:
    weights = weights_with(name)
    del weights[name]
    with pytest.raises(UnsupportedError, match="no known family"):
        load(weights)


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.parametrize("change", [
    lambda x: x[:-1], lambda x: x.unsqueeze(0), lambda x: x.sum(), lambda x: x[:0],
    lambda x: torch.cat([x, x], -1), lambda x: x.long(), lambda x: x > 0,
    lambda x: torch.full_like(x, float("nan"))],
    ids=["shorter", "an axis more", "a number", "empty", "wider", "integers", "flags", "NaN"])
def test_wrong_tensor(name: str, change: Callable[[Any], Any],
                      load: Callable[..., Program]) -> None:
    """One error, which names the tensor or its layer; where one size fits, nothing happens."""
    weights = weights_with(name)
    changed = change(weights[name])
    others = [key for key in weights if key.startswith(name[:4]) and key != name]
    weights[name] = changed
    try:
        program = load(weights)
    except FileFormatError as error:
        layer = name.rpartition(".")[0] or name
        assert layer.split(".")[0] in str(error) or any(key in str(error) for key in others)
    else:  # an encoder of more inputs is as good
        assert name == "policy.encoder.0.weight" and changed.ndim == 2
        assert program.contract.observation_size == changed.shape[1]


@pytest.mark.parametrize(("name", "shape"), [
    ("policy.encoder.2.weight", (HIDDEN, HIDDEN)), ("policy.norm.weight", (HIDDEN,)),
    ("policy.value_head.weight", (1, HIDDEN)), ("lstm.weight_ih_l1", (4 * HIDDEN, HIDDEN)),
    ("lstm.weight_hr_l0", (8, HIDDEN)), ("cell.extra", (1,)), ("gate", (3,)),
    ("policy.decoder.2.weight", (4, HIDDEN)), ("encoder.0.weight", (HIDDEN, INPUTS)),
])
def test_layers_that_the_default_policy_does_not_have(name: str, shape: tuple[int, ...],
                                                      load: Callable[..., Program]) -> None:
    weights = {**LSTMWrapper(Default()).state_dict(), name: torch.ones(shape)}
    with pytest.raises(UnsupportedError, match=name.replace(".", r"\.")) as caught:
        load(weights)
    assert "torch module" in caught.value.hint


def test_encoder_that_does_not_fit_the_cell(load: Callable[..., Program]) -> None:
    weights = LSTMWrapper(Default()).state_dict()
    weights["policy.encoder.0.weight"] = torch.ones(HIDDEN - 1, INPUTS)
    weights["policy.encoder.0.bias"] = torch.ones(HIDDEN - 1)
    with pytest.raises(FileFormatError, match=f"{HIDDEN - 1} outputs"):
        load(weights)


@pytest.mark.parametrize("options", [
    {"action_sizes": (3, 2)}, {"action_sizes": (4, 0)}, {"action_sizes": (5, -1)},
    {"activation": "magic"}, {"action_low": (-1.0,), "action_high": (1.0,)},
    {"action": "continuous"}, {"squash": True}])
def test_options_that_do_not_fit(options: dict[str, Any], load: Callable[..., Program]) -> None:
    with pytest.raises(UsageError):
        load(Default().state_dict(), **options)


def test_unknown_family_shows_its_first_keys(load: Callable[..., Program]) -> None:
    with pytest.raises(UnsupportedError, match=r"strange\.gate \[3, 2\]"):
        load({"strange.gate": torch.ones(3, 2), "other": torch.ones(3)})


def test_unknown_keys_name_the_nearest_family(load: Callable[..., Program]) -> None:
    with pytest.raises(UnsupportedError, match="nearest is PufferLib") as caught:
        load({"policy.encoder.gate": torch.ones(3, 2), "lstm.w": torch.ones(3)})
    assert "key_map=" in str(caught.value) and "module=" in str(caught.value)


def test_the_trainers_state_is_no_policy(load: Callable[..., Program]) -> None:
    """trainer_state.pt lies beside every model."""
    with pytest.raises(FileFormatError, match="no state_dict"):
        load({"optimizer_state_dict": {"state": {}}, "global_step": 1, "model_name": "m.pt"})
