"""Stable-Baselines3 zips: PPO and A2C with MlpPolicy, and the statistics of VecNormalize.

Structure (stable_baselines3.common.policies.ActorCriticPolicy): the flat observation goes through
``mlp_extractor.policy_net`` (Linear and activation, repeated), then ``action_net``; the critic is
``mlp_extractor.value_net`` and ``value_net``. Box actions are clipped to the space's bounds.
"""

from __future__ import annotations

import re
from math import prod
from pathlib import Path

import numpy as np

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.activations import activation
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.readers.stable_baselines3_zip import (
    StableBaselines3File,
    load_stable_baselines3,
)
from puffer_edge.frontends.readers.vec_normalize import load_vec_normalize
from puffer_edge.frontends.tensors import Tensors, add_linear
from puffer_edge.frontends.text import printable
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Program
from puffer_edge.ir.ops import BatchNormalization, Unary

_ACTIVATIONS = {
    f"<class 'torch.nn.modules.{module}'>": name for module, name in {
        "activation.Tanh": "tanh", "activation.ReLU": "relu", "activation.ELU": "elu",
        "activation.SELU": "selu", "activation.GELU": "gelu", "activation.SiLU": "silu",
        "activation.LeakyReLU": "leaky_relu", "activation.Sigmoid": "sigmoid",
        "activation.Softplus": "softplus", "activation.Mish": "mish", "linear.Identity": "none",
    }.items()}
"""By ``activation_fn`` as Python prints it; the library calls it without arguments."""
_FLATTEN = "<class 'stable_baselines3.common.torch_layers.FlattenExtractor'>"
_LARGEST = float(np.finfo(np.float32).max)
_HINT = "export the policy to ONNX, or give puffer_edge.load() a torch module of its actor"


def load_zip(path: Path, options: LoadOptions) -> Program:
    """The Program of a zip.

    Args:
        path: the zip.
        options: ``activation`` where the file does not tell it (default tanh), ``vec_normalize``
            for the observation's statistics.

    Raises:
        FileFormatError: the zip or the statistics are damaged, or do not fit each other.
        UnsupportedError: the policy is none of PPO or A2C with MlpPolicy.
        UsageError: the options do not fit the policy.
    """
    file = load_stable_baselines3(path)
    where = str(path)
    _refuse(file, where)
    tensors = Tensors(file.weights, where)
    version = f" {file.version}" if file.version else ""
    builder = Builder(f"Stable-Baselines3{version} zip, actor-critic MlpPolicy")
    _note_class(builder, file)
    actor, critic = _layers(file, "policy_net", where), _layers(file, "value_net", where)
    size = tensors.linear((*actor, "action_net")[0])[0].shape[1]
    _observation(builder, file, size, where)
    x = _normalized(builder, builder.input("observation", (1, size)), options)
    function = _activation(builder, file, options, where) if actor or critic else None
    mean = _stack(builder, x, tensors, actor, function, "action_net")
    width = builder.shape(mean)[1]
    taken = sum(file.action.sizes) or prod(file.action.shape or (0,))
    if taken not in (width, 0):
        raise FileFormatError(f"the policy gives {width} outputs, its action space takes {taken}",
                              where=where)
    action: Discrete | Continuous
    if file.action.kind == "box" or tensors.has("log_std"):
        name, action = "mean", _continuous(builder, file, tensors, options, width)
    else:
        name, action = "logits", _discrete(builder, file, options, width)
    value = _stack(builder, x, tensors, critic, function, "value_net")
    tensors.finish("an actor-critic MlpPolicy", _HINT)
    contract = heads.contract(builder, options, size, action)
    return builder.build({name: mean, "value": value}, contract)


def _refuse(file: StableBaselines3File, where: str) -> None:
    keys = list(file.weights)
    spaces = {"observation": (file.observation.kind, ("box", "discrete", "multidiscrete",
                                                      "multibinary", "")),
              "action": (file.action.kind, ("box", "discrete", "multidiscrete", ""))}
    for role, (kind, supported) in spaces.items():
        if kind not in supported:
            raise UnsupportedError(f"{role} spaces of the kind {printable(kind)} are not supported "
                                   "yet", where=where, hint=_HINT)
    if file.extractor not in ("", _FLATTEN) or any(
            re.match(r"((pi|vf)_)?features_extractor\.", key) for key in keys):
        raise UnsupportedError("policies with a feature extractor (CnnPolicy, MultiInputPolicy) "
                               "are not supported yet", where=where, hint=_HINT)
    if "action_net.weight" not in keys:
        raise UnsupportedError(
            f"only PPO and A2C are supported yet; the first parameters are "
            f"{', '.join(map(printable, keys[:3]))}", where=where, hint=_HINT)
    if any(key.startswith("lstm") for key in keys):
        raise UnsupportedError("RecurrentPPO is not supported yet", where=where, hint=_HINT)
    if file.observation.dtype == "uint8" and len(file.observation.shape) == 3:
        raise UnsupportedError("image observations, which the library scales, are not supported "
                               "yet", where=where, hint=_HINT)


