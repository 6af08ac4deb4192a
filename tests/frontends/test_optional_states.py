# SPDX-License-Identifier: MIT
"""Scripts whose forward is called without the state where an episode begins, or with a tuple."""
# ruff: noqa: E402, UP006, UP045  (torch.jit.script knows the older spellings)

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional, Tuple  # noqa: UP035

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn

import puffer_edge
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.interpreter import Interpreter
from puffer_edge.verification.originals import read_again


class Gru(nn.Module):
    """As many write it."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = nn.GRUCell(3, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if h is None:
            h = torch.zeros(x.shape[0], 4)
        h = self.cell(x, h)
        return self.out(h), h


class Lstm(nn.Module):
    """With a value between the action and the states."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, 2, batch_first=True)
        self.out, self.value = nn.Linear(4, 2), nn.Linear(4, 1)

    def forward(self, x: Tensor, state: Optional[Tuple[Tensor, Tensor]] = None,
                ) -> Tuple[Tensor, Tensor, Tuple[Tensor, Tensor]]:
        y, state = self.lstm(x.unsqueeze(1), state)
        return self.out(y[:, -1]), self.value(y[:, -1]), state


class Needing(nn.Module):
    """The tuple has no default."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = nn.LSTMCell(3, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor, hidden: Tuple[Tensor, Tensor],
                ) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        h, c = self.cell(x, hidden)
        return self.out(h), (h, c)


class Parts(Lstm):
    """Of a dictionary of observations."""

    def forward(self, x: Dict[str, Tensor], state: Optional[Tuple[Tensor, Tensor]] = None,
                ) -> Tuple[Tensor, Tensor, Tuple[Tensor, Tensor]]:
        y, state = self.lstm(torch.cat([x["a"], x["b"]], -1).unsqueeze(1), state)
        return self.out(y[:, -1]), self.value(y[:, -1]), state


class Beginning(Gru):
    """An episode begins with what was learned."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.ones(1, 4))

    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        h = self.cell(x, self.first if h is None else h)
        return self.out(h), h


class Masked(Gru):
    """What may be left out is no state."""

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        y = self.cell(x, torch.zeros(x.shape[0], 4))
        z = self.out(y)
        return (z if mask is None else z + mask), y


def saved(module: nn.Module, path: Path) -> Any:
    script = torch.jit.script(module.eval())
    script.save(path)
    return script


@pytest.mark.parametrize("kind", [Gru, Lstm, Needing, Parts])
def test_the_state_is_carried_as_torch_carries_it(kind: type[nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(1)
    script = saved(kind(), path := tmp_path / "policy.pt")
    parts = {"observation": "a:1,b:2"} if kind is Parts else {}
    program = puffer_edge.load(path, action="continuous", **parts)  # type: ignore[arg-type]
    interpreter = Interpreter(program)
    for _ in range(2):  # after a reset it begins anew
        interpreter.reset()
        arguments: tuple[Any, ...] = (
            (((torch.zeros(1, 4), torch.zeros(1, 4))),) if kind is Needing else ())
        for x in np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32):
            given: Any = torch.from_numpy(x)[None]
            given = {"a": given[:, :1], "b": given[:, 1:]} if kind is Parts else given
            with torch.no_grad():
                found = script(given, *arguments)
            arguments = (found[-1],)
            np.testing.assert_allclose(interpreter.step(x)["mean"], found[0][0].numpy(), atol=1e-6)


@pytest.mark.parametrize("kind", [Gru, Lstm, Needing])
def test_the_second_reader_begins_without_it(kind: type[nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(1)
    saved(kind(), path := tmp_path / "policy.pt")
    program = puffer_edge.load(path, action="continuous")
    reading = read_again(path, program, LoadOptions(), mode="run")
    assert reading.verdict == "agrees", reading.text


def test_a_traced_tuple(tmp_path: Path) -> None:
    torch.manual_seed(1)
    state = (torch.zeros(1, 4), torch.zeros(1, 4))
    torch.jit.trace(Needing().eval(), (torch.zeros(1, 3), state)).save(tmp_path / "policy.pt")
    program = puffer_edge.load(tmp_path / "policy.pt", action="continuous")
    assert len(program.states) == 2


def test_what_an_episode_begins_with_is_zeros(tmp_path: Path) -> None:
    """Where it is something else, that is no silent zero."""
    saved(Beginning(), tmp_path / "policy.pt")
    with pytest.raises(UnsupportedError, match="h is None at first, for which forward does"):
        puffer_edge.load(tmp_path / "policy.pt", action="continuous")


def test_what_else_may_be_left_out_is_warned_of(tmp_path: Path) -> None:
    saved(Masked(), tmp_path / "policy.pt")
    with pytest.warns(puffer_edge.PolicyWarning, match="forward is called without mask"):
        program = puffer_edge.load(tmp_path / "policy.pt", action="continuous")
    assert program.states == ()
