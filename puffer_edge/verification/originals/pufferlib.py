# SPDX-License-Identifier: MIT
"""PufferLib's Default policy of versions 1 to 3, with and without its LSTM, in torch's layers.

Structure (pufferlib.models, version 3.0)::

    hidden = GELU(encoder(x)); hidden = LSTMCell(hidden); logits = decoder(hidden)

Versions 1 and 2 have ReLU; the encoder of dictionary observations has no activation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.verification.originals import plain_layers
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Original

BOARD = 8
"""What a cell of the environment snake can hold."""


def open_original(job: Job) -> Original:
    """The policy of a checkpoint."""
    return PufferLibOriginal(job)


class PufferLibOriginal(Original):
    """Encoder, cell, decoders and value."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        import torch

        self.torch = torch
        self.judge = f"PufferLib's layers in torch {torch.__version__}"
        found = {_short(name): array for name, array
                 in plain_layers.weights_of(Path(job.path)).items()}
        old = "value_head.weight" in found
        whole = "encoder.0.weight" not in found
        name = job.activation or ("relu" if old else "none" if whole else "gelu")
        self.encoder = plain_layers.linear(torch, found, "encoder" if whole else "encoder.0")
        self.function = plain_layers.activation(torch, name)()
        self.cell = _cell(torch, found)
        heads = [f"decoder.{n}" for n in range(100) if f"decoder.{n}.weight" in found]
        heads = heads or [head for head in ("decoder_mean", "decoder") if f"{head}.weight" in found]
        self.heads = [plain_layers.linear(torch, found, head) for head in heads]
        value = next((n for n in ("value", "value_head") if f"{n}.weight" in found), "")
        self.value = plain_layers.linear(torch, found, value) if value else None
        self.boards = self.encoder.in_features == BOARD * job.size
        self.reset()

    def meant(self, observation: Array) -> Array:
        """See :class:`Original`."""
        return observation.clip(0, BOARD - 1).round() if self.boards else observation

    def reset(self) -> None:
        """See :class:`Original`."""
        if self.cell is not None:
            size = self.cell.hidden_size
            self.memory = self.torch.zeros(1, size), self.torch.zeros(1, size)

    def step(self, observation: Array) -> dict[str, Array]:
        """See :class:`Original`."""
        torch = self.torch
        with torch.no_grad():
            x = torch.from_numpy(observation)[None]
            if self.boards:
                x = torch.nn.functional.one_hot(x.long(), BOARD).flatten(1).float()
            hidden = self.function(self.encoder(x))
            if self.cell is not None:
                self.memory = self.cell(hidden, self.memory)
                hidden = self.memory[0]
            found = {f"head_{n}": head(hidden).numpy() for n, head in enumerate(self.heads)}
            if self.value is not None:
                found["value"] = self.value(hidden).numpy()
        return found

    def state(self) -> dict[str, Array]:
        """See :class:`Original`."""
        if self.cell is None:
            return {}
        return {"lstm_h": self.memory[0].numpy(), "lstm_c": self.memory[1].numpy()}


def _short(name: str) -> str:
    """The name in the policy: wrappers are called policy and, before version 3, recurrent."""
    while name.startswith("policy."):
        name = name[len("policy."):]
    return f"lstm.{name[len('recurrent.'):]}" if name.startswith("recurrent.") else name


def _cell(torch: Any, found: dict[str, Array]) -> Any:
    names = {part: next((n for n in (f"lstm.{part}_l0", f"cell.{part}") if n in found), "")
             for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    if not all(names.values()):
        return None
    rows, inputs = found[names["weight_ih"]].shape
    cell = torch.nn.LSTMCell(inputs, rows // 4)
    cell.load_state_dict({part: torch.from_numpy(found[name].copy())
                          for part, name in names.items()})
    return cell.float()
