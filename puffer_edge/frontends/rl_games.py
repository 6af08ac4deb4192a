"""rl_games' ``.pth``: ``model`` with an ``a2c_network`` (network_builder.A2CBuilder).

The normaliser is ``clip((x - mean) / sqrt(var + 1e-5), -5, 5)``; the player clips the mean to
[-1, 1] and maps it onto the environment's bounds.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.actor import COUNTERS, CRITIC, SPREAD, Actor, build, statistics
from puffer_edge.frontends.layers import numbered, sequence
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program

Array = npt.NDArray[Any]

NAME = "rl_games"
_START = "model.a2c_network."


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of an A2C network with an MLP."""
    return f"{_START}actor_mlp.0.weight" in weights


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of a checkpoint.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: there are layers that are not supported, such as a layer norm.
        UsageError: the options do not fit the policy.
    """
    tensors = Tensors({key.removeprefix("model."): array for key, array in weights.items()
                       if key.startswith("model.")}, where)
    net = "a2c_network."
    hidden, last = sequence(tensors, f"{net}actor_mlp.")
    layers = [*hidden, last]
    cell = f"{net}rnn.rnn" if tensors.has(f"{net}rnn.rnn.weight_ih_l0") else ""
    # The MLP comes first unless the recurrent layer is as wide as the MLP's input.
    first = bool(cell) and (tensors.shape(f"{layers[0]}.weight", 2)[1]
                            == tensors.shape(f"{cell}.weight_hh_l0", 2)[1]
                            and tensors.shape(f"{cell}.weight_ih_l0", 2)[1]
                            != tensors.shape(f"{layers[-1]}.weight", 2)[0])
    norm = "running_mean_std.running_mean"
    normaliser = statistics(tensors, norm, "running_mean_std.running_var", 1e-5,
                            clip=5.0) if tensors.has(norm) else None
    continuous = tensors.has(f"{net}mu.weight")
    output = [f"{net}mu"] if continuous else (
        [f"{net}logits"] if tensors.has(f"{net}logits.weight")
        else numbered(tensors, f"{net}logits."))
    if not output:
        raise FileFormatError("the output layer is missing", where=tensors.place(f"{net}mu"))
    bounded = not options.action_low
    actor = Actor(
        f"rl_games checkpoint, {'continuous' if continuous else 'discrete'} actions", output,
        "mean" if continuous else "logits", before=() if first else layers, cell=cell,
        after=layers if first else (), function="elu", normaliser=normaliser,
        dropped={f"{net}sigma": SPREAD, f"{net}value": CRITIC, f"{net}critic_mlp.": CRITIC,
                 f"{net}c_rnn.": CRITIC, "value_mean_std.": CRITIC,
                 "running_mean_std.count": COUNTERS},
        low=(-1.0,) * len(tensors.linear(output[0])[0]) if continuous and bounded else (),
        high=(1.0,) * len(tensors.linear(output[0])[0]) if continuous and bounded else (),
        rescale=continuous and not bounded,
        notes=(("the mean is clipped to [-1, 1], as the player does; give --action-low and "
                "--action-high of the environment to have it mapped onto them",)
               if continuous and bounded else ()))
    return build(actor, tensors, options, where)