def _note_class(builder: Builder, file: StableBaselines3File) -> None:
    if file.policy_class.startswith("sb3_contrib.common.maskable."):
        builder.note("warning", "the policy was trained with action masks; the artefact chooses "
                                "among all actions")
    elif file.policy_class not in ("", "stable_baselines3.common.policies"):
        builder.note("warning", f"the policy's class is of {printable(file.policy_class)}, not of "
                                "the library; what its forward adds is not in the file")


def _observation(builder: Builder, file: StableBaselines3File, size: int, where: str) -> None:
    """Checks the space against the first layer, and says how it is encoded."""
    space = file.observation
    given = sum(space.sizes) or prod(space.shape or (0,))
    if given not in (size, 0):
        raise FileFormatError(f"the policy takes {size} inputs, its observation space gives "
                              f"{given}", where=where)
    if space.kind in ("discrete", "multidiscrete"):
        builder.note("assumed", f"the observation is {space.kind}: the caller gives its one-hot "
                                f"encoding, {size} elements, as the library does")


def _layers(file: StableBaselines3File, stack: str, where: str) -> list[str]:
    """Names of a stack's linear layers, in order; an activation lies between two."""
    stem = f"mlp_extractor.{stack}."
    count = len({key.split(".")[2] for key in file.weights if key.startswith(stem)})
    names = [f"{stem}{2 * index}" for index in range(count)]
    if any(f"{name}.weight" not in file.weights for name in names):
        raise UnsupportedError(f"{stem[:-1]} is no stack of linear layers and activations",
                               where=where, hint=_HINT)
    return names


def _stack(builder: Builder, x: str, tensors: Tensors, layers: list[str],
           function: Activation | None, last: str) -> str:
    for layer in (*layers, last):
        x = add_linear(builder, x, tensors.linear(layer), layer, tensors.place(layer))
        if function is not None and layer != last:
            x = builder.add(Unary, x=x, function=function, layer=layer)
    return x


def _activation(builder: Builder, file: StableBaselines3File, options: LoadOptions,
                where: str) -> Activation | None:
    if options.activation:
        return activation(options.activation)
    if file.activation:
        known = _ACTIVATIONS.get(file.activation)
        if known is None:
            raise UnsupportedError(f"the activation {printable(file.activation, 120)} is not known",
                                   where=where, hint="give --activation with one that is")
        return activation(known)
    builder.note("assumed", "the activation is tanh, the default of PPO and A2C; give --activation "
                            "if the policy was trained with another")
    return activation("tanh")


def _normalized(builder: Builder, x: str, options: LoadOptions) -> str:
    if options.vec_normalize is None:
        builder.note("assumed", "observations are not normalised; give --vec-normalize if the "
                                "policy was trained with VecNormalize")
        return x
    statistics = load_vec_normalize(options.vec_normalize)
    if statistics is None:
        builder.note("warning", "the VecNormalize given does not normalise observations")
        return x
    if statistics.mean.size != builder.shape(x)[1]:
        raise FileFormatError(
            f"the statistics are those of {statistics.mean.size} features, the policy takes "
            f"{builder.shape(x)[1]}", where=str(options.vec_normalize))
    scale = 1 / np.sqrt(statistics.var + statistics.epsilon)
    shift = -statistics.mean * scale
    if max(scale.max(), np.abs(shift).max()) > _LARGEST:
        raise FileFormatError("the statistics are too small or too large for float32",
                              where=str(options.vec_normalize))
    x = builder.add(BatchNormalization, x=x, layer="VecNormalize",
                    scale=builder.constant(scale, "VecNormalize.scale"),
                    shift=builder.constant(shift, "VecNormalize.shift"))
    if statistics.clip > _LARGEST:
        return x
    return builder.add(Unary, x=x, layer="VecNormalize",
                       function=Activation("clip", (-statistics.clip, statistics.clip)))


def _continuous(builder: Builder, file: StableBaselines3File, tensors: Tensors,
                options: LoadOptions, width: int) -> Continuous:
    if tensors.has("log_std"):
        tensors.take("log_std")
        builder.note("dropped", "log_std: the deterministic action is the mean")
    low, high = file.action.low, file.action.high
    bounded = any(abs(value) < _LARGEST for value in (*low, *high))
    if len(low) != width or len(high) != width or not bounded:
        low = high = ()
    if low and not options.action_low:
        builder.note("assumed", f"the action's bounds are those that the file prints: {low[0]:g} "
                                f"to {high[0]:g} for the first element")
    return heads.continuous(builder, options, width, squash=file.squash_output, low=low, high=high)


def _discrete(builder: Builder, file: StableBaselines3File, options: LoadOptions,
              width: int) -> Discrete:
    space = file.action
    if any(space.start):
        builder.note("warning", f"the environment's actions start at {space.start[:8]}; those of "
                                "the artefact start at 0, as the library's do")
    if not options.action_sizes and sum(space.sizes) == width:
        return Discrete(space.sizes)
    return heads.discrete(builder, options, width)
