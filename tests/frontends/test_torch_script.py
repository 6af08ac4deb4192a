# SPDX-License-Identifier: MIT
"""TorchScript archives against torch, which runs the same file.

The bound on the difference is that of ``tests/error_bound.py``, derived from the operations.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends import LoadOptions, load_file
from puffer_edge.frontends.aten.lower import LOWERINGS
from puffer_edge.frontends.torchscript import schemas
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from tests.frontends.agreement import agree
from tests.frontends.in_place_models import in_place_module
from tests.frontends.script_models import CONSTRUCTS, Model, make
from tests.frontends.torch_models import constant_differences

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit", "ignore::DeprecationWarning",
                                        "ignore::torch.jit.TracerWarning")
CONTINUOUS = LoadOptions(action="continuous")


def read(model: Model, directory: Path) -> float | None:
    """How loose the bound is that a model agrees within; None where it was refused."""
    path = directory / "policy.pt"
    model.script.save(str(path))
    try:
        program = load_file(path, CONTINUOUS)
    except UnsupportedError:
        return None
    assert program.contract.observation_size == model.size, model.text
    reference = torch.jit.load(str(path)).eval()
    return agree(program, reference, constant_differences(program, model.policy), model.size)


def check(seeds: range, directory: Path) -> tuple[Counter[str], Counter[str], list[float]]:
    """What the modules of some seeds have, what of it was read, and how loose the bounds were."""
    there, found, loose = Counter[str](), Counter[str](), []
    for seed in seeds:
        model = make(seed, directory)
        bound = read(model, directory)
        there.update(model.constructs)
        if bound is not None:
            found.update(model.constructs)
            loose.append(bound)
    return there, found, loose


def test_random_modules_are_read_as_torch_runs_them(tmp_path: Path) -> None:
    _, found, loose = check(range(1000, 1012), tmp_path)
    assert found["scripted"] and found["traced"] and len(loose) >= 10
    assert np.median(loose) < 1e-2  # a bound that allows anything would prove nothing


@pytest.mark.exhaustive
def test_two_hundred_random_modules(tmp_path: Path) -> None:
    there, found, loose = check(range(200), tmp_path)
    assert all(there[name] >= 20 for name in CONSTRUCTS), there
    assert all(found[name] >= 0.8 * there[name] for name in CONSTRUCTS), (there, found)
    assert np.median(loose) < 1e-2


@pytest.mark.parametrize("traced", [False, True])
def test_in_place_ops_and_views(traced: bool, tmp_path: Path) -> None:
    """Random writes through slices, transpositions and reshapes of each other, and of a buffer."""
    count = 0
    for seed in range(30):
        module = in_place_module(seed, tmp_path)
        try:
            module(torch.zeros(1, 6))
        except RuntimeError:  # torch refuses a copy from a tensor to itself
            continue
        module.state.copy_(torch.arange(6.0)[None] / 4)
        script = torch.jit.trace(module, torch.zeros(1, 6), check_trace=False) if traced else (
            torch.jit.script(module))
        program = saved(script, tmp_path / "policy.pt", observation={"x": 6})
        if program is None:
            continue
        runner, reference = Interpreter(program), torch.jit.load(str(tmp_path / "policy.pt"))
        random = np.random.default_rng(seed)
        for _ in range(3):
            x = (random.integers(-8, 8, 6) / 4).astype(np.float32)
            theirs = reference(torch.from_numpy(x[None])).numpy().reshape(-1)
            np.testing.assert_allclose(runner.step(x)["mean"], theirs, rtol=1e-6, atol=1e-6)
        count += 1
    assert count >= 12


def saved(script: Any, path: Path, **options: Any) -> Program | None:
    """The Program of a script; None where it is refused."""
    script.save(str(path))
    try:
        return load_file(path, LoadOptions(action="continuous", **options))
    except UnsupportedError:
        return None


class Linears(nn.Module):
    """Parts that the modules below call."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.a, self.b = nn.Linear(5, 3), nn.Linear(7, 3)
        self.register_buffer("ticks", torch.ones(1, 3))
        self.steps: int = 0
        self.limit: int = 3


