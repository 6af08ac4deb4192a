# SPDX-License-Identifier: MIT
"""PufferLib's policies that are not read from keys: the error names them, and its way works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import puffer_edge  # noqa: E402
from puffer_edge.errors import UnsupportedError, UsageError  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Discrete  # noqa: E402
from tests.frontends.support import ROWS  # noqa: E402
from tests.frontends.support.networks import named  # noqa: E402

HEADS = {"actor": nn.Linear(8, 3), "value_fn": nn.Linear(8, 1)}
POLICIES: dict[str, dict[str, Any]] = {
    "NMMO3": {"map_2d.0": nn.Conv2d(59, 4, 5, 3), "map_2d.2": nn.Conv2d(4, 4, 3),
              "offsets": torch.arange(10).reshape(1, 10, 1, 1),
              "player_discrete_encoder.0": nn.Embedding(128, 3), "proj.0": nn.Linear(20, 8),
              "layer_norm": nn.LayerNorm(8), **HEADS},
    "Terraform": {"local_net_2d.0": nn.Conv2d(2, 4, 5, 3), "local_net_2d.2": nn.Conv2d(4, 4, 3),
                  "global_net_2d.0": nn.Conv2d(2, 4, 3), "global_net_2d.2": nn.Conv2d(4, 4, 3),
                  "net_1d.0": nn.Linear(5, 8), "proj.0": nn.Linear(28, 8), **HEADS},
    "Boids": {"network.0": nn.Linear(4, 8), "network.2": nn.Linear(8, 8), **HEADS},
    "TowerClimb": {"network.0": nn.Conv3d(1, 4, 3), "network.2": nn.Conv3d(4, 4, 3),
                   "flat": nn.Linear(3, 5), "proj": nn.Linear(25, 8), **HEADS},
    "ImpulseWars": {"weaponTypeEmbedding": nn.Embedding(5, 2), "mapCNN.0": nn.Conv2d(8, 4, 5, 3),
                    "mapCNN.2": nn.Conv2d(4, 4, 3), "encoder.0": nn.Linear(40, 8),
                    "actor": nn.Linear(8, 3), "critic": nn.Linear(8, 1)},
    "GPUDrive": {"ego_encoder.0": nn.Linear(6, 8), "road_encoder.0": nn.Linear(13, 8),
                 "partner_encoder.0": nn.Linear(7, 8), "shared_embedding.1": nn.Linear(24, 8),
                 **HEADS},
    "version 4 image-encoder": {
        "encoder.conv.0": nn.Conv2d(3, 4, 3), "encoder.proj": nn.Linear(8, 8),
        "decoder.decoder": nn.Linear(8, 3), "decoder.value_function": nn.Linear(8, 1)},
}


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("name", POLICIES)
def test_the_error_names_the_policy(name: str, wrapped: bool, tmp_path: Path) -> None:
    parts = dict(POLICIES[name])
    if wrapped and not name.startswith("version"):
        parts = {f"policy.{key}": part for key, part in parts.items()}
        parts |= {"lstm": nn.LSTM(8, 8), "cell": nn.LSTMCell(8, 8)}
    path = tmp_path / "model_000100.pt"
    torch.save(named(torch, parts).state_dict(), path)
    with pytest.raises(UnsupportedError, match=rf"(?s)PufferLib's {name}.* policy, whose network "
                                               r".*module=MyPolicy.*ONNX"):
        puffer_edge.load(path)


def test_no_row_is_mistaken_for_one(tmp_path: Path) -> None:
    from puffer_edge.frontends import pufferlib_unread
    from puffer_edge.readers.parameters import parameters
    from puffer_edge.readers.torch_checkpoint import load_checkpoint

    seen = 0
    for row in ROWS:
        if row.trainer.startswith("PufferLib 3") and row.file.startswith("`model"):
            weights = parameters(load_checkpoint(row.make(tmp_path).path, where=""), "").weights
            assert not pufferlib_unread.matches(weights), row.name
            seen += 1
    assert seen > 8


class Boids(nn.Module):
    """The structure of PufferLib's: the largest features of any point count."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 8))
        self.actor, self.value_fn = nn.Linear(8, 9), nn.Linear(8, 1)

    def forward(self, x: Any, state: Any = None) -> Any:
        hidden = self.network(x.reshape(x.shape[0], x.shape[1] // 4, 4)).max(dim=1)[0]
        return self.actor(hidden).split((5, 4), dim=1), self.value_fn(hidden)


def test_its_class_reads_it(tmp_path: Path) -> None:
    """As the error says; the heads are told by the split."""
    torch.manual_seed(3)
    net = Boids()
    path = tmp_path / "model_000100.pt"
    torch.save(net.state_dict(), path)
    program = puffer_edge.load(path, module=Boids(), observation_shape=20)
    assert program.contract.action == Discrete((5, 4))
    for x in np.random.default_rng(0).standard_normal((10, 20)).astype(np.float32):
        with torch.no_grad():
            theirs = torch.cat(net(torch.from_numpy(x)[None])[0], 1).numpy().reshape(-1)
        # Sums of at most 8 terms below 4, in three layers: off by less than 2^-18.
        assert np.allclose(Interpreter(program).step(x)["logits"], theirs, rtol=0, atol=2**-18)
    artefact = puffer_edge.export(program, tmp_path / "out")
    assert puffer_edge.verify(artefact).passed


def test_a_policy_of_relus_takes_no_other_function(tmp_path: Path) -> None:
    made = next(row for row in ROWS if row.policy == "go").make(tmp_path)
    with pytest.raises(UsageError, match="the activations of Go are ReLU"):
        puffer_edge.load(made.path, activation="tanh")
