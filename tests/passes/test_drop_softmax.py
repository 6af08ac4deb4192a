# SPDX-License-Identifier: MIT
"""What makes probabilities of logits is dropped, per head, and nothing that is more than that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir.ops import Gemm, Softmax, Unary
from puffer_edge.passes import optimize
from puffer_edge.passes.drop_softmax import drop_softmax
from tests import zoo

torch = pytest.importorskip("torch")
functional = torch.nn.functional
Body = Callable[[Any], Any]

PROBABILITIES: dict[str, Body] = {
    "softmax": lambda x: torch.softmax(x, -1),
    "log of a softmax": lambda x: torch.log(torch.softmax(x, -1) + 1e-7),
    "a softmax of a softmax's logarithm": lambda x: torch.softmax(torch.log_softmax(x, -1), -1),
    "by hand": lambda x: (x.exp() / x.exp().sum(-1, keepdim=True)),
    "two heads at once": lambda x: torch.softmax(x[:, :4].reshape(1, 2, 2), -1).reshape(1, 4),
    "two heads": lambda x: torch.cat([torch.softmax(x[:, :2], -1), torch.softmax(x[:, 2:], -1)], 1),
}

SIZES = {"two heads": (2, 3), "two heads at once": (2, 2), "across heads": (2, 3),
         "across two heads": (2, 2), "one of two heads": (2, 3)}

MORE: dict[str, Body] = {
    "across heads": lambda x: torch.softmax(x, -1),
    "across two heads": lambda x: torch.softmax(x[:, :4], -1),
    "one of two heads": lambda x: torch.cat([x[:, :2] * x[:, :2], x[:, 2:] * x[:, :3]], 1),
    "a bias after it": lambda x: torch.softmax(x, -1) + torch.tensor([0.0, 0.0, 1e-5, 0.0, 0.0]),
    "another temperature": lambda x: 2 * torch.log_softmax(x, -1),
    "relu": lambda x: functional.relu(x),
    "powers that are no shares": lambda x: torch.exp(x),
}


def loaded(body: Body, sizes: tuple[int, ...]) -> tuple[Any, Any]:
    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(6, 5)

        def forward(self, x: Any) -> Any:
            return body(3 * self.first(x))

    torch.manual_seed(0)
    module = Network().eval()
    return module, puffer_edge.load(module, observation_shape=(6,), action="discrete",
                                    action_sizes=sizes)


def choices(module: Any, program: Any, sizes: tuple[int, ...]) -> None:
    """The largest of every head is torch's, over rows of all sizes."""
    ours, cuts = Interpreter(program), np.cumsum(sizes)[:-1]
    for row in np.random.default_rng(0).standard_normal((200, 6)).astype(np.float32):
        with torch.no_grad():
            expected = module(torch.from_numpy(row[None]))[0].numpy()
        theirs = [part.argmax() for part in np.split(expected, cuts)]
        assert ours.act(row).tolist() == theirs


@pytest.mark.parametrize("name", PROBABILITIES)
def test_logits_are_what_is_left(name: str) -> None:
    sizes = SIZES.get(name, (5,))
    module, program = loaded(PROBABILITIES[name], sizes)
    assert all(not isinstance(op, Softmax | Unary) for op in program.ops)
    assert any(note.kind == "dropped" for note in program.notes)
    choices(module, program, sizes)
    raw = Interpreter(program).step(np.ones(6))[program.output_names[0]]
    with torch.no_grad():
        wanted = (3 * module.first(torch.ones(1, 6)))[0, : sum(sizes)].numpy()
    assert np.allclose(raw, wanted, atol=1e-5)


@pytest.mark.parametrize("name", MORE)
def test_what_is_more_than_that_stays(name: str) -> None:
    sizes = SIZES.get(name, (5,))
    module, program = loaded(MORE[name], sizes)
    assert not any("softmax" in note.text for note in program.notes)
    choices(module, program, sizes)


def test_a_value_that_is_kept_beside_the_action_stays() -> None:
    bench = zoo.Bench((1, 6))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(4, 6))
    shares = bench.op(Softmax, x=y, axis=1)
    whole = bench.program(shares)
    both = replace(whole, outputs=(shares, shares), output_names=("logits", "output_1"))
    made = optimize(drop_softmax(both))
    found = Interpreter(made).step(np.ones(6))
    assert found["output_1"].sum() == pytest.approx(1) and found["logits"].sum() != pytest.approx(1)


def test_integers_choose_like_the_floats() -> None:
    """As an older ML-Agents file ends: the logarithm of a softmax and a small number."""
    _, program = loaded(PROBABILITIES["log of a softmax"], (5,))
    ours, theirs = Interpreter(zoo.in_integers(program, "int8")), Interpreter(program)
    x = np.random.default_rng(1).standard_normal((300, 6)).astype(np.float32)
    assert np.mean([ours.act(row) == theirs.act(row) for row in x]) > 0.95


@pytest.mark.parametrize("name", ["softmax", "two heads", "logits"])
def test_a_reference_of_probabilities_is_compared(name: str, tmp_path: Any) -> None:
    """As the trainer's network gives them; a wrong one is still found."""
    sizes = (2, 3) if name == "two heads" else (5,)
    module, program = loaded(PROBABILITIES.get(name, lambda x: x), sizes)
    artefact = puffer_edge.export(program, tmp_path / "a", target="host")
    x = np.random.default_rng(2).standard_normal((40, 6)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(x)).numpy()
    for outputs, good in (expected, True), (np.roll(expected, 1, 0), False):
        np.savez(tmp_path / "r.npz", observations=x, logits=outputs)
        report = puffer_edge.verify(artefact, reference=tmp_path / "r.npz")
        assert report.passed == good, report.to_markdown()
