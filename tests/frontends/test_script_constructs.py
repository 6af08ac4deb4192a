# SPDX-License-Identifier: MIT
"""Constructs of TorchScript beside layers: angles, types, attention, observations of one axis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, List, Optional, Tuple, Union  # noqa: UP035  (TorchScript knows these)

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

import puffer_edge  # noqa: E402
from puffer_edge.errors import UnsupportedError  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402

N, A = 6, 3
pytestmark = pytest.mark.filterwarnings("ignore")


class Angles(nn.Module):
    """Fourier features, as of positions."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(N, 8), nn.Linear(16, A)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = 5 * self.first(x)
        return self.last(torch.cat([torch.sin(y), y.cos()], -1))


class Types(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(N, A)

    def first(self, x: Union[torch.Tensor, List[torch.Tensor]]) -> torch.Tensor:  # noqa: UP006, UP007
        if isinstance(x, torch.Tensor):
            return self.layer(x)  # type: ignore[no-any-return]
        else:
            return 2 * self.layer(x[0])  # type: ignore[no-any-return]

    def second(self, x: Any) -> int:
        if isinstance(x, bool):
            return 5
        if isinstance(x, int):
            return x
        return 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.first(x) + self.first([x]) + self.second(3) + self.second(x) + self.second(True)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(N, 24), nn.Linear(24, A)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x).view(1, 3, 8)
        y, _ = self.attention(y, y, y, need_weights=False)
        return self.last(y.reshape(1, 24))  # type: ignore[no-any-return]


def layers() -> nn.Module:
    return nn.Sequential(nn.Linear(N, 8), nn.Tanh(), nn.Linear(8, A))


