# SPDX-License-Identifier: MIT
"""Norms as graphs spell them out become one op, and torch says that it is the same one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir.ops import L2Normalization
from puffer_edge.passes import optimize

torch = pytest.importorskip("torch")
functional = torch.nn.functional
Body = Callable[[Any], Any]

NORMS: dict[str, tuple[Body, dict[str, Any]]] = {
    "normalize": (lambda x: functional.normalize(x, dim=-1), {"floor": 1e-12}),
    "normalize with a large floor": (lambda x: functional.normalize(x, dim=-1, eps=3.0),
                                     {"floor": 3.0}),
    "by the norm": (lambda x: x / (x.norm(dim=-1, keepdim=True).clamp(min=1e-6)),
                    {"floor": 1e-6}),
    "by the root of a sum": (lambda x: x / torch.sqrt((x * x).sum(-1, keepdim=True) + 0.5),
                             {"epsilon": 0.5}),
    "rsqrt": (lambda x: x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6),
              {"mean": True, "epsilon": 1e-6}),
    "rsqrt first": (lambda x: torch.rsqrt((x ** 2).mean(-1, keepdim=True) + 0.1) * x,
                    {"mean": True, "epsilon": 0.1}),
    "a bound under the root": (lambda x: x / (x * x).sum(-1, keepdim=True).clamp(min=4.0).sqrt(),
                               {"floor": 2.0}),
    "a range without an end": (lambda x: x / x.norm(dim=-1, keepdim=True).clamp(0.5, 1e35),
                               {"floor": 0.5}),
    "from zero": (lambda x: x / x.norm(dim=-1, keepdim=True).clamp(0.0, 1e35), {}),
    "two bounds": (lambda x: x / x.norm(dim=-1, keepdim=True).clamp(min=0.5).clamp(min=2.0),
                   {"floor": 2.0}),
    "the larger first": (lambda x: x / x.norm(dim=-1, keepdim=True).clamp(min=2.0).clamp(min=0.5),
                         {"floor": 2.0}),
    "a sum, then a bound": (lambda x: x / torch.sqrt((x * x).sum(-1, keepdim=True) + 0.5)
                            .clamp(min=2.0), {"epsilon": 0.5, "floor": 2.0}),
    "in rows": (lambda x: (lambda y: (y / (y * y).sum((1, 2), keepdim=True).clamp(min=1e-6).sqrt())
                           .reshape(1, 8))(x.reshape(1, 4, 2)), {"floor": 1e-3}),
    "rms_norm": (lambda x: functional.rms_norm(x, (8,), eps=1e-3),
                 {"mean": True, "epsilon": 1e-3}),
}

OTHERS: dict[str, Body] = {
    "another row": lambda x: x / functional.relu(x).norm(dim=-1, keepdim=True).clamp(min=1e-6),
    "its largest": lambda x: x / (x * x).amax(-1, keepdim=True).clamp(min=1e-3).sqrt(),
    "an upper bound": lambda x: x / x.norm(dim=-1, keepdim=True).clamp(0.1, 1.0),
    "beside the root": lambda x: x / (x.norm(dim=-1, keepdim=True) + 0.5),
    "times the root": lambda x: x * x.norm(dim=-1, keepdim=True).clamp(min=1e-6),
    "a bound, then a sum": lambda x: x / ((x * x).sum(-1, keepdim=True).clamp(min=1.0)
                                          + 1.0).sqrt(),
    "without a root": lambda x: x / (x * x).sum(-1, keepdim=True).clamp(min=1e-6),
    "a lower bound below zero": lambda x: x / (x * x).sum(-1, keepdim=True).sqrt()
    .clamp(-1.0, 1e35),
    "two sums": lambda x: x / ((x * x).sum(-1, keepdim=True) + 0.5 + x[:, :1] * x[:, :1]).sqrt(),
    "the root of a root": lambda x: x / (x * x).sum(-1, keepdim=True).sqrt().sqrt(),
    "the reciprocal": lambda x: x / torch.rsqrt((x * x).sum(-1, keepdim=True) + 0.5),
    "of another": lambda x: (x + 1) / (x * x).sum(-1, keepdim=True).clamp(min=1e-6).sqrt(),
    "a difference": lambda x: x - (x * x).sum(-1, keepdim=True).clamp(min=1e-6).sqrt(),
    "columns": lambda x: (lambda y: (y / (y * y).sum(1, keepdim=True).clamp(min=1e-6).sqrt())
                          .reshape(1, 8))(x.reshape(1, 4, 2)),
}


def network(body: Body) -> Any:
    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = torch.nn.Linear(6, 8), torch.nn.Linear(8, 3)

        def forward(self, x: Any) -> Any:
            return self.last(body(self.first(x)))

    torch.manual_seed(0)
    return Network().eval()


def check(body: Body) -> list[L2Normalization]:
    """The norms that were found, once the outputs are torch's over rows of all sizes."""
    module = network(body)
    program = optimize(puffer_edge.load(module, observation_shape=(6,), action="continuous"))
    ours = Interpreter(program)
    x = np.random.default_rng(0).standard_normal((60, 6)) * 10.0 ** np.linspace(-3, 3, 60)[:, None]
    name = program.output_names[0]
    for row in x.astype(np.float32):
        with torch.no_grad():
            expected = module(torch.from_numpy(row[None]))[0].numpy()
        # Eight products, a root and a division of two roundings each, times three weights.
        assert np.allclose(ours.step(row)[name], expected, rtol=2e-5, atol=1e-5)
    return [op for op in program.ops if isinstance(op, L2Normalization)]


@pytest.mark.parametrize("name", NORMS)
def test_norms_are_one_op(name: str) -> None:
    body, fields = NORMS[name]
    (op,) = check(body)
    wanted = {"mean": False, "epsilon": 0.0, "floor": 0.0, **fields}
    for field, value in wanted.items():
        assert getattr(op, field) == pytest.approx(value, rel=1e-6), field


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_looks_like_one_is_left(name: str) -> None:
    assert not check(OTHERS[name])
