# SPDX-License-Identifier: MIT
"""Tianshou's state_dicts: of a policy or of its actor alone, versions 1 and 2.

Structure (tianshou.utils.net): ``preprocess.model.model`` MLP with ReLU, then ``last.model``
(discrete logits, or a deterministic action) or ``mu.model``; ``model.model`` alone for DQN. Bounded
actors apply tanh and multiply by ``max_action``.
"""

from __future__ import annotations

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.actor import HINT, SPREAD, Actor, build
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.layers import numbered, sequence
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program

NAME = "Tianshou"
_ACTORS = ("policy.actor.", "actor.", "policy.", "")
_VALUES = ("policy.model.", "model.", "")


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of an actor with a preprocessing net, or of an MLP of values."""
    return _actor(weights) is not None or _values(weights) is not None


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of a policy.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: the actor has layers that Tianshou's have not.
        UsageError: the options do not fit the policy.
    """
    start = _actor(weights)
    if start is None:
        start = _values(weights) or ""
        tensors = _part(weights, start, where)
        hidden, last = sequence(tensors, "model.model.")
        return build(Actor("Tianshou, action values", [last], "logits", before=hidden,
                           function="relu"), tensors, options, where)
    tensors = _part(weights, start, where)
    hidden = numbered(tensors, "preprocess.model.model.")
    gaussian = bool(numbered(tensors, "mu.model."))
    more, last = sequence(tensors, "mu.model." if gaussian else "last.model.")
    if not hidden:
        raise UnsupportedError("the actor has no preprocessing MLP", where=where, hint=HINT)
    continuous = gaussian or options.action == "continuous" or bool(options.action_low)
    notes = []
    if not gaussian and options.action is None:
        kind = ("continuous and deterministic (DDPG, TD3), as bounds were given" if continuous else
                "discrete, as no deviation is in the file; give --action continuous for DDPG and "
                "TD3")
        notes.append(assumed("action-kind", f"the action is {kind}", "--action"))
    if continuous and options.squash is None and options.action_low:
        notes.append(assumed("action-squash", "the actor is bounded: tanh, then onto the action's "
                             "bounds; give --no-squash if it was made with unbounded=True",
                             "--squash"))
    actor = Actor(
        f"Tianshou, {'continuous' if continuous else 'discrete'} actor", [last],
        "mean" if continuous else "logits", before=[*hidden, *more], function="relu",
        squash=continuous and bool(options.action_low), notes=tuple(notes),
        dropped={"sigma": SPREAD})
    return build(actor, tensors, options, where)


def _actor(weights: dict[str, Array]) -> str | None:
    return next((start for start in _ACTORS
                 if f"{start}preprocess.model.model.0.weight" in weights), None)


def _values(weights: dict[str, Array]) -> str | None:
    return next((start for start in _VALUES if f"{start}model.model.0.weight" in weights), None)


def _part(weights: dict[str, Array], start: str, where: str) -> Tensors:
    """The tensors of the actor; critics and old copies are left out."""
    return Tensors({key.removeprefix(start): array for key, array in weights.items()
                    if key.startswith(start) and not key.startswith(
                        ("critic", "policy.critic", "model_old", "actor_old"))}, where)


