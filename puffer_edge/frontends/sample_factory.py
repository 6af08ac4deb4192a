# SPDX-License-Identifier: MIT
"""Sample Factory's ``checkpoint_*.pth``: ``model``, an actor-critic with shared weights or without.

Structure (sample_factory.model): ``encoder.encoders.obs``, or another key of the observation,
which is an MLP or convolutions; an
optional ``core.core`` (GRU or LSTM), ``decoder.mlp``, and the ``distribution_linear`` of
``action_parameterization``; an activation follows every hidden layer. The observation becomes
``(x - obs_subtract_mean) / obs_scale``, which only ``config.json`` holds, and then
``clip((x - mean) / sqrt(var + 1e-5), -5, 5)``.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.actor import (
    COUNTERS,
    CRITIC,
    HINT,
    SPREAD,
    Actor,
    Normaliser,
    build,
    statistics,
)
from puffer_edge.frontends.assumptions import assumed
from puffer_edge.frontends.layers import numbered
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.sample_factory_images import ImageEncoder
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Activation, Builder, Note, Program
from puffer_edge.readers.sample_factory_config import SampleFactoryConfig, load_config
from puffer_edge.readers.text import printable

NAME = "Sample Factory"
_HEAD = "action_parameterization.distribution_linear"
_NORMS = "obs_normalizer.running_mean_std.running_mean_std."


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of a checkpoint."""
    return f"model.{_HEAD}.weight" in weights


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of a checkpoint; ``options.config`` is the experiment's ``config.json``.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: there are layers that are not supported, such as an encoder of one's own.
        UsageError: the options do not fit the policy.
    """
    tensors = Tensors({key.removeprefix("model."): array for key, array in weights.items()
                       if key.startswith("model.")}, where)
    settings = load_config(options.config) if options.config else SampleFactoryConfig()
    fixed = tensors.has("action_parameterization.learned_stddev")
    adaptive = not fixed and options.action == "continuous"
    rows = len(tensors.linear(_HEAD)[0])
    notes = []
    if adaptive:
        notes.append(Note("stated", "the second half of the outputs is the spread, as with "
                                    "adaptive_stddev"))
    elif not fixed and options.action is None:
        notes.append(assumed("action-kind", "the actions are discrete: no deviation is in the "
                             "file; give --action continuous if they are not", "--action"))
    if not options.config:
        notes.append(assumed("observation-scale", "obs_subtract_mean is 0 and obs_scale 1, the "
                             "trainer's defaults; give the experiment's config.json with --config "
                             "if it has others", "--config"))
    # With separate networks for actor and critic, the actor's parts begin with actor_.
    own = "actor_" if tensors.names("actor_encoder.") or tensors.names("actor_decoder.") else ""
    key = _key(tensors, f"{own}encoder.encoders.", where)
    stem, norm = f"{own}encoder.encoders.{key}.", f"{_NORMS}{key}."
    cell = f"{own}core.core" if tensors.has(f"{own}core.core.weight_ih_l0") else ""
    encoder, inputs = _encoder(tensors, stem, norm, options, where)
    if encoder is not None:
        notes.append(Note("stated", "the observation is an image, planes first, as the "
                                    "environment gives it"))
    actor = Actor(
        f"Sample Factory checkpoint, {'continuous' if fixed or adaptive else 'discrete'} actions",
        [_HEAD], "mean" if fixed or adaptive else "logits", inputs=inputs, encoder=encoder,
        before=numbered(tensors, f"{stem}mlp_head."), cell=cell,
        after=numbered(tensors, f"{own}decoder.mlp."), function=settings.nonlinearity,
        assumed=options.config is None, rows=rows // 2 if adaptive else None, sampled=True,
        notes=tuple(notes), normaliser=_normaliser(tensors, norm, settings),
        dropped={"critic_": CRITIC, "returns_normalizer.": CRITIC,
                 "action_parameterization.learned_stddev": SPREAD, f"{norm}count": COUNTERS})
    return build(actor, tensors, options, where)


def _key(tensors: Tensors, start: str, where: str) -> str:
    """Key of the observation in the environment's dictionary; obs where there is none.

    Raises:
        UnsupportedError: there are several.
    """
    keys = list(dict.fromkeys(name.removeprefix(start).partition(".")[0]
                              for name in tensors.names(start)))
    if len(keys) > 1:
        raise UnsupportedError("the observation has several parts, each with an encoder: "
                               f"{', '.join(map(printable, keys))}", where=where, hint=HINT)
    return keys[0] if keys else "obs"


def _encoder(tensors: Tensors, stem: str, norm: str, options: LoadOptions, where: str
             ) -> tuple[Callable[[Builder, str, Activation | None], str] | None, int | None]:
    """The convolutions and the elements of their image; None where there are none."""
    if not (tensors.names(f"{stem}enc.") or tensors.names(f"{stem}conv_head.")):
        return None, None
    encoder = ImageEncoder(tensors, stem, where)
    statistic = f"{norm}running_mean"
    shape = encoder.image(options, tensors.shape(statistic) if tensors.has(statistic) else ())
    return lambda builder, x, function: encoder(builder, x, shape, function), prod(shape)


def _normaliser(tensors: Tensors, norm: str, settings: SampleFactoryConfig) -> Normaliser | None:
    """Both steps as one: ``((x - m) / s - mean) * scale = (x - (m + s mean)) * scale / s``."""
    m, s = settings.obs_subtract_mean, settings.obs_scale
    if not tensors.has(f"{norm}running_mean"):
        return None if (m, s) == (0, 1) else Normaliser(np.array(m), np.array(1 / s))
    found = statistics(tensors, f"{norm}running_mean", f"{norm}running_var", 1e-5, clip=5.0)
    return Normaliser(m + s * found.mean, found.scale / s, found.clip, found.layer)
