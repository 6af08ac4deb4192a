# SPDX-License-Identifier: MIT
"""An actor by where its parts lie in a state_dict; what most trainers' networks come down to.

    observation -> normaliser -> layers -> LSTM or GRU -> layer norm -> layers -> output

A front end says which tensors these are; here they become a Program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.activations import activation
from puffer_edge.frontends.layers import (
    activate,
    drop_prefix,
    layer_norm,
    linear,
    normalized,
    recurrent,
    stack,
)
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors, add_linear
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Note, Program
from puffer_edge.ir import Normaliser as Described
from puffer_edge.ir.ops import Concat

HINT = ("give puffer_edge.load() the torch module with the state_dict loaded into it, export it to "
        "ONNX, or say what the tensors are for with --map")


@dataclass(frozen=True)
class Normaliser:
    """``clip((x - mean) * scale, -clip, clip)``.

    Attributes:
        mean, scale: one per feature, or one number.
        clip: bound of the result; infinite for none.
        layer: its name.
    """

    mean: Array
    scale: Array
    clip: float = float("inf")
    layer: str = "normaliser"


@dataclass(frozen=True)
class Actor:
    """Where the parts are.

    Attributes:
        source: what the file is, in words.
        inputs: elements of the observation, where no linear layer takes it.
        encoder: what is between the observation and the first linear layer, such as convolutions:
            from [1, inputs] and the activation to [1, features].
        before: linear layers before the recurrent one, each with the activation after it.
        cell: the ``nn.LSTM`` or ``nn.GRU``; empty for none.
        cell_norm: the ``nn.LayerNorm`` after it; empty for none.
        seen_by_cell, seen_after_cell: the normalised observation is joined to what goes into it,
            or to what comes out of it.
        after: linear layers after it, each with the activation after it.
        output: linear layers of the result, stacked; without an activation.
        kind: what the result is.
        rows: of the output that are the result; all by default.
        function: the activation by its name, where the user does not give one.
        after_function: that after the layers of ``after``, where it is another one.
        assumed: the function is a habit of the trainer, not in the file.
        normaliser: of the observation.
        dropped: prefixes of tensors that the deterministic action does not need, with the reason.
        squash: apply tanh to the result.
        low, high: bounds of the action that the file holds or the trainer implies.
        rescale: map [-1, 1] onto the bounds also where the action is not squashed.
        sampled: the trainer samples when it plays.
        notes: what else was assumed or is worth saying.
    """

    source: str
    output: Sequence[str]
    kind: str
    inputs: int | None = None
    encoder: Callable[[Builder, str, Activation | None], str] | None = None
    before: Sequence[str] = ()
    cell: str = ""
    cell_norm: str = ""
    seen_by_cell: bool = False
    seen_after_cell: bool = False
    after: Sequence[str] = ()
    rows: int | None = None
    function: str = "none"
    after_function: str = ""
    assumed: bool = True
    normaliser: Normaliser | None = None
    dropped: dict[str, str] = field(default_factory=dict)
    squash: bool = False
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    rescale: bool = False
    sampled: bool = False
    notes: tuple[Note, ...] = ()


def build(actor: Actor, tensors: Tensors, options: LoadOptions, where: str) -> Program:
    """The Program of an actor.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: there are tensors that no part takes.
        UsageError: the options do not fit the policy.
    """
    builder = Builder(actor.source)
    x = _input(builder, actor, tensors, where)
    size = builder.shape(x)[1]
    if actor.normaliser is not None:
        x = _normalize(builder, x, actor.normaliser, tensors)
    function = _function(builder, actor, options)
    if actor.encoder is not None:
        x = actor.encoder(builder, x, function)
    seen = x
    x = stack(builder, x, tensors, actor.before, function)
    if actor.seen_by_cell:
        x = builder.add(Concat, xs=(x, seen), axis=1)
    if actor.cell:
        x = recurrent(builder, x, tensors, actor.cell)
    if actor.cell_norm:
        x = layer_norm(builder, x, tensors, actor.cell_norm)
    if actor.seen_after_cell:
        x = builder.add(Concat, xs=(x, seen), axis=1)
    later = actor.after_function if actor.after and not options.activation else ""
    x = stack(builder, x, tensors, actor.after, activation(later) if later else function)
    y = _output(builder, x, actor, tensors)
    for prefix, reason in actor.dropped.items():
        drop_prefix(builder, tensors, prefix, reason)
    tensors.finish(f"this {actor.source}", HINT)
    builder.notes.extend(actor.notes)
    width = builder.shape(y)[1]
    action: Discrete | Continuous
    if actor.kind == "mean":
        action = heads.continuous(builder, options, width, squash=actor.squash, low=actor.low,
                                  high=actor.high, rescale=actor.rescale)
    elif len(actor.output) > 1 and not options.action_sizes:
        action = Discrete(tuple(len(tensors.linear(name, bare=True)[0]) for name in actor.output))
    else:
        action = heads.discrete(builder, options, width)
    contract = heads.contract(builder, options, size, action, sampled=actor.sampled)
    return builder.build({actor.kind: y}, contract)


def _input(builder: Builder, actor: Actor, tensors: Tensors, where: str) -> str:
    if actor.inputs is not None:
        return builder.input("observation", (1, actor.inputs))
    first = next(iter((*actor.before, *([f"{actor.cell}.weight_ih_l0"] if actor.cell else []),
                       *actor.after, *actor.output)))
    weight = tensors.take(first if first.endswith("_l0") else f"{first}.weight")
    if weight.ndim != 2:
        raise UnsupportedError(f"{first} is no linear layer: its weight has the shape "
                               f"{weight.shape}", where=where, hint=HINT)
    return builder.input("observation", (1, weight.shape[1]))


def _normalize(builder: Builder, x: str, normaliser: Normaliser, tensors: Tensors) -> str:
    size = builder.shape(x)[1]
    mean, scale = (np.broadcast_to(np.asarray(a, np.float64).reshape(-1), (size,))
                   if np.asarray(a).size in (1, size) else None
                   for a in (normaliser.mean, normaliser.scale))
    if mean is None or scale is None:
        raise UnsupportedError("the normaliser's statistics are not those of the observation",
                               where=tensors.place(normaliser.layer), hint=HINT)
    clip = float(normaliser.clip) if np.isfinite(normaliser.clip) else None
    builder.normalise(Described(normaliser.layer, tuple(mean.tolist()),
                                tuple((1 / scale).tolist()), clip))
    x = normalized(builder, x, scale, -mean * scale, normaliser.layer)
    if np.isfinite(normaliser.clip):
        x = activate(builder, x, Activation("clip", (-normaliser.clip, normaliser.clip)),
                     normaliser.layer)
    return x


def _function(builder: Builder, actor: Actor, options: LoadOptions) -> Activation | None:
    if options.activation or not (actor.encoder or actor.before or actor.after):
        return activation(options.activation or "none")
    if actor.assumed:
        later = f", {actor.after_function} in the head" if (
            actor.after and actor.after_function) else ""
        builder.assume("activation", f"the activation is {actor.function}{later}, which this "
                       "trainer uses by default; give --activation if the policy was trained with "
                       "another", "--activation")
    return activation(actor.function)


def _output(builder: Builder, x: str, actor: Actor, tensors: Tensors) -> str:
    if len(actor.output) == 1 and actor.rows is None:
        return linear(builder, x, tensors, actor.output[0])
    parts = [tensors.linear(name, bare=True) for name in actor.output]
    weight = np.concatenate([weight for weight, _ in parts])[: actor.rows]
    bias = np.concatenate([bias for _, bias in parts])[: actor.rows]
    name = actor.output[0]
    return add_linear(builder, x, (weight, bias), tensors.layer(name), tensors.place(name))


CRITIC = "the critic, which only training needs"
SPREAD = "the deterministic action is the mean"
COUNTERS = "statistics that only training needs"


def statistics(tensors: Tensors, mean: str, variance: str, epsilon: float, *,
               inside: bool = True, clip: float = float("inf")) -> Normaliser:
    """A normaliser of the mean and the variance in a file.

    Args:
        tensors: of the file.
        mean: name of the means.
        variance: name of the variances.
        epsilon: added to the variance, or to its root.
        inside: ``sqrt(variance + epsilon)`` instead of ``sqrt(variance) + epsilon``.
        clip: bound of the normalised observation.

    Raises:
        UnsupportedError: the variance is negative, or too small to divide by.
    """
    average, spread = (np.asarray(tensors.take(name), np.float64).reshape(-1)
                       for name in (mean, variance))
    with np.errstate(all="ignore"):
        scale = 1 / (np.sqrt(spread + epsilon) if inside else np.sqrt(spread) + epsilon)
    if not (np.isfinite(scale).all() and scale.max() < 1e30):
        raise UnsupportedError("the variance of the observation cannot be divided by",
                               where=tensors.place(variance))
    return Normaliser(average, scale, clip, mean.rpartition(".")[0] or "normaliser")


def deviations(tensors: Tensors, mean: str, deviation: str, epsilon: float) -> Normaliser:
    """The same of a standard deviation: ``(x - mean) / (deviation + epsilon)``."""
    average, spread = (np.asarray(tensors.take(name), np.float64).reshape(-1)
                       for name in (mean, deviation))
    if not (spread + epsilon > 1e-30).all():
        raise UnsupportedError("the deviation of the observation cannot be divided by",
                               where=tensors.place(deviation))
    return Normaliser(average, 1 / (spread + epsilon), layer=mean.rpartition(".")[0])
