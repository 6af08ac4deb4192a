# SPDX-License-Identifier: MIT
"""A tensor of logits per head is one multi-discrete action, and everything else is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import puffer_edge  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Continuous, Discrete, Program  # noqa: E402
from puffer_edge.ir.ops import Gemm  # noqa: E402
from puffer_edge.passes import optimize  # noqa: E402
from tests.frontends.torch_models import Net  # noqa: E402

onnx = pytest.importorskip("onnx")

from tests.frontends.onnx_models import load as load_onnx  # noqa: E402
from tests.frontends.onnx_models import model, node, normal  # noqa: E402

N, H = 5, 8
SIZES = (3, 4, 2)


def net(shape: Any, sizes: tuple[int, ...] = SIZES) -> Net:
    """A body, a layer per head, a value; ``shape`` makes of them what forward returns."""
    torch.manual_seed(4)
    heads = nn.ModuleList(nn.Linear(H, size) for size in sizes)

    def forward(self: Any, x: Any) -> Any:
        hidden = torch.relu(self.body(x))
        return shape([head(hidden) for head in self.heads], self.value(hidden))

    return Net(forward, body=nn.Linear(N, H), heads=heads, value=nn.Linear(H, 1))


def load(module: nn.Module, **options: Any) -> Program:
    return puffer_edge.load(module, observation_shape=(N,), **options)


def flat(module: Net, x: Any) -> Any:
    with torch.no_grad():
        hidden = torch.relu(module.body(torch.from_numpy(x)[None]))
        return torch.cat([head(hidden) for head in module.heads], 1).numpy().reshape(-1)


def notes(program: Program) -> str:
    return "\n".join(f"{note.kind}: {note.text}" for note in program.notes)


@pytest.mark.parametrize("shape", [
    lambda heads, value: (heads, value),
    lambda heads, value: {"value": value, "logits": heads},
    lambda heads, value: {"actor": {"logits": tuple(heads)}, "critic": {"value": value}},
    lambda heads, value: {"logits": dict(zip("abc", heads, strict=True)), "value": value},
    lambda heads, value: {f"logits_{i}": head for i, head in enumerate(heads)},
    lambda heads, value: {f"{name}_logits": head
                          for name, head in zip("abc", heads, strict=True)} | {"value": value},
    lambda heads, value: [head.log_softmax(-1) for head in heads],
    lambda heads, value: tuple(head.argmax(-1) for head in heads),
], ids=["PufferLib 2", "dict", "nested", "dict of heads", "numbered",
        "named", "log_softmax", "argmax"])
def test_every_form_is_one_flat_head(shape: Any) -> None:
    module = net(shape)
    program = load(module)
    assert program.contract.action == Discrete(SIZES)
    assert program.output_names == ("logits",)
    assert "are the logits of one head each" in notes(program)
    x = np.random.default_rng(0).standard_normal(N).astype(np.float32)
    # Sums of at most 8 terms below 4: each of the two layers is off by less than 2^-20.
    assert np.allclose(Interpreter(program).step(x)["logits"], flat(module, x), rtol=0, atol=1e-5)
    # The heads are one matrix then, with the same bits.
    joined = optimize(program)
    assert [type(op) for op in joined.ops] == [Gemm, Gemm]
    assert np.array_equal(Interpreter(joined).step(x)["logits"],
                          Interpreter(program).step(x)["logits"])


@pytest.mark.parametrize("shape", [
    lambda heads, value: tuple(heads), lambda heads, value: (*heads, value)])
def test_outputs_that_nothing_calls_logits_are_no_heads(shape: Any) -> None:
    """The first acts, raw; the others stay, with a note; the user may say that they are heads."""
    module = net(shape)
    program = load(module)
    assert program.contract.action == Continuous(SIZES[0])
    assert program.output_names == ("mean", "output_1", "output_2")
    assert "assumed: kept beside the action, raw" in notes(program)
    assert load(module, action="discrete").contract.action == Discrete(SIZES)
    assert load(module, action_sizes=SIZES).contract.action == Discrete(SIZES)


def test_the_value_is_kept_beside_the_heads() -> None:
    program = load(net(lambda heads, value: (heads, value)), keep_value=True)
    assert program.output_names == ("logits", "value")


def test_sizes_decide() -> None:
    module = net(lambda heads, value: {"move": heads[0], "look": heads[1], "fire": heads[2]})
    assert load(module).contract.action == Continuous(3)  # by the names, anything
    assert load(module, action_sizes=SIZES).contract.action == Discrete(SIZES)
    module = net(lambda heads, value: tuple(heads))
    program = load(module, action_sizes=(3,))
    assert program.contract.action == Discrete((3,))
    assert program.output_names == ("logits", "output_1", "output_2")
    # A head of two dimensions of the action space.
    assert load(module, action_sizes=(3, 2, 2, 2)).contract.action == Discrete((3, 2, 2, 2))
    with pytest.raises(puffer_edge.errors.UsageError, match="do not add up to the 9 logits"):
        load(module, action_sizes=(5, 5))


@pytest.mark.parametrize("options", [
    {"action": "continuous"}, {"squash": False}, {"action_low": -1.0, "action_high": 1.0}])
def test_a_mean_and_its_spread_are_no_heads(options: Any) -> None:
    program = load(net(lambda heads, value: tuple(heads[:2]), (3, 3)), **options)
    assert isinstance(program.contract.action, Continuous)
    assert program.contract.action.size == 3
    named = net(lambda heads, value: {"mean": heads[0], "log_std": heads[1]}, (3, 3))
    assert load(named).contract.action.width == 3


@pytest.mark.parametrize("shape", [
    lambda heads, value: {"q": heads[0], "features": torch.relu(heads[1])},
    lambda heads, value: {"logits": heads[0], "spread": torch.tanh(heads[1]), "value": value},
    lambda heads, value: {"logits": heads[0], "aux_logits": heads[1]},
    lambda heads, value: {"logits": heads[0], "hidden_0": heads[1], "hidden_1": heads[2]},
    lambda heads, value: {"policy_logits": heads[0], "scores": [heads[1], heads[2]]},
], ids=["features", "a spread", "others called logits", "hidden", "a list of something else"])
def test_what_is_beside_the_action_stays_there(shape: Any) -> None:
    program = load(net(shape))
    assert program.contract.action == Discrete((3,))
    assert program.output_names[0] == "logits"
    assert program.values[program.outputs[0]].size == 3


def test_heads_of_a_recurrent_module() -> None:
    """One tensor given twice in the example is two states all the same."""
    torch.manual_seed(1)
    heads = nn.ModuleList(nn.Linear(H, size) for size in SIZES)

    def forward(self: Any, x: Any, h: Any, c: Any) -> Any:
        h, c = self.cell(x, (h, c))
        return [head(h) for head in self.heads], (h, c)

    module = Net(forward, cell=nn.LSTMCell(N, H), heads=heads)
    zeros = torch.zeros(1, H)
    program = puffer_edge.load(module, example=(torch.zeros(1, N), zeros, zeros))
    assert program.contract.action == Discrete(SIZES)
    assert len(program.states) == 2
    runner, state = Interpreter(program), (zeros, zeros)
    for x in np.random.default_rng(3).standard_normal((10, N)).astype(np.float32):
        with torch.no_grad():
            theirs, state = module(torch.from_numpy(x)[None], *state)
        assert np.allclose(runner.step(x)["logits"], torch.cat(theirs, 1).numpy(), atol=1e-5)


# ONNX

RNG = np.random.default_rng(0)
WEIGHTS = {f"w{i}": normal(RNG, size, N) for i, size in enumerate(SIZES)}


def graph(names: list[str], end: str = "", batch: int | str = "batch") -> Any:
    """A layer per output."""
    nodes, dtypes = [], {}
    for index, name in enumerate(names):
        nodes.append(node("Gemm", f"obs w{index}", f"y{index}" if end else name, transB=1))
        if end:
            nodes.append(node(end, f"y{index}", name, axis=1))
    if end == "ArgMax":
        dtypes = dict.fromkeys(names, onnx.TensorProto.INT64)
    outputs: Any = {name: [batch, 1 if end == "ArgMax" else SIZES[i]]
                    for i, name in enumerate(names)}
    return model(nodes, {"obs": [batch, N]}, outputs, WEIGHTS, dtypes=dtypes)


@pytest.mark.parametrize("names", [
    ["logits_0", "logits_1", "logits_2"], ["logits.0", "logits.1", "logits.2"],
    ["12", "15", "18"], ["output_0", "output_1", "output_2"],
    ["move_logits", "look_logits", "fire_logits"], ["branch1", "branch2", "branch3"]])
@pytest.mark.parametrize("end", ["", "ArgMax", "LogSoftmax"])
def test_onnx_heads(names: list[str], end: str, tmp_path: Path) -> None:
    if end or "logits" in names[0]:
        program = load_onnx(graph(names, end), tmp_path)
    else:
        alone = load_onnx(graph(names, end), tmp_path)
        assert alone.contract.action == Continuous(SIZES[0])
        assert alone.output_names == ("mean", "output_1", "output_2")
        program = load_onnx(graph(names, end), tmp_path, action="discrete")
    assert program.contract.action == Discrete(SIZES)
    assert program.output_names == ("logits",)
    x = RNG.standard_normal(N).astype(np.float32)
    expected = [WEIGHTS[f"w{i}"].astype(np.float64) @ x for i in range(3)]
    assert np.allclose(Interpreter(program).step(x)["logits"], np.concatenate(expected), atol=1e-5)
    assert list(Interpreter(program).act(x)) == [int(part.argmax()) for part in expected]


def test_onnx_outputs_of_other_names_stay_apart(tmp_path: Path) -> None:
    program = load_onnx(graph(["move", "look", "fire"]), tmp_path)
    assert program.output_names == ("mean", "output_1", "output_2")
    program = load_onnx(graph(["move", "look", "fire"]), tmp_path, action_sizes=SIZES)
    assert program.contract.action == Discrete(SIZES)
    program = load_onnx(graph(["mean_0", "mean_1"]), tmp_path)
    assert isinstance(program.contract.action, Continuous)
    program = load_onnx(graph(["linear", "linear_1", "linear_2"]), tmp_path,  # torch's own names
                        action="discrete")
    assert program.contract.action == Discrete(SIZES)
    program = load_onnx(graph(["q1", "q2"]), tmp_path)  # twin critics
    assert program.contract.action == Discrete((3,))


def test_an_artefact_of_heads_verifies(tmp_path: Path) -> None:
    module = net(lambda heads, value: (heads, value))
    artefact = puffer_edge.export(module, tmp_path / "out", observation_shape=(N,))
    assert puffer_edge.verify(artefact).passed
