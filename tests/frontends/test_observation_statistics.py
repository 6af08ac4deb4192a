# SPDX-License-Identifier: MIT
"""Statistics of the observation beside a policy's weights, and in files of their own."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import puffer_edge
from puffer_edge.errors import FileFormatError, UnconfirmedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from tests.frontends.support.networks import mlp, named

MEAN = np.array([5.0, -3.0, 0.5, 900.0, 0.0, 1.0])
VAR = np.array([4.0, 0.25, 9.0, 16.0, 1.0, 0.01])


class RunningMeanStd:
    """As gymnasium keeps them."""

    def __init__(self) -> None:
        self.mean, self.var, self.count = MEAN, VAR, 1e-4


@pytest.fixture
def actor() -> Any:
    torch.manual_seed(5)
    return mlp(torch, [6, 12, 3], nn.Tanh)


def weights(actor: Any) -> dict[str, Any]:
    return dict(named(torch, {"actor_mean": actor, "critic": mlp(torch, [6, 8, 1], nn.Tanh),
                              "actor_logstd": nn.Parameter(torch.zeros(1, 3))}).state_dict())


def saved(tree: Any, directory: Path) -> Path:
    path = directory / "agent.pt"
    torch.save(tree, path)
    return path


def agrees(program: Program, actor: Any, clip: float = np.inf) -> None:
    """What float32 loses of the mean, 900 of a deviation of 4, is below 2^-15 of the input."""
    random = np.random.default_rng(0)
    runner = Interpreter(program)
    for _ in range(16):
        x = (MEAN + 2 * np.sqrt(VAR) * random.standard_normal(6)).astype(np.float32)
        inner = np.clip((x.astype(np.float64) - MEAN) / np.sqrt(VAR + 1e-8), -clip, clip)
        with torch.no_grad():
            theirs = actor.double()(torch.from_numpy(inner)[None]).numpy().reshape(-1)
        (ours,) = runner.step(x).values()
        assert np.allclose(ours, theirs, rtol=0, atol=1e-4)
    actor.float()


def notes(program: Program, kind: str) -> list[str]:
    return [note.code or note.text for note in program.notes if note.kind == kind]


@pytest.mark.parametrize("beside", [
    {"obs_rms": {"mean": MEAN, "var": VAR, "count": 10.0}},
    {"obs_rms": RunningMeanStd()},
    {"obs_mean": MEAN, "obs_var": VAR},
    {"obs_mean": torch.from_numpy(MEAN), "obs_var": torch.from_numpy(VAR)},
    {"norm": {"running_mean": torch.from_numpy(MEAN), "running_var": torch.from_numpy(VAR)}},
])
def test_beside_the_weights(beside: dict[str, Any], actor: Any, tmp_path: Path) -> None:
    tree = {"agent": weights(actor), "ret_rms": {"mean": np.zeros(1), "var": np.ones(1)}, **beside}
    program = puffer_edge.load(saved(tree, tmp_path))
    agrees(program, actor)
    assert program.contract.normaliser is not None
    assert "normaliser-form" in notes(program, "assumed")
    assert "normaliser-missing" not in notes(program, "assumed")


def test_among_the_weights(actor: Any, tmp_path: Path) -> None:
    tree = {**weights(actor), "obs_rms.mean": torch.from_numpy(MEAN),
            "obs_rms.var": torch.from_numpy(VAR), "obs_rms.count": torch.tensor(3)}
    agrees(puffer_edge.load(saved(tree, tmp_path)), actor)


def npz(path: Path) -> Path:
    np.savez(path, mean=MEAN, var=VAR, epsilon=1e-8, clip=1.5)
    return path


def compressed(path: Path) -> Path:
    np.savez_compressed(path, obs_mean=MEAN, obs_std=np.sqrt(VAR + 1e-8), eps=0.0, clip_obs=1.5)
    return path


def pickled(path: Path) -> Path:
    path.write_bytes(pickle.dumps({"obs_rms": RunningMeanStd(), "epsilon": 1e-8,
                                   "clip_obs": 1.5}))
    return path


def torch_saved(path: Path) -> Path:
    torch.save({"mean": torch.from_numpy(MEAN), "var": torch.from_numpy(VAR), "epsilon": 1e-8,
                "clip": 1.5}, path)
    return path


def vec_normalize(path: Path) -> Path:
    library = pytest.importorskip("stable_baselines3.common.vec_env")
    import gymnasium

    env = library.VecNormalize(library.DummyVecEnv([lambda: gymnasium.make("Pendulum-v1")]),
                               clip_obs=1.5)
    env.obs_rms.mean, env.obs_rms.var = MEAN, VAR
    env.save(str(path))
    return path


@pytest.mark.parametrize(("clip", "good"), [(0.5, True), (0.0, False), (-1.0, False)])
def test_a_clip_is_positive(clip: float, good: bool, actor: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "statistics.npz", mean=MEAN, var=VAR, epsilon=1e-8, clip=clip)
    path = saved(weights(actor), tmp_path)
    if good:
        agrees(puffer_edge.load(path, normaliser=tmp_path / "statistics.npz"), actor, clip=clip)
    else:
        with pytest.raises(FileFormatError, match="cannot be divided"):
            puffer_edge.load(path, normaliser=tmp_path / "statistics.npz")


@pytest.mark.parametrize("written", [npz, compressed, pickled, torch_saved, vec_normalize])
def test_in_a_file_of_their_own(written: Callable[[Path], Path], actor: Any, tmp_path: Path
                                ) -> None:
    """As the assumption of CleanRL's continuous agents says."""
    path = saved(weights(actor), tmp_path)
    with pytest.raises(UnconfirmedError, match="normaliser=FILE"):
        puffer_edge.load(path, strict=True)
    program = puffer_edge.load(path, normaliser=written(tmp_path / "statistics.npz"))
    agrees(program, actor, clip=1.5)
    assert not {"normaliser-form", "normaliser-missing"} & set(notes(program, "assumed"))
    normaliser = program.contract.normaliser
    assert normaliser is not None
    assert normaliser.clip == 1.5
    out = puffer_edge.export(program, tmp_path / "out")
    assert puffer_edge.verify(out).passed


