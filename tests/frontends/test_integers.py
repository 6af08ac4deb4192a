# SPDX-License-Identifier: MIT
"""Policies of every kind, from their files to integers on a Cortex-M.

``verify`` compares every bit with the oracle. Noise calibrates, as these networks were never
trained; so the share of equal actions is asked of those whose logits noise tells apart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import puffer_edge
from puffer_edge.ir import Program
from tests.frontends.support import ROWS
from tests.frontends.support.row import Row
from tests.frontends.test_support import made_of

KINDS = {
    "convolution": "PufferLib 3, Convolutional, `model_*.pt`",
    "layer norm": "rl_games, LSTM with layer norm, separate critic, `.pth`",
    "RMS norm": "PufferLib 4, GRU, 2 layers, `.bin` of `--slowly`",
    "max pooling": "torch, nn.Sequential with convolutions, whole module `.pt`",
    "MinGRU": "PufferLib 4, MinGRU, native `.bin`",
    "MinGRU, continuous": "PufferLib 4, continuous actions, `.bin` of `--slowly`",
    "GRU": "rsl_rl 5, GRU, `model_*.pt`",
    "multi-discrete": "PufferLib 3, moba with LSTM, `model_*.pt`",
    "continuous": "Stable-Baselines3, SAC, MlpPolicy, `.zip`",
    "LSTM before the layers": "sb3-contrib, RecurrentPPO, MlpLstmPolicy, `.zip`",
    "LSTM of ONNX": "rsl_rl, Isaac Lab, LSTM, `h_in`, `c_in`, `h_out`, `c_out`, `policy.onnx`",
}


def export(row: Row, scheme: str, directory: Path) -> Path:
    made = made_of(row, directory)
    random = np.random.default_rng(3)
    seen = np.stack([np.asarray(made.observations(random, made.size), np.float32).reshape(-1)
                     for _ in range(300)])
    seen = within_bounds(seen, puffer_edge.load(made.path, **made.options))
    np.savez(directory / "seen.npz", observations=seen)
    return puffer_edge.export(made.path, directory / "out", scheme=scheme,
                              calibrate=str(directory / "seen.npz"), **made.options)


def within_bounds(seen: np.ndarray, program: Program) -> np.ndarray:
    """Noise as the observation space has it, where the file tells its bounds."""
    start = 0
    for field in program.contract.observation:
        if field.low:
            part = slice(start, start + field.size)
            seen[:, part] = np.clip(seen[:, part], field.low, field.high)
        start += field.size
    return seen


@pytest.mark.parametrize(("kind", "scheme"), [
    # In turn; the zoo has every op in every scheme.
    pytest.param(kind, scheme, marks=() if (i + j) % 2 else pytest.mark.exhaustive)
    for i, kind in enumerate(KINDS) for j, scheme in enumerate(("int8", "int16"))])
def test_every_kind_in_integers(kind: str, scheme: str, tmp_path: Path) -> None:
    (row,) = (row for row in ROWS if row.name == KINDS[kind])
    report = puffer_edge.verify(export(row, scheme, tmp_path), min_agreement=0.9)
    assert report.passed, report.to_markdown()


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["int8", "int8x16", "int16"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_in_integers(row: Row, scheme: str, tmp_path: Path) -> None:
    report = puffer_edge.verify(export(row, scheme, tmp_path), min_agreement=0.9)
    assert report.passed, report.to_markdown()
