"""Sample Factory's ``checkpoint_*.pth``: ``model``, an actor-critic with shared weights.

Structure (sample_factory.model): ``encoder.encoders.obs.mlp_head``, an optional ``core.core`` (GRU
or LSTM), ``decoder.mlp``, ``action_parameterization.distribution_linear``; an activation follows
every hidden layer. The normaliser is ``clip((x - mean) / sqrt(var + 1e-5), -5, 5)``.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from puffer_edge.frontends.actor import COUNTERS, CRITIC, SPREAD, Actor, build, statistics
from puffer_edge.frontends.layers import numbered
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program

Array = npt.NDArray[Any]

NAME = "Sample Factory"
_HEAD = "action_parameterization.distribution_linear"
_ENCODER = "encoder.encoders.obs.mlp_head."
_NORM = "obs_normalizer.running_mean_std.running_mean_std.obs."


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of a checkpoint with a vector observation."""
    return f"model.{_HEAD}.weight" in weights


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of a checkpoint.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: there are layers that are not supported, such as a convolution.
        UsageError: the options do not fit the policy.
    """
    tensors = Tensors({key.removeprefix("model."): array for key, array in weights.items()
                       if key.startswith("model.")}, where)
    fixed = tensors.has("action_parameterization.learned_stddev")
    adaptive = not fixed and options.action == "continuous"
    rows = len(tensors.linear(_HEAD)[0])
    notes = []
    if adaptive:
        notes.append("the second half of the outputs is the spread, as with adaptive_stddev")
    elif not fixed:
        notes.append("the actions are discrete; give --action continuous if they are not")
    cell = "core.core" if tensors.has("core.core.weight_ih_l0") else ""
    actor = Actor(
        f"Sample Factory checkpoint, {'continuous' if fixed or adaptive else 'discrete'} actions",
        [_HEAD], "mean" if fixed or adaptive else "logits", before=numbered(tensors, _ENCODER),
        cell=cell, after=numbered(tensors, "decoder.mlp."), function="elu",
        rows=rows // 2 if adaptive else None, sampled=True, notes=tuple(notes),
        normaliser=statistics(tensors, f"{_NORM}running_mean", f"{_NORM}running_var", 1e-5,
                              clip=5.0) if tensors.has(f"{_NORM}running_mean") else None,
        dropped={"critic_linear.": CRITIC, "returns_normalizer.": CRITIC,
                 "action_parameterization.learned_stddev": SPREAD, f"{_NORM}count": COUNTERS})
    return build(actor, tensors, options, where)