def test_none(actor: Any, tmp_path: Path) -> None:
    tree = {"agent": weights(actor), "obs_rms": RunningMeanStd()}
    program = puffer_edge.load(saved(tree, tmp_path), normaliser="none")
    assert program.contract.normaliser is None
    assert "normaliser-missing" not in notes(program, "assumed")


def test_statistics_of_something_else(actor: Any, tmp_path: Path) -> None:
    path, other = saved(weights(actor), tmp_path), tmp_path / "other.npz"
    np.savez(other, mean=MEAN[:5], var=VAR[:5])
    with pytest.raises(UsageError, match="5 elements, the policy takes 6"):
        puffer_edge.load(path, normaliser=other)
    np.savez(other, mean=MEAN, var=-VAR)
    with pytest.raises(FileFormatError, match="not finite"):
        puffer_edge.load(path, normaliser=other)
    np.savez(other, ret_mean=MEAN, ret_var=VAR)
    with pytest.raises(FileFormatError, match="no mean with a variance"):
        puffer_edge.load(path, normaliser=other)
    other.write_bytes(pickle.dumps(print))
    with pytest.raises(FileFormatError):
        puffer_edge.load(path, normaliser=other)
    nested: Any = {"mean": MEAN}
    for _ in range(6):
        nested = dict.fromkeys("abcdefghijklmnop", nested)
    other.write_bytes(pickle.dumps(nested))
    with pytest.raises(FileFormatError, match="more parts"):
        puffer_edge.load(path, normaliser=other)
    tree = {"agent": weights(actor), "obs_rms": {"mean": MEAN[:5], "var": VAR[:5]}}
    assert any("no place for" in text
               for text in notes(puffer_edge.load(saved(tree, tmp_path)), "warning"))
