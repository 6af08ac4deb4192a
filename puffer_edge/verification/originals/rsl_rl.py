# SPDX-License-Identifier: MIT
"""rsl_rl's actors of every version: run by the library, or in torch's layers where it is missing.

``mlp(rnn((x - mean) / (std + 0.01)))``: EmpiricalNormalization adds 0.01 to the deviation, the
recurrent layer is nn.LSTM or nn.GRU, and ELU is the activation of every task's configuration.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.verification.originals import plain_layers
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Original, Unjudged
from puffer_edge.verification.originals.rsl_rl_library import LibraryOriginal


def open_original(job: Job) -> Original:
    """The actor of a checkpoint."""
    found = plain_layers.weights_of(Path(job.path))
    start = ("actor_state_dict." if "actor_state_dict.mlp.0.weight" in found
             else "model_state_dict.")
    own = {name.removeprefix(start): array for name, array in found.items()
           if name.startswith((start, "obs_norm_state_dict."))}
    try:
        return LibraryOriginal(own, job.activation)
    except ImportError:
        return PlainOriginal(own, job.activation)


class PlainOriginal(Original):
    """Normaliser, recurrent layer, layers.

    Args:
        own: arrays of the actor, by their names without those of the checkpoint.
        activation: the user's; rsl_rl's default without.
    """

    def __init__(self, own: dict[str, Array], activation: str) -> None:
        super().__init__()
        import torch

        self.torch = torch
        self.judge = f"rsl_rl's layers in torch {torch.__version__}"
        stack, cell = (("mlp", "rnn.rnn") if "mlp.0.weight" in own else ("actor", "memory_a.rnn"))
        numbers = sorted(int(match[1]) for name in own
                         if (match := re.fullmatch(rf"{stack}\.(\d+)\.weight", name)))
        if not numbers:
            raise Unjudged("the checkpoint has no layers of an actor")
        layers = [plain_layers.linear(torch, own, f"{stack}.{n}") for n in numbers]
        kind = plain_layers.activation(torch, activation or "elu")
        parts = [part for layer in layers[:-1] for part in (layer, kind())]
        self.layers = torch.nn.Sequential(*parts, layers[-1])
        self.cell = None
        if f"{cell}.weight_ih_l0" in own:
            self.cell = plain_layers.Memory(plain_layers.recurrent(torch, own, cell))
        norm = next((n for n in ("obs_normalizer", "actor_obs_normalizer", "obs_norm_state_dict")
                     if f"{n}._mean" in own), "")
        self.mean = self.spread = None
        if norm:
            self.mean, self.spread = (own[f"{norm}.{part}"].astype(np.float64).reshape(-1)
                                      for part in ("_mean", "_std"))

    def reset(self) -> None:
        """See :class:`Original`."""
        if self.cell is not None:
            self.cell.state = None

    def step(self, observation: Array) -> dict[str, Array]:
        """See :class:`Original`."""
        x = observation
        if self.mean is not None and self.spread is not None:
            x = ((x - self.mean) / (self.spread + 0.01)).astype(np.float32)
        with self.torch.no_grad():
            hidden = self.torch.from_numpy(x)[None]
            if self.cell is not None:
                hidden = self.cell(self.torch, hidden)
            return {"mean": self.layers(hidden).numpy()}

    def state(self) -> dict[str, Array]:
        """See :class:`Original`."""
        return {} if self.cell is None else self.cell.arrays(self.torch)
