# SPDX-License-Identifier: MIT
"""A state_dict out of the dictionaries and modules around it: ``{"agent": {"model": ...}}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from puffer_edge.readers.parameters import Parameters

WRAPPERS = frozenset((
    "ac", "actor_critic", "agent", "agent_state_dict", "checkpoint", "ema", "learner", "model",
    "model_state", "model_state_dict", "module", "net", "net_state_dict", "network",
    "network_state_dict", "nn", "params", "policy", "policy_net", "policy_state_dict", "state",
    "state_dict", "weights"))
"""Names that scripts give the dictionary, or the module, around a policy."""
_TRAINING = ("advantage", "baseline", "critic", "disc", "old", "q", "q1", "q2", "qf", "qf1", "qf2",
             "target", "value", "vf", "rnd", "ret", "return", "returns", "reward")
_TRAINING_STARTS = ("critic", "discriminator", "q1", "q2", "qf", "ret_", "return", "reward",
                    "target", "value")
_TRAINING_ENDS = ("_old", "_target")
STATISTICS = ("mean", "norm", "rms", "std", "var")
"""Parts of names of an observation's statistics."""


def views(found: Parameters) -> Iterator[Parameters]:
    """What the file holds, then the same without each wrapper around it, outermost first.

    What lies beside a wrapper is left out only where its name or size shows that the action does
    not need it; ``Parameters.left_out`` names it. Where anything else is beside, the views end.
    """
    yield found
    while (inner := _inner(found)) is not None:
        found = inner
        yield found


def is_training(part: str) -> bool:
    """Whether a part of a name is that of something that only training needs."""
    word = part.lower()
    return word in _TRAINING or word.startswith(_TRAINING_STARTS) or word.endswith(_TRAINING_ENDS)


def _inner(found: Parameters) -> Parameters | None:
    firsts = dict.fromkeys(key.partition(".")[0] for key in found.weights if "." in key)
    wrappers = [first for first in firsts if first in WRAPPERS]
    if len(wrappers) != 1 or "" in found.classes:
        return None
    start = f"{wrappers[0]}."
    inner = _below(found.weights, start)
    beside = [key for key in found.weights if not key.startswith(start)]
    if not any("." in key for key in inner) or not all(
            found.weights[key].size <= 1 or found.weights[key].dtype.kind in "biu"
            or is_training(key.partition(".")[0])
            or any(word in key.lower() for word in STATISTICS) for key in beside):
        return None
    statistics = {key: found.weights[key] for key in beside
                  if any(word in key.lower() for word in STATISTICS)}
    left = dict.fromkeys((key.partition(".")[0] for key in beside if key not in statistics), "")
    return Parameters(
        inner, _below(found.classes, start) | ({"": found.classes[wrappers[0]]}
                                               if wrappers[0] in found.classes else {}),
        found.attributes | _below(found.attributes, start),
        {name.removeprefix(start) for name in found.hooked if name.startswith(start)},
        {**found.arrays, **statistics}, found.left_out | left)


def _below(names: Mapping[str, Any], start: str) -> dict[str, Any]:
    return {name.removeprefix(start): value for name, value in names.items()
            if name.startswith(start)}