class Slices(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        return self.a(obs[:, 2:7])


class FromTheEnd(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        return self.a(obs[:, -5:])


class Spread(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        return self.a((obs / obs.abs().sum(-1, keepdim=True))[:, :5])


class Ticking(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        self.steps += 1
        self.ticks += 0.5
        return self.a(obs) + self.ticks

    @torch.jit.export
    def reset(self) -> None:
        self.ticks.zero_()
        self.steps = 0


class OnlyAtFirst(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        self.steps += 1
        return self.a(obs) if self.steps < self.limit else self.a(obs) * 2


class OnTheObservation(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        if bool(obs.sum() > 0):
            return self.a(obs)
        return -self.a(obs)


class OnState(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        self.ticks += 1
        if float(self.ticks[0, 0]) > 2.0:
            return self.a(obs)
        return -self.a(obs)


class Random(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        return self.a(obs) + torch.randn(1, 3)


class Strict(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        assert obs.shape[1] == 6, "six"
        return self.a(obs)


class Converted(Linears):
    """What is of the right type already is itself after ``to``; anything else is copied."""

    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        same, other, asked = obs[:, :5] + 0, obs[:, :5] * 2, obs[:, :5] * 3
        same.to(torch.float32).add_(1)
        other.to(torch.bool).logical_not_()
        asked.to(torch.float32, copy=True).add_(1)
        return self.a(same) * self.a(other) + self.a(asked)


class Doubled(Linears):
    """The one tensor changes with its double where it was a double before; this one does not."""

    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        x = obs[:, :5] * 2
        x.to(torch.float64).add_(1)
        return self.a(x)


class Rounded(Linears):
    """Nothing that is changed in place is read by its other name."""

    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        x = obs[:, :5].to(torch.float64)
        x.clamp_(-1, 1)
        return self.a(x.to(torch.float32))


class Dropping(Linears):
    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        return self.a(nn.functional.dropout(obs, 0.5, self.training))


class Two(Linears):
    def forward(self, obs: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        return self.a(obs) + torch.tanh(self.b(more))


class Parts(Linears):
    def forward(self, obs: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.a(obs["one"]) + torch.tanh(self.b(obs["other"]))


class Carried(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.memory, self.last = nn.LSTM(5, 4), nn.Linear(4, 3)

    def forward(self, obs: torch.Tensor, h: torch.Tensor, c: torch.Tensor, more: bool = False
                ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        y, (h, c) = self.memory(obs.unsqueeze(0), (h, c))
        return self.last(y.squeeze(0)), h, c


def program_of(module: nn.Module, tmp_path: Path, **options: Any) -> tuple[Program, Any]:
    """The Program of a scripted module, and torch's own reading of the same file."""
    path = tmp_path / "policy.pt"
    torch.jit.script(module.eval()).save(str(path))
    return load_file(path, LoadOptions(**{"action": "continuous", **options})), torch.jit.load(
        str(path))


def codes(program: Program) -> set[str]:
    return {note.code for note in program.notes if note.kind == "assumed"}


def test_the_size_of_the_observation(tmp_path: Path) -> None:
    program, reference = program_of(Slices(), tmp_path)
    assert program.contract.observation_size == 7 and "observation-size" in codes(program)
    agree(program, reference, {}, 7)
    program, reference = program_of(Slices(), tmp_path, observation={"obs": 9})
    assert "observation-size" not in codes(program)
    agree(program, reference, {}, 9)
    for module in (FromTheEnd(), Spread()):  # which elements these are depends on the size
        with pytest.raises(UnsupportedError, match="observation="):
            program_of(module, tmp_path)
        agree(*program_of(module, tmp_path, observation={"obs": 9}), {}, 9)
    with pytest.raises(UnsupportedError, match="six"):
        program_of(Strict(), tmp_path)


@pytest.mark.parametrize(("module", "names"), [(Two(), ("obs", "more")),
                                               (Parts(), ("one", "other"))])
def test_several_inputs(module: nn.Module, names: tuple[str, str], tmp_path: Path) -> None:
    for order in ({}, {names[0]: 5, names[1]: 7}, {names[1]: 7, names[0]: 5}):
        program, reference = program_of(module, tmp_path, observation=order)
        fields = {field.name: field.size for field in program.contract.observation}
        assert list(fields) == list(order or names)

        def forward(x: torch.Tensor, fields: dict[str, int] = fields, reference: Any = reference
                    ) -> torch.Tensor:
            parts = dict(zip(fields, x.split(list(fields.values()), 1), strict=True))
            return reference(parts) if isinstance(module, Parts) else reference(
                *(parts[name] for name in names))
        agree(program, forward, {}, 12)


def test_a_conversion_copies_or_does_not(tmp_path: Path) -> None:
    """Which floating point a tensor has is not followed: what depends on it is refused."""
    for module in (Converted(), Rounded()):
        agree(*program_of(module, tmp_path, observation={"obs": 5}), {}, 5)
    with pytest.raises(UnsupportedError, match=r"in.place"):
        program_of(Doubled(), tmp_path, observation={"obs": 5})


@pytest.mark.parametrize(("module", "assumed"), [(Dropping(), True), (FromTheEnd(), False)])
def test_saved_in_training(module: nn.Module, assumed: bool, tmp_path: Path) -> None:
    """It is said where that would change what the policy does, and only there."""
    path = tmp_path / "policy.pt"
    torch.jit.script(module.train()).save(str(path))
    program = load_file(path, LoadOptions(action="continuous", observation={"obs": 5}))
    assert ("evaluation-mode" in codes(program)) == assumed
    agree(program, torch.jit.load(str(path)).eval(), {}, 5)


def test_a_memory_saved_in_training(tmp_path: Path) -> None:
    """torch's LSTM asks for the mode, too, and does the same in both."""
    path = tmp_path / "policy.pt"
    torch.jit.script(Carried().train()).save(str(path))
    assert "evaluation-mode" not in codes(load_file(path, LoadOptions(action="continuous")))


def test_state_in_arguments(tmp_path: Path) -> None:
    module = Carried()
    program, reference = program_of(module, tmp_path)
    assert "recurrent-state" in codes(program)
    state = [torch.zeros(1, 1, 4), torch.zeros(1, 1, 4)]

    def forward(x: torch.Tensor) -> torch.Tensor:
        y, state[0], state[1] = reference(x, *state)
        return y
    agree(program, forward, constant_differences(program, module), 5)


def test_a_reset_of_the_modules_own(tmp_path: Path) -> None:
    program, reference = program_of(Ticking(), tmp_path)
    assert [state.initial.tolist() for state in program.states] == [[[0, 0, 0]]]
    reference.reset()
    agree(program, reference, {}, 5)


@pytest.mark.parametrize(("module", "why"), [
    (OnlyAtFirst(), "depends on steps"), (OnTheObservation(), "differs from step to step"),
    (OnState(), "differs from step to step"), (Random(), "random numbers")],
    ids=lambda x: type(x).__name__)
def test_what_no_step_can_be(module: nn.Module, why: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=rf"code/__torch__.*line \d+: .*{why}"):
        program_of(module, tmp_path)


def test_an_fx_graph(tmp_path: Path) -> None:
    torch.manual_seed(5)
    stack = nn.Sequential(nn.Linear(5, 4), nn.ELU(0.5), nn.Linear(4, 2))
    agree(*program_of(torch.fx.symbolic_trace(stack), tmp_path), {}, 5)


def test_the_schemas_are_torchs() -> None:
    there = {str(schema).removeprefix("aten::").replace("SymInt", "int").replace(
        "(a -> *)", "(a)") for schema in torch._C._jit_get_all_schemas()}
    text = Path(schemas.__file__).with_name("schemas.txt").read_text(encoding="ascii")
    assert set(text.splitlines()) <= there
    assert set(LOWERINGS) - set(schemas.schemas()) <= {"getitem", "softsign"}  # no ATen ops
