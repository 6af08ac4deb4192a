# SPDX-License-Identifier: MIT
"""CleanRL's ``.cleanrl_model``: state_dicts of its one-file agents, or tuples (actor, critics...).

Structures (the scripts of cleanrl/): PPO has ``actor`` and ``critic``, or ``actor_mean`` and
``actor_logstd``, tanh between linear layers (its Atari agents are read by ``pufferlib_vision``).
DQN is one ``network``, of convolutions first where it takes images. SAC has ``fc1``, ``fc2``,
``fc_mean`` and ``fc_logstd``, TD3 and DDPG ``fc1``, ``fc2`` and ``fc_mu``, with the action's scale
and bias.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends import heads, nature_cnn
from puffer_edge.frontends.actor import CRITIC, HINT, SPREAD, Actor, build
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.layers import linear, numbered, sequence
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Builder, Program

NAME = "CleanRL"
_SPREADS = ("actor_logstd", "actor_log_std", "log_std", "logstd", "std")
_NORMALISED = ("observations are not normalised: CleanRL's script for continuous actions does it "
               "in the environment (NormalizeObservation), whose statistics are not in the file; "
               "give them with --normaliser FILE, or --normaliser none")
_SCALES = ("action_scale", "action_bias")


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of an agent; PPO for images is in pufferlib_vision."""
    body = _body(weights)
    return (("fc_mu.weight" in body or "fc_mean.weight" in body) and "fc1.weight" in body
            ) or ("actor.0.weight" in body and "critic.0.weight" in body) or (
                "actor_mean.0.weight" in body) or _is_dqn(body)


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of such a file.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: the agent has layers that CleanRL's have not.
        UsageError: the options do not fit the policy.
    """
    tensors = Tensors(_body(weights), where)
    if tensors.has("fc1.weight"):
        actor = _squashed(tensors, where)
    elif tensors.has("network.0.weight"):
        hidden, last = sequence(tensors, "network.")
        if numbered(tensors, "network.", 4):
            return _atari_dqn(tensors, last, options, where)
        actor = Actor("CleanRL, DQN", [last], "logits", before=hidden, function="relu",
                      notes=(assumed("action-kind", "the action is discrete, the largest action "
                                     "value's: the names are those of CleanRL's DQN", "--action"),))
    else:
        named = tensors.has("actor_mean.0.weight")
        continuous = named or any(tensors.has(name) for name in _SPREADS)
        hidden, last = sequence(tensors, "actor_mean." if named else "actor.")
        actor = Actor(f"CleanRL, PPO with {'continuous' if continuous else 'discrete'} actions",
                      [last], "mean" if continuous else "logits", before=hidden, function="tanh",
                      dropped={"critic.": CRITIC, **dict.fromkeys(_SPREADS, SPREAD)}, sampled=True,
                      notes=(assumed("normaliser-missing", _NORMALISED, "--normaliser"),)
                      if continuous and options.normaliser is None else ())
    return build(actor, tensors, options, where)


def _body(weights: dict[str, Array]) -> dict[str, Array]:
    """The actor's tensors: of a tuple (actor, qf1, ...) the first part."""
    if all(key.split(".")[0].isdigit() for key in weights):
        return {key[2:]: array for key, array in weights.items() if key.startswith("0.")}
    return weights


def _is_dqn(body: dict[str, Array]) -> bool:
    return bool(body) and all(key.startswith("network.") for key in body)


def _atari_dqn(tensors: Tensors, last: str, options: LoadOptions, where: str) -> Program:
    builder = Builder("CleanRL, DQN for images")
    x = nature_cnn.image(builder, tensors, options, where)
    x = nature_cnn.network(builder, x, tensors, last=[last])
    y = linear(builder, x, tensors, last)
    tensors.finish("CleanRL's DQN", HINT)
    action = heads.discrete(builder, options, builder.shape(y)[1])
    size = builder.shape("observation")[1]
    return builder.build({"logits": y}, heads.contract(builder, options, size, action))


def _squashed(tensors: Tensors, where: str) -> Actor:
    scale, bias = (np.asarray(tensors.take(name), np.float64).reshape(-1) if tensors.has(name)
                   else None for name in _SCALES)
    output = "fc_mean" if tensors.has("fc_mean.weight") else "fc_mu"
    hidden = [name for name in ("fc1", "fc2", "fc3") if tensors.has(f"{name}.weight")]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    if scale is not None and bias is not None:
        if scale.shape != bias.shape or not (scale > 0).all():
            raise UnsupportedError("the action's scale and bias do not fit each other",
                                   where=where, hint=HINT)
        count = len(tensors.linear(output, bare=True)[0])
        scale, bias = (np.broadcast_to(a, (count,)) if a.size == 1 else a for a in (scale, bias))
        low, high = tuple(map(float, bias - scale)), tuple(map(float, bias + scale))
    return Actor(f"CleanRL, {'SAC' if output == 'fc_mean' else 'TD3 or DDPG'}", [output], "mean",
                 before=hidden, function="relu", assumed=False, squash=True, low=low, high=high,
                 dropped={"fc_logstd.": SPREAD})