def agrees(path: Path, shape: tuple[int, ...], tolerance: float) -> None:
    """Free running, the module loaded anew."""
    ours = Interpreter(puffer_edge.load(path, action="continuous", accept=("action-bounds",)))
    theirs = torch.jit.load(str(path))
    with torch.no_grad():
        for x in np.random.default_rng(1).normal(size=(20, N)).astype(np.float32):
            wanted = theirs(torch.from_numpy(x).reshape(shape)).numpy().ravel()
            np.testing.assert_allclose(ours.act(x), wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("how", ["script", "trace"])
@pytest.mark.parametrize(("make", "shape"), [
    (Angles, (1, N)), (Types, (1, N)), (Attention, (1, N)), (layers, (N,))])
def test_scripted_and_traced(make: Callable[[], nn.Module], shape: tuple[int, ...], how: str,
                             tmp_path: Path) -> None:
    torch.manual_seed(2)
    module = make().eval()
    with torch.no_grad():
        made = (torch.jit.script(module) if how == "script"
                else torch.jit.trace(module, torch.zeros(shape)))
        made.save(str(tmp_path / "policy.pt"))
    agrees(tmp_path / "policy.pt", shape, 5e-6)


@pytest.mark.parametrize("function", [torch.sin, torch.cos])
def test_angles_up_to_ten_thousand(function: Any) -> None:
    """In float64, of the very angles; at multiples of a quarter turn, too."""
    class Module(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return function(x)  # type: ignore[no-any-return]

    rng = np.random.default_rng(0)
    quarters = np.arange(-64, 64) * (np.pi / 2)
    x = np.concatenate([rng.uniform(-10, 10, 3000), rng.uniform(-1e4, 1e4, 3000), quarters,
                        [0.0, 1e4, 1e30, -1e38]]).astype(np.float32)
    program = puffer_edge.load(Module(), action="continuous", observation_shape=x.shape)
    assert any("10,000 radians" in note.text for note in program.notes)
    ours = next(iter(Interpreter(program).step(x).values()))
    wanted = function(torch.from_numpy(x).double()).numpy()
    assert np.abs(ours - wanted)[:-2].max() < 1e-6
    assert np.abs(ours).max() <= 1 + 1e-6


def test_attention_with_a_mask_is_refused(tmp_path: Path) -> None:
    class Masked(Attention):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.first(x).view(1, 3, 8)
            y, weights = self.attention(y, y, y)
            return self.last(y.reshape(1, 24)) + weights.sum()  # type: ignore[no-any-return]

    with torch.no_grad():
        torch.jit.trace(Masked().eval(), torch.zeros(1, N)).save(str(tmp_path / "policy.pt"))
    with pytest.raises(UnsupportedError, match="with its weights"):
        puffer_edge.load(tmp_path / "policy.pt")


class Remembers(nn.Module):
    """Two attributes that are None until the first step."""

    h: Optional[torch.Tensor]  # noqa: UP045
    c: Optional[torch.Tensor]  # noqa: UP045

    def __init__(self, first: float) -> None:
        super().__init__()
        self.cell, self.last, self.first = nn.LSTMCell(N, 5), nn.Linear(5, A), first
        self.h, self.c = None, None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h, c = self.h, self.c
        if h is None:
            h = self.first * torch.ones(1, 5)
        if c is None:
            c = torch.zeros(1, 5)
        h, c = self.cell(x, (h, c))
        self.h, self.c = h, c
        return self.last(h)  # type: ignore[no-any-return]


# TorchScript wants the types themselves, and not their texts.
Remembers.__annotations__ = dict.fromkeys("hc", Optional[torch.Tensor])  # noqa: UP045


class Buffered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.last = nn.LSTMCell(N, 5), nn.Linear(5, A)
        self.register_buffer("h", torch.full((1, 5), 0.5))
        self.register_buffer("c", torch.zeros(1, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.h, self.c = self.cell(x, (self.h, self.c))
        return self.last(self.h)  # type: ignore[no-any-return]


def test_attributes_that_are_none_at_first(tmp_path: Path) -> None:
    torch.manual_seed(3)
    torch.jit.script(Remembers(0.0).eval()).save(str(tmp_path / "policy.pt"))
    agrees(tmp_path / "policy.pt", (1, N), 1e-5)
    program = puffer_edge.load(tmp_path / "policy.pt", action="continuous")
    assert {state.input for state in program.states} == {"h", "c"}


def test_a_first_step_that_is_not_one_with_zeros(tmp_path: Path) -> None:
    """The state would be zeros at reset; the way out that the hint names is one."""
    torch.jit.script(Remembers(0.5).eval()).save(str(tmp_path / "policy.pt"))
    with pytest.raises(UnsupportedError, match=r"(h, c|c, h) is None") as why:
        puffer_edge.load(tmp_path / "policy.pt", action="continuous")
    assert "buffer with its first value" in why.value.hint

    torch.jit.script(Buffered().eval()).save(str(tmp_path / "policy.pt"))
    agrees(tmp_path / "policy.pt", (1, N), 1e-5)


class Pair(nn.Module):
    """States in a tuple or a list, that is None at first or not."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.layer, self.cell = nn.LSTM(N, 5), nn.LSTMCell(N, 5)
        self.last = nn.Linear(5, A)
        zeros = [torch.zeros(1, 5) for _ in range(2)]
        self.hidden: Any = {"list": zeros[:1], "tuple": tuple(zeros)}.get(kind)


class LayerPair(Pair):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, new = self.layer(x.unsqueeze(0), self.hidden)
        self.hidden = new
        return self.last(y[0])  # type: ignore[no-any-return]


class TestedPair(Pair):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.hidden
        if hidden is None:
            hidden = (torch.zeros(1, 5), torch.zeros(1, 5))
            self.hidden = hidden
        h, c = self.cell(x, hidden)
        self.hidden = (c, h)  # swapped
        self.hidden = (h.detach(), c.detach())
        return self.last(h)  # type: ignore[no-any-return]


class GivenPair(Pair):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.hidden = self.cell(x, self.hidden)
        return self.last(self.hidden[0])  # type: ignore[no-any-return]


class Listed(Pair):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        new = torch.tanh(self.hidden[0] + self.layer(x.unsqueeze(0))[0][0])
        self.hidden = [new]
        return self.last(new)  # type: ignore[no-any-return]


class Alias(Pair):
    """The list that the module holds is changed under another name."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        new = torch.tanh(self.hidden[0] + self.layer(x.unsqueeze(0))[0][0])
        kept = [new]
        self.hidden = kept
        kept[0] = 2 * new
        return self.last(new)  # type: ignore[no-any-return]


_PAIR = Optional[Tuple[torch.Tensor, torch.Tensor]]  # noqa: UP006, UP045
LayerPair.__annotations__ = TestedPair.__annotations__ = {"hidden": _PAIR}
GivenPair.__annotations__ = {"hidden": Tuple[torch.Tensor, torch.Tensor]}  # noqa: UP006
Listed.__annotations__ = Alias.__annotations__ = {"hidden": List[torch.Tensor]}  # noqa: UP006


@pytest.mark.parametrize(("model", "kind", "states"), [
    (LayerPair, "none", 2), (TestedPair, "none", 2), (GivenPair, "tuple", 2), (Listed, "list", 1)])
def test_states_in_tuples_and_lists(model: Any, kind: str, states: int, tmp_path: Path) -> None:
    torch.manual_seed(3)
    torch.jit.script(model(kind).eval()).save(str(tmp_path / "policy.pt"))
    agrees(tmp_path / "policy.pt", (1, N), 1e-5)
    program = puffer_edge.load(tmp_path / "policy.pt", action="continuous")
    assert len(program.states) == states and program.states[0].input == "hidden.0"


def test_a_list_that_is_changed_under_another_name_is_refused(tmp_path: Path) -> None:
    torch.jit.script(Alias("list").eval()).save(str(tmp_path / "policy.pt"))
    with pytest.raises(UnsupportedError, match="changes a list"):
        puffer_edge.load(tmp_path / "policy.pt", action="continuous")
