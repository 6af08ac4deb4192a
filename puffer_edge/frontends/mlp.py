# SPDX-License-Identifier: MIT
"""A state_dict that is one stack of linear layers: TorchRL's MLP, or any nn.Sequential.

Names do not tell the functions between the layers, so the user has to.
"""

from __future__ import annotations

from puffer_edge.arrays import Array
from puffer_edge.errors import UsageError
from puffer_edge.frontends.actor import SPREAD, Actor, build
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.layers import sequence
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program

NAME = "a single stack of linear layers"


def matches(weights: dict[str, Array]) -> bool:
    """Whether all weights are those of numbered layers with one stem; a spread may be beside."""
    stems, rest = set(), []
    for key, array in weights.items():
        path, _, kind = key.rpartition(".")
        stem, _, index = path.rpartition(".")
        if kind in ("weight", "bias") and index.isdigit() and array.ndim in (1, 2):
            stems.add(stem)
        else:
            rest.append(key)
    return len(stems) == 1 and all("std" in key for key in rest)


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of such a state_dict.

    Raises:
        FileFormatError: tensors do not fit each other.
        UsageError: the activation is not given, or the options do not fit the policy.
    """
    tensors = Tensors(weights, where)
    first = next((key for key in weights if key.endswith(".weight")), "")
    stem = first.rpartition(".")[0].rpartition(".")[0]
    hidden, last = sequence(tensors, f"{stem}." if stem else "")
    if hidden and not options.activation:
        raise UsageError(
            f"the file holds {len(hidden) + 1} linear layers and does not tell the function "
            "between them", where=where,
            hint="give --activation: tanh for TorchRL's MLP by default")
    spread = [key for key in weights if "std" in key]
    continuous = bool(spread) or options.action == "continuous"
    notes = () if spread or options.action or options.action_sizes else (
        assumed("action-kind", "the action is discrete, the largest output's: no deviation, as a "
                "continuous policy has, is beside the layers; give --action continuous if the "
                "outputs are the action", "--action"),)
    actor = Actor("state_dict of linear layers", [last], "mean" if continuous else "logits",
                  before=hidden, dropped=dict.fromkeys(spread, SPREAD), notes=notes)
    return build(actor, tensors, options, where)
