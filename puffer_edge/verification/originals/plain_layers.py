# SPDX-License-Identifier: MIT
"""torch's layers with arrays by the names of a state_dict, for trainers that are not installed.

Written apart from our front ends, which know the same names: what one of them gets wrong, the
other tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.frontends.detect import detect
from puffer_edge.readers.parameters import parameters
from puffer_edge.readers.safetensors import load_safetensors
from puffer_edge.readers.torch_checkpoint import load_checkpoint
from puffer_edge.verification.originals.original import Unjudged

_CLASSES = {"none": "Identity", "hard_swish": "Hardswish"}


def weights_of(path: Path) -> dict[str, Array]:
    """The arrays of a checkpoint, as our strict reader gives them; nothing is unpickled."""
    where = str(path)
    tree: Any = (load_safetensors(path) if detect(path) == "safetensors"
                 else load_checkpoint(path, where=where))
    return parameters(tree, where).weights


def linear(torch: Any, weights: Mapping[str, Array], name: str) -> Any:
    """``nn.Linear``."""
    weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    return _filled(torch, layer, {"weight": weight, "bias": bias})


def recurrent(torch: Any, weights: Mapping[str, Array], name: str) -> Any:
    """``nn.LSTM`` or ``nn.GRU``, of as many layers as there are; a step is a sequence of one."""
    rows, hidden = weights[f"{name}.weight_hh_l0"].shape
    kind = {4: torch.nn.LSTM, 3: torch.nn.GRU}.get(rows // hidden)
    if kind is None:
        raise Unjudged(f"{name} is neither an LSTM nor a GRU")
    layers = sum(key.startswith(f"{name}.weight_hh_l") for key in weights)
    layer = kind(weights[f"{name}.weight_ih_l0"].shape[1], hidden, layers)
    return _filled(torch, layer, {key.removeprefix(f"{name}."): array
                                  for key, array in weights.items() if key.startswith(f"{name}.")})


def activation(torch: Any, name: str) -> Any:
    """The class of an activation by its name, as the user gives it."""
    wanted = _CLASSES.get(name, name).replace("_", "").lower()
    for each in dir(torch.nn):
        if each.lower() == wanted:
            return getattr(torch.nn, each)
    raise Unjudged(f"torch has no activation {name}")


def _filled(torch: Any, layer: Any, arrays: Mapping[str, Array | None]) -> Any:
    layer.load_state_dict({name: torch.from_numpy(array.copy())
                           for name, array in arrays.items() if array is not None})
    return layer.float().eval()


class Memory:
    """The state of a recurrent layer, [layers, 1, hidden] each, that a policy carries along."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.state: Any = None

    def __call__(self, torch: Any, x: Any) -> Any:
        """[1, inputs] -> [1, hidden]."""
        y, self.state = self.layer(x.unsqueeze(0), self.state)
        return y.squeeze(0)

    def arrays(self, torch: Any) -> dict[str, Array]:
        """The state of every layer by name: h and, of an LSTM, c."""
        layer = self.layer
        names = "hc" if isinstance(layer, torch.nn.LSTM) else "h"
        zeros = (torch.zeros(layer.num_layers, 1, layer.hidden_size),) * len(names)
        parts = zeros if self.state is None else (
            self.state if isinstance(self.state, tuple) else (self.state,))
        return {f"{name}_{n}": part[n].numpy() for name, part in zip(names, parts, strict=True)
                for n in range(layer.num_layers)}
