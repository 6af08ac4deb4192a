# SPDX-License-Identifier: MIT
"""``.pt2`` files with a fixed batch: a row of it is a step, where rows do not meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

import puffer_edge
from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter


class _Net(torch.nn.Module):
    """Sizes that are fixed to the batch inside, too."""

    def __init__(self, mixing: bool = False) -> None:
        super().__init__()
        self.first, self.last = torch.nn.Linear(6, 16), torch.nn.Linear(16, 3)
        self.mixing = mixing

    def forward(self, obs: Any) -> Any:
        x = torch.tanh(self.first(obs.reshape(12, 2, 3).reshape(12, 6)))
        if self.mixing:
            x = x - x.mean(0, keepdim=True)
        return self.last(x)


class _Cell(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.last = torch.nn.GRUCell(6, 8), torch.nn.Linear(8, 3)

    def forward(self, obs: Any, h_in: Any) -> Any:
        h = self.cell(obs, h_in)
        return {"mean": self.last(h), "h_out": h}


def _saved(net: Any, path: Path, *example: Any) -> Path:
    torch.manual_seed(0)
    torch.export.save(torch.export.export(net.eval(), example), path)
    return path


@pytest.mark.filterwarnings("ignore")
def test_a_row_of_a_fixed_batch_is_a_step(tmp_path: Path) -> None:
    net = _Net()
    program = puffer_edge.load(_saved(net, tmp_path / "a.pt2", torch.zeros(12, 6)),
                               action="continuous")
    assert program.contract.observation_size == 6
    assert "fixed-batch" in {note.code for note in program.notes}
    x = np.random.default_rng(0).standard_normal((12, 6)).astype(np.float32)
    with torch.no_grad():
        wanted = net(torch.from_numpy(x)).numpy()
    ours = [next(iter(Interpreter(program).step(row).values())).reshape(-1) for row in x]
    np.testing.assert_allclose(ours, wanted, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_a_row_remembers_alone(tmp_path: Path) -> None:
    net = _Cell()
    program = puffer_edge.load(
        _saved(net, tmp_path / "a.pt2", torch.zeros(12, 6), torch.zeros(12, 8)),
        action="continuous")
    assert [state.initial.size for state in program.states] == [8]
    steps = np.random.default_rng(0).standard_normal((5, 12, 6)).astype(np.float32)
    ours, h = Interpreter(program), torch.zeros(12, 8)
    for x in steps:
        with torch.no_grad():
            found = net(torch.from_numpy(x), h)
        h = found["h_out"]
        np.testing.assert_allclose(ours.step(x[3])["mean"].reshape(-1), found["mean"][3].numpy(),
                                   atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_rows_that_meet_are_refused(tmp_path: Path) -> None:
    path = _saved(_Net(mixing=True), tmp_path / "a.pt2", torch.zeros(12, 6))
    with pytest.raises(UnsupportedError, match="mixes the rows") as why:
        puffer_edge.load(path, action="continuous")
    assert "batch of 1" in why.value.hint
