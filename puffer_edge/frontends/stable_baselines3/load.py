# SPDX-License-Identifier: MIT
"""The Program of a zip of Stable-Baselines3 or sb3-contrib, and the statistics of VecNormalize.

Structure (stable_baselines3.common.policies, and those of each algorithm): features extractor, an
LSTM in RecurrentPPO, linear layers with one activation, the output. PPO and A2C clip their actions
to the space's bounds; SAC, TQC, TD3 and DDPG squash and unscale them; DQN and QR-DQN choose the
largest value. ARS is the layers alone, squashed unless its policy is linear. An element of a
MultiBinary action is 1 where its logit is positive: a head of two choices, the first with logit 0.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.activations import activation
from puffer_edge.frontends.layers import activate, drop_prefix, linear, recurrent, stack
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.stable_baselines3.algorithms import HINT, Layout, layout
from puffer_edge.frontends.stable_baselines3.features import Observation
from puffer_edge.frontends.stable_baselines3.normaliser import normalize
from puffer_edge.frontends.tensors import Tensors, add_linear
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Program
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.readers.stable_baselines3_zip import (
    StableBaselines3File,
    load_stable_baselines3,
)
from puffer_edge.readers.text import printable

_ACTIVATIONS = {f"<class 'torch.nn.modules.activation.{known.torch_class}'>": name
                for name, known in FUNCTIONS.items() if known.torch_class}
_ACTIVATIONS["<class 'torch.nn.modules.linear.Identity'>"] = "none"
"""By ``activation_fn`` as Python prints it; the library calls it without arguments."""
_LAYERS = "stable_baselines3.common.torch_layers"
_EXTRACTORS = ("", *(f"<class '{_LAYERS}.{name}'>" for name in (
    "FlattenExtractor", "NatureCNN", "CombinedExtractor")))
_LARGEST = float(np.finfo(np.float32).max)
_CLIP_MEAN = 2.0
"""``clip_mean`` of SAC with gSDE, unless the policy_kwargs say otherwise."""


def load_zip(path: Path, options: LoadOptions) -> Program:
    """The Program of a zip.

    Args:
        path: the zip.
        options: ``activation`` where the file does not tell it (default: the algorithm's),
            ``vec_normalize`` for the observation's statistics.

    Raises:
        FileFormatError: the zip or the statistics are damaged, or do not fit each other.
        UnsupportedError: the algorithm or the features extractor is not supported.
        UsageError: the options do not fit the policy.
    """
    file = load_stable_baselines3(path)
    where = str(path)
    _refuse(file, where)
    tensors = Tensors(file.weights, where)
    parts = layout(file, where)
    version = f" {file.version}" if file.version else ""
    builder = Builder(f"Stable-Baselines3{version} zip, {parts.name}")
    _note_class(builder, file)
    first = next(iter((*parts.hidden, parts.output)))
    size = (tensors.shape(f"{parts.cell}.weight_ih_l0", 2)[1] if parts.cell
            else tensors.shape(f"{first}.weight", 2)[1])
    observation = Observation(builder, file, options, size, where)
    _note_observation(builder, file)
    raw = normalize(builder, observation, file, options, parts.name, where)
    layers = bool(parts.hidden or (parts.critic and parts.critic.hidden))
    function = _activation(builder, file, options, parts, where) if layers else None
    features = observation.features(tensors, parts.features)
    if not parts.cell and builder.shape(features)[1] != size:
        raise FileFormatError(f"the policy takes {size} features, its observation space gives "
                              f"{builder.shape(features)[1]}", where=where)
    x = recurrent(builder, features, tensors, parts.cell) if parts.cell else features
    y = _output(builder, stack(builder, x, tensors, parts.hidden, function), tensors, file, parts,
                where)
    outputs, action = _head(builder, y, tensors, file, options, parts, where)
    if parts.critic is not None:
        outputs["value"] = _value(builder, observation, x, tensors, parts, function)
    for prefix, reason in parts.unused:
        drop_prefix(builder, tensors, prefix, reason)
    for prefix in ("features_extractor.", "pi_features_extractor.", "vf_features_extractor."):
        tensors.skip_all(prefix)  # saved again under each name, and taken by one of them
    tensors.finish(f"a policy of {parts.name}", HINT)
    given = options.observation
    if observation.fields and not given:
        options = replace(options, observation=observation.fields)
    contract = heads.contract(builder, options, observation.size, action)
    if not given:  # fields of the user's have the bounds that he gave, or none
        contract = replace(contract, observation=observation.named(contract.observation, raw))
    return builder.build(outputs, contract)


def _refuse(file: StableBaselines3File, where: str) -> None:
    kind = file.action.kind
    if kind not in ("box", "discrete", "multidiscrete", "multibinary", ""):
        raise UnsupportedError(f"action spaces of the kind {printable(kind)} are not supported "
                               "yet", where=where, hint=HINT)
    if file.extractor not in _EXTRACTORS:
        raise UnsupportedError(
            f"the features extractor {printable(file.extractor, 120)} is not the library's",
            where=where, hint=HINT)


def _note_class(builder: Builder, file: StableBaselines3File) -> None:
    if file.policy_class.startswith("sb3_contrib.common.maskable."):
        builder.note("warning", "the policy was trained with action masks; give --action-mask, "
                                "or the artefact chooses among all actions")
    elif file.policy_class and not _of_the_library(file):
        builder.note("warning", f"the policy's class is of {printable(file.policy_class)}, not of "
                                "the library; what its forward adds is not in the file")


def _of_the_library(file: StableBaselines3File) -> bool:
    return file.policy_class.startswith(("stable_baselines3.", "sb3_contrib."))


def _note_observation(builder: Builder, file: StableBaselines3File) -> None:
    """Says how a space is encoded."""
    parts = file.observation.parts or {"the observation": file.observation}
    for name, space in parts.items():
        if space.kind in ("discrete", "multidiscrete"):
            builder.note("stated", f"{printable(name)} is {space.kind}: the caller gives its "
                                   f"one-hot encoding, {sum(space.sizes)} elements, as the "
                                   "library does")
        elif space.dtype == "uint8" and len(space.shape) == 3:
            builder.note("stated", f"{printable(name)} is an image, channels first: the caller "
                                   "gives 0 to 255" + (", which the policy divides by 255"
                                                       if file.normalize_images else ""))


def _output(builder: Builder, x: str, tensors: Tensors, file: StableBaselines3File, parts: Layout,
            where: str) -> str:
    if file.action.kind == "multibinary":
        weight, bias = (np.stack([np.zeros_like(array), array], 1).reshape(-1, *array.shape[1:])
                        for array in tensors.linear(parts.output))
        return add_linear(builder, x, (weight, bias), parts.output, tensors.place(parts.output))
    if not parts.quantiles:
        y = linear(builder, x, tensors, parts.output)
        if parts.bounded and file.squash_output is False and file.action.kind == "box":
            y = activate(builder, y, Activation("tanh"), parts.output)
        if parts.clipped:
            bound = file.clip_mean if file.clip_mean is not None else _CLIP_MEAN
            y = activate(builder, y, Activation("clip", (-bound, bound)), parts.output) if (
                bound > 0) else y
        return y
    weight, bias = tensors.linear(parts.output)
    choices = sum(file.action.sizes)
    if not choices or len(weight) % choices:
        raise UnsupportedError("the file does not tell how many actions there are", where=where,
                               hint=HINT)
    # The mean over the quantiles is linear: rows are [quantile, action].
    means = [np.asarray(array, np.float64).reshape(-1, choices, *array.shape[1:]).mean(0)
             for array in (weight, bias)]
    builder.note("folded", f"{len(weight) // choices} quantiles into their mean")
    return add_linear(builder, x, (means[0], means[1]), parts.output, tensors.place(parts.output))


def _head(builder: Builder, y: str, tensors: Tensors, file: StableBaselines3File,
          options: LoadOptions, parts: Layout, where: str
          ) -> tuple[dict[str, str], Discrete | Continuous]:
    width = builder.shape(y)[1]
    taken = sum(file.action.sizes) or prod(file.action.shape or (0,))
    if file.action.kind == "multibinary":
        taken *= 2
    if taken not in (width, 0):
        raise FileFormatError(f"the policy gives {width} outputs, its action space takes {taken}",
                              where=where)
    continuous = file.action.kind == "box" or tensors.has("log_std")
    if parts.kind == "mean" or (not parts.kind and continuous):
        return {"mean": y}, _continuous(builder, file, tensors, options, parts, width)
    return {"logits": y}, _discrete(builder, file, options, width)


def _value(builder: Builder, observation: Observation, x: str, tensors: Tensors, parts: Layout,
           function: Activation | None) -> str:
    critic = parts.critic
    assert critic is not None
    if critic.cell != parts.cell or critic.features != parts.features:
        features = observation.features(tensors, critic.features)
        if critic.cell != parts.cell:
            features = recurrent(builder, features, tensors, critic.cell)
        elif critic.cell:
            features = x
        x = features
    return linear(builder, stack(builder, x, tensors, critic.hidden, function), tensors,
                  critic.output)


def _activation(builder: Builder, file: StableBaselines3File, options: LoadOptions, parts: Layout,
                where: str) -> Activation | None:
    if options.activation:
        stated = _ACTIVATIONS.get(file.activation)
        if stated and activation(stated) != activation(options.activation):
            builder.note("warning", f"--activation {options.activation} contradicts the file, "
                                    f"which says {stated}")
        return activation(options.activation)
    if file.activation:
        known = _ACTIVATIONS.get(file.activation)
        if known is None:
            raise UnsupportedError(f"the activation {printable(file.activation, 120)} is not known",
                                   where=where, hint="give --activation with one that is")
        return activation(known)
    if _of_the_library(file):  # whose policies say what differs from their defaults
        builder.note("stated", f"the activation is {parts.function}, the default of {parts.name}")
    else:
        builder.assume("activation", f"the activation is {parts.function}, the default of "
                       f"{parts.name}; give --activation if the policy was trained with another",
                       "--activation")
    return activation(parts.function)


def _continuous(builder: Builder, file: StableBaselines3File, tensors: Tensors,
                options: LoadOptions, parts: Layout, width: int) -> Continuous:
    if tensors.has("log_std"):
        tensors.take("log_std")
        builder.note("dropped", "log_std: the deterministic action is the mean")
    low, high = file.action.low, file.action.high
    bounded = any(abs(value) < _LARGEST for value in (*low, *high))
    if len(low) != width or len(high) != width or not bounded:
        low = high = ()
    if low and not options.action_low:
        builder.note("stated", f"the action's bounds are those that the file prints: {low[0]:g} "
                               f"to {high[0]:g} for the first element")
    squash = parts.squash if file.squash_output is None else file.squash_output
    if options.squash not in (None, squash):
        builder.note("warning", f"--{'squash' if options.squash else 'no-squash'} contradicts the "
                                f"file: {parts.name} {'squashes' if squash else 'does not squash'} "
                                "its actions there")
    return heads.continuous(builder, options, width, squash=squash, low=low, high=high)


def _discrete(builder: Builder, file: StableBaselines3File, options: LoadOptions,
              width: int) -> Discrete:
    space = file.action
    if space.kind == "multibinary":
        builder.note("stated", f"each of the {width // 2} flags of the action is a choice between "
                               "0 and 1; of its two logits the first is 0")
        return heads.discrete(
            builder, replace(options, action_sizes=options.action_sizes or (2,) * (width // 2)),
            width)
    if any(space.start):
        builder.note("warning", f"the environment's actions start at {space.start[:8]}; those of "
                                "the artefact start at 0, as the library's do")
    if not options.action_sizes and sum(space.sizes) == width:
        return Discrete(space.sizes)
    return heads.discrete(builder, options, width)
