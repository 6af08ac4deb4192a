# SPDX-License-Identifier: MIT
"""state_dicts of RLlib's default PPO module (new stack): an encoder, then the head ``pi``.

Names and layers: ray.rllib.core.models.torch, TorchMLPEncoder and TorchMLPHead; the activation is
after every layer of the encoder, the head's own between those of the head. A head with a free
``log_std`` gives means alone, any other continuous one means and deviations.
"""

from __future__ import annotations

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.action_kind import asked
from puffer_edge.frontends.actor import CRITIC, HINT, SPREAD, Actor, build
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.layers import numbered, sequence
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program

NAME = "RLlib"
_ENCODERS = ("encoder.actor_encoder.net.mlp.", "encoder.encoder.net.mlp.")
_HEAD = "pi.net.mlp."


def matches(weights: dict[str, Array]) -> bool:
    """Whether there are an encoder and a head of linear layers."""
    return f"{_HEAD}0.weight" in weights and any(
        f"{encoder}0.weight" in weights for encoder in _ENCODERS)


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of such a state_dict.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: there are layers that the default module has not.
        UsageError: the options do not fit the policy.
    """
    tensors = Tensors(weights, where)
    encoder = next(name for name in _ENCODERS if tensors.has(f"{name}0.weight"))
    between, last = sequence(tensors, _HEAD)
    width, free = tensors.shape(f"{last}.weight", 2)[0], tensors.has("pi.log_std")
    continuous = free or asked(options) == "continuous"
    if continuous and not free and width % 2:
        raise UnsupportedError(f"the {width} outputs are not a mean and a deviation for each "
                               "action", where=where, hint=HINT)
    notes = () if free or asked(options) else (
        assumed("action-kind", "the action is discrete, the largest output's; give --action "
                "continuous if the outputs are means and deviations", "--action"),)
    actor = Actor("RLlib state_dict, PPO", [last], "mean" if continuous else "logits",
                  before=numbered(tensors, encoder), after=between, function="tanh",
                  after_function="relu", rows=width // 2 if continuous and not free else None,
                  dropped={"vf.": CRITIC, "encoder.critic_encoder.": CRITIC, "pi.log_std": SPREAD},
                  notes=notes)
    return build(actor, tensors, options, where)
