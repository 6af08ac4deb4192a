# SPDX-License-Identifier: MIT
"""Policies of people's own scripts: layers by attribute names, whose shapes fit in one way.

``fc1``, ``fc2``, ``fc3``; ``actor.fc1``...; one trunk (``network``, ``shared``...), perhaps an LSTM
or a GRU, then ``actor`` and ``critic``. What only training needs is left out by its name. Where a
function lies between the layers is in no such file, so the user gives it, or the run's ``config``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends import chain
from puffer_edge.frontends.actor import CRITIC, HINT, SPREAD, Actor, build
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.nesting import is_training
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program
from puffer_edge.readers.text import printable

NAME = "a script's own network"
_SPREADS = re.compile(r"(.*[._])?(log_?std|log_?sigma|std|sigma|cov_var|log_?scale)"
                      r"([._](dev|param|parameter|head|layer|linear|net))?")
_VALUES = frozenset(("q", "q_net", "q_network", "qnet", "dqn", "logits", "advantage"))
_MEANS = ("mu", "mean", "actor_mean", "fc_mu", "fc_mean", "mu_head", "mean_head", "action_mean")
_ACTORS = ("actor", "policy", "pi", "mu", "action")


def matches(weights: dict[str, Array]) -> bool:
    """Whether what the action needs is layers that fit each other in exactly one way."""
    return len(_chains(weights)[0]) == 1


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of such a state_dict.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: two layers of a Sequential have nothing between them.
        UsageError: the activation is not given, or the options do not fit the policy.
    """
    (order,), spread, critic = _chains(weights)
    cells = [index for index, layer in enumerate(order) if layer.cell]
    names = [layer.name for layer in order]
    for a, b in pairwise(order):
        if a.container and a.container == b.container and b.numbers[-1] == a.numbers[-1] + 1:
            raise UnsupportedError(f"nothing lies between {printable(a.name)} and "
                                   f"{printable(b.name)}", where=where, hint=HINT)
    shown = ", ".join(map(printable, names))
    split = cells[0] if cells else len(names) - 1
    before, after = names[:split], names[split + 1:-1]
    if (before or after) and not options.activation:
        raise UsageError(
            f"the file holds layers that fit in one order ({shown}) and does not tell the function "
            "between them", where=where,
            hint="give --activation, as in --activation relu; see forward in the training script")
    last = names[-1].split(".")
    words = {word.lower() for name in (names[-1], names[0]) for word in name.split(".")}
    kind, notes = options.action, []
    if kind is None and (spread or any(word in _MEANS for word in last)):
        kind = "continuous"
    elif kind is None:
        kind = "discrete"
        if not options.action_sizes and not words & _VALUES:
            notes.append(assumed("action-kind", "the action is discrete, the largest output's: no "
                                 "deviation, as a continuous policy has, is beside the layers; "
                                 "give --action continuous if the outputs are the action",
                                 "--action"))
    if kind == "continuous" and not spread and options.squash is None:
        notes.append(assumed("action-squash", "the action is what the last layer gives; give "
                             "--squash with the action's bounds if forward ends with tanh",
                             "--squash"))
    function = f"{options.activation} after each but the last" if before or after else ""
    notes.append(assumed("forward-unseen", f"forward is {shown}{function and ', '}{function}"
                         + (", and nothing after the recurrent layer" if cells else "")))
    body = {_modern(key): array for key, array in weights.items()}
    actor = Actor(
        f"state_dict of {NAME}" + (", recurrent" if cells else ""), [names[-1]],
        "mean" if kind == "continuous" else "logits", before=before,
        cell=names[cells[0]] if cells else "", after=after,
        dropped={**dict.fromkeys(spread, SPREAD), **dict.fromkeys(critic, CRITIC)},
        sampled=bool(spread or critic), notes=tuple(notes))
    return build(actor, Tensors(body, where), options, where)


def _modern(key: str) -> str:
    """An ``nn.GRUCell`` or ``nn.LSTMCell`` as the layer of one step that it is."""
    return re.sub(r"\.((?:weight|bias)_[ih]h)$", r".\1_l0", key)


def _chains(weights: dict[str, Array]) -> tuple[list[tuple[chain.Layer, ...]], list[str],
                                               list[str]]:
    """The orders that fit, and the names of spreads and of what only training needs."""
    body = {_modern(key): array for key, array in weights.items()}
    parts = {part.lower() for key in body for part in key.split(".")}
    acting = any(part.startswith(_ACTORS) for part in parts)
    spread = [key for key in body if _is_spread(key)]
    critic = list(dict.fromkeys(prefix for key in body if key not in spread
                                and (prefix := _critic(key, acting))))
    left = {key: array for key, array in body.items()
            if key not in spread and not key.startswith(tuple(critic))}
    found = chain.layers(left)
    if found is None or sum(layer.cell for layer in found) > 1:
        return [], [], []
    orders = [order for order in chain.orders(found) if not order[-1].cell]
    return orders, spread, critic


def unneeded(weights: Mapping[str, Array]) -> list[str]:
    """Names and prefixes of spreads and of what only training needs, by their names."""
    parts = {part.lower() for key in weights for part in key.split(".")}
    acting = any(part.startswith(_ACTORS) for part in parts)
    return list(dict.fromkeys(found for key in weights if (
        found := key if _is_spread(key) else _critic(key, acting))))


def _is_spread(key: str) -> bool:
    path, _, last = key.rpartition(".")
    return bool(_SPREADS.fullmatch((path if last in ("weight", "bias") else key).lower()))


def _critic(key: str, acting: bool) -> str:
    """The prefix that says so, with its dot; of a Q-network alone, ``q`` is the policy."""
    words = key.split(".")[:-1]
    for count, word in enumerate(map(str.lower, words), 1):
        training = word in ("v", "v_head", "fc_v") or is_training(word)
        if (training and (acting or word not in ("q", "q1", "qf"))) or "critic" in word or (
                word.endswith(("_value", "_v"))):
            return ".".join(words[:count]) + "."
    return ""
