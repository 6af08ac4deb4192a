# SPDX-License-Identifier: MIT
"""skrl's ``agent_N.pt`` and ``best_agent.pt``: a dictionary of state_dicts, one of them ``policy``.

Structure: models that skrl makes of a configuration have ``net_container`` (and ``policy_layer``
where policy and value share it); a user's own model may call its Sequential whatever it likes. The
RunningStandardScaler is ``clip((x - mean) / (sqrt(var) + 1e-8), -5, 5)``.
"""

from __future__ import annotations

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.actor import (
    COUNTERS,
    CRITIC,
    HINT,
    SPREAD,
    Actor,
    build,
    statistics,
)
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.layers import sequence
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program
from puffer_edge.readers.text import printable

NAME = "skrl"
_SCALERS = ("observation_preprocessor.", "state_preprocessor.")
_HEADS = ("policy_layer", "mean_layer", "logits_layer")


def matches(weights: dict[str, Array]) -> bool:
    """Whether this is a dictionary of skrl's modules with a policy of linear layers."""
    keys = [key for key in weights if key.startswith("policy.")]
    return any(key in weights for key in ("policy.log_std_parameter",
                                          "policy.net_container.0.weight")) or (
        bool(keys) and any(key.startswith(("value.", *_SCALERS)) for key in weights))


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of an agent.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: the policy is no single stack of linear layers.
        UsageError: the options do not fit the policy.
    """
    tensors = Tensors({key: array for key, array in weights.items()
                       if key.startswith(("policy.", *_SCALERS))}, where)
    stems = sorted({key.rpartition(".")[0].rpartition(".")[0] + "."
                    for key in tensors.names("policy.")
                    if key.endswith(".weight") and key.split(".")[-2].isdigit()})
    heads = [f"policy.{name}" for name in _HEADS if tensors.has(f"policy.{name}.weight")]
    if len(stems) != 1 or len(heads) > 1:
        raise UnsupportedError(
            f"the policy is no single stack of layers but {', '.join(map(printable, stems))}",
            where=where, hint=HINT)
    hidden, last = sequence(tensors, stems[0])
    hidden, output = ([*hidden, last], heads) if heads else (hidden, [last])
    norm = next((name for name in _SCALERS if tensors.has(f"{name}running_mean")), "")
    spread = tensors.has("policy.log_std_parameter")
    named = {"policy.mean_layer": "continuous", "policy.logits_layer": "discrete"}.get(
        output[0], "")
    continuous = spread or (options.action or named) == "continuous"
    notes = () if spread or named or options.action or options.action_sizes else (
        assumed("action-kind", "the action is discrete, the largest output's: no deviation is in "
                "the file; give --action continuous for DDPG and TD3", "--action"),)
    actor = Actor(
        f"skrl agent, {'continuous' if continuous else 'discrete'} actions", output,
        "mean" if continuous else "logits", before=hidden, function="elu",
        normaliser=statistics(tensors, f"{norm}running_mean", f"{norm}running_variance", 1e-8,
                              inside=False, clip=5.0) if norm else None,
        dropped={"policy.log_std_parameter": SPREAD, "policy.value_layer.": CRITIC,
                 **({f"{norm}current_count": COUNTERS} if norm else {})}, notes=notes)
    return build(actor, tensors, options, where)
