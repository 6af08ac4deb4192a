# SPDX-License-Identifier: MIT
"""rl_games' ``.pth``: ``model`` with an ``a2c_network`` (network_builder.A2CBuilder).

The normaliser is ``clip((x - mean) / sqrt(var + 1e-5), -5, 5)``; the player clips the mean to
[-1, 1] and maps it onto the environment's bounds. A recurrent layer lies after the MLP or before
it, with or without a layer norm behind it, and the observation may be joined to what goes into it
(``concat_input``) or comes out of it (``concat_output``); the widths tell which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.actor import COUNTERS, CRITIC, SPREAD, Actor, build, statistics
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.layers import numbered, sequence
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program

NAME = "rl_games"
_NET = "a2c_network."
_START = f"model.{_NET}"


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of an A2C network with an MLP."""
    return f"{_START}actor_mlp.0.weight" in weights


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of a checkpoint.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: there are layers that are not supported, such as a batch norm.
        UsageError: the options do not fit the policy.
    """
    tensors = Tensors({key.removeprefix("model."): array for key, array in weights.items()
                       if key.startswith("model.")}, where)
    hidden, last = sequence(tensors, f"{_NET}actor_mlp.")
    layers = [*hidden, last]
    continuous = tensors.has(f"{_NET}mu.weight")
    output = [f"{_NET}mu"] if continuous else (
        [f"{_NET}logits"] if tensors.has(f"{_NET}logits.weight")
        else numbered(tensors, f"{_NET}logits."))
    if not output:
        raise FileFormatError("the output layer is missing", where=tensors.place(f"{_NET}mu"))
    # With separate networks for actor and critic, the actor's parts begin with a_.
    cell = next((name for name in (f"{_NET}rnn.rnn", f"{_NET}a_rnn.rnn")
                 if tensors.has(f"{name}.weight_ih_l0")), "")
    norm = next((name for name in (f"{_NET}layer_norm", f"{_NET}a_layer_norm")
                 if cell and tensors.has(f"{name}.weight")), "")
    order = _order(tensors, cell, layers, output[0])
    mean = "running_mean_std.running_mean"
    normaliser = statistics(tensors, mean, "running_mean_std.running_var", 1e-5,
                            clip=5.0) if tensors.has(mean) else None
    bounded = not options.action_low
    actor = Actor(
        f"rl_games checkpoint, {'continuous' if continuous else 'discrete'} actions", output,
        "mean" if continuous else "logits", before=() if order.first else layers, cell=cell,
        cell_norm=norm, seen_by_cell=order.joined_before, seen_after_cell=order.joined_after,
        after=layers if order.first else (), function="elu", normaliser=normaliser,
        dropped={f"{_NET}sigma": SPREAD, f"{_NET}value": CRITIC, f"{_NET}critic_mlp.": CRITIC,
                 f"{_NET}c_rnn.": CRITIC, f"{_NET}c_layer_norm.": CRITIC,
                 "value_mean_std.": CRITIC, "running_mean_std.count": COUNTERS},
        low=(-1.0,) * len(tensors.linear(output[0])[0]) if continuous and bounded else (),
        high=(1.0,) * len(tensors.linear(output[0])[0]) if continuous and bounded else (),
        rescale=continuous and not bounded,
        notes=((assumed("action-bounds", "the mean is clipped to [-1, 1], as the player does; give "
                        "--action-low and --action-high of the environment to have it mapped onto "
                        "them", "--action-low"),)
               if continuous and bounded else ()))
    return build(actor, tensors, options, where)


@dataclass(frozen=True)
class _Order:
    """Where the recurrent layer lies.

    Attributes:
        first: before the MLP.
        joined_before: the observation goes into it beside the MLP's outputs.
        joined_after: the observation goes on beside its outputs.
    """

    first: bool = False
    joined_before: bool = False
    joined_after: bool = False


def _order(tensors: Tensors, cell: str, layers: Sequence[str], output: str) -> _Order:
    """What the widths allow; the MLP is first where both fit, as it is by default."""
    if not cell:
        return _Order()
    inputs = tensors.shape(f"{cell}.weight_ih_l0", 2)[1]
    hidden = tensors.shape(f"{cell}.weight_hh_l0", 2)[1]
    start = tensors.shape(f"{layers[0]}.weight", 2)[1]
    end = tensors.shape(f"{layers[-1]}.weight", 2)[0]
    taken = tensors.shape(f"{output}.weight", 2)[1]
    if inputs in (end, end + start) and taken in (hidden, hidden + start):
        return _Order(False, inputs != end, taken != hidden)
    if start in (hidden, hidden + inputs) and taken == end:
        return _Order(True, False, start != hidden)
    raise FileFormatError(
        f"the recurrent layer ({inputs} inputs, {hidden} outputs) fits neither behind the MLP "
        f"({start} to {end}) nor before it", where=tensors.place(cell))
