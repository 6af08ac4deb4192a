# SPDX-License-Identifier: MIT
"""rsl_rl's ``model_N.pt``, which Isaac Lab and legged_gym train: version 5 and those before.

Structures: version 5 (rsl_rl.models) saves ``actor_state_dict`` with ``obs_normalizer``,
``rnn.rnn``, ``mlp`` and ``distribution``; before (rsl_rl.modules) ``model_state_dict`` has
``actor``, ``critic``, ``memory_a.rnn``, ``std``, and the normaliser is in it or beside it. The
normaliser is ``(x - mean) / (std + 0.01)``, not clipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.frontends.actor import COUNTERS, CRITIC, SPREAD, Actor, build, deviations
from puffer_edge.frontends.layers import sequence
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program

NAME = "rsl_rl"
EPSILON = 1e-2
"""Of ``EmpiricalNormalization``, in every version."""
_NORMALISERS = ("obs_normalizer.", "actor_obs_normalizer.", "obs_norm_state_dict.")


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of a checkpoint of any version."""
    if "actor_state_dict.mlp.0.weight" in weights:
        return True
    # A script's own agent may lie in a model_state_dict, too, but calls its spread otherwise.
    return "model_state_dict.actor.0.weight" in weights and any(
        f"model_state_dict.{name}" in weights for name in ("std", "log_std"))


def is_other(weights: Mapping[str, Array], attributes: Mapping[str, Any]) -> bool:
    """Whether these are a script's, which may call its spread ``log_std``, too.

    rsl_rl's runner saves ``iter`` beside the weights, and no settings.
    """
    return "model_state_dict.log_std" in weights and ("iter" not in attributes or any(
        name.startswith(("config.", "args.", "cfg.")) for name in attributes))


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of a checkpoint; the action is the mean, which rsl_rl neither squashes nor clips.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: there are layers that rsl_rl's models have not.
        UsageError: the options do not fit the policy.
    """
    new = "actor_state_dict.mlp.0.weight" in weights
    start = "actor_state_dict." if new else "model_state_dict."
    actor_weights = {key.removeprefix(start): array for key, array in weights.items()
                     if key.startswith((start, "obs_norm_state_dict."))}
    tensors = Tensors(actor_weights, where)
    hidden, last = sequence(tensors, "mlp." if new else "actor.")
    cell = next((name for name in ("rnn.rnn", "memory_a.rnn")
                 if tensors.has(f"{name}.weight_ih_l0")), "")
    norm = next((name for name in _NORMALISERS if tensors.has(f"{name}_mean")), "")
    actor = Actor(
        f"rsl_rl checkpoint, {'version 5' if new else 'before version 5'}", [last], "mean",
        cell=cell, after=hidden, function="elu", sampled=False,
        normaliser=deviations(tensors, f"{norm}_mean", f"{norm}_std", EPSILON) if norm else None,
        dropped={"critic": CRITIC, "memory_c.": CRITIC, "distribution.": SPREAD, "std": SPREAD,
                 "log_std": SPREAD, f"{norm}_var" if norm else "-": COUNTERS,
                 f"{norm}count" if norm else "-": COUNTERS})
    program = build(actor, tensors, options, where)
    if not norm:
        program = program.noting("stated", "observations are not normalised: the checkpoint, which "
                                           "would hold their statistics, has none")
    return program
