"""Stable-Baselines3 zips: PPO and A2C with MlpPolicy, and the statistics of VecNormalize.

Structure (stable_baselines3.common.policies.ActorCriticPolicy): the flat observation goes through
``mlp_extractor.policy_net`` (Linear and activation, repeated), then ``action_net``; the critic is
``mlp_extractor.value_net`` and ``value_net``. Box actions are clipped to the space's bounds.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

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
from puffer_edge.ir import Activation, Builder, Program
from puffer_edge.ir.ops import BatchNormalization, Gemm, Unary

_KNOWN_ACTIVATIONS = {
    "Tanh": "tanh", "ReLU": "relu", "ELU": "elu", "SELU": "selu", "GELU": "gelu", "SiLU": "silu",
    "LeakyReLU": "leaky_relu", "Sigmoid": "sigmoid", "Softplus": "softplus", "Mish": "mish",
    "Identity": "none",
}


def load_zip(path: Path, options: LoadOptions) -> Program:
    """The Program of a zip.

    Args:
        path: the zip.
        options: ``activation`` where the file does not tell it (default tanh), ``vec_normalize``
            for the observation's statistics.

    Raises:
        FileFormatError: the zip or the statistics are damaged, or do not fit each other.
        UnsupportedError: the policy is none of PPO or A2C with MlpPolicy.
    """
    file = load_stable_baselines3(path)
    where = str(path)
    _refuse(file, where)
    version = f" {file.version}" if file.version else ""
    builder = Builder(f"Stable-Baselines3{version} zip, actor-critic MlpPolicy")
    actor = _layers(file, "mlp_extractor.policy_net")
    first = file.weights[(actor or ["action_net"])[0] + ".weight"]
    observation = builder.input("observation", (1, first.shape[-1]))
    x = _normalized(builder, observation, options, where)
    function = _activation(builder, file, options) if actor else None
    hidden = _stack(builder, x, file, actor, function, where)
    mean = _linear(builder, hidden, file, "action_net", where)
    width = builder.shape(mean)[1]
    if file.action.kind == "box" or "log_std" in file.weights:
        name = "mean"
        action: Any = _continuous(builder, file, options, width)
    else:
        name = "logits"
        action = _discrete(builder, file, options, width)
    outputs = {name: mean}
    if "value_net.weight" in file.weights:
        critic = _stack(builder, x, file, _layers(file, "mlp_extractor.value_net"), function, where)
        outputs["value"] = _linear(builder, critic, file, "value_net", where)
    contract = heads.contract(builder, options, first.shape[1], action)
    return builder.build(outputs, contract)


def _refuse(file: StableBaselines3File, where: str) -> None:
    keys = list(file.weights)
    hint = "export the policy to ONNX, or give puffer_edge.load() a torch module of its actor"
    if any(key.startswith(("features_extractor.", "pi_features_extractor.")) for key in keys):
        raise UnsupportedError("policies with a feature extractor (CnnPolicy, MultiInputPolicy) "
                               "are not supported yet", where=where, hint=hint)
    if "action_net.weight" not in keys:
        raise UnsupportedError(
            f"only PPO and A2C are supported yet; the first parameters are "
            f"{', '.join(map(ascii, keys[:3]))}", where=where, hint=hint)
    if any(key.startswith("lstm") for key in keys):
        raise UnsupportedError("RecurrentPPO is not supported yet", where=where, hint=hint)
    if file.action.kind == "multibinary":
        raise UnsupportedError("MultiBinary actions are not supported yet", where=where, hint=hint)


def _layers(file: StableBaselines3File, stem: str) -> list[str]:
    """Names of a stack's linear layers, in order: stem.0, stem.2..."""
    pattern = re.compile(re.escape(stem) + r"\.(\d+)\.weight")
    numbers = sorted(int(found.group(1)) for key in file.weights
                     if (found := pattern.fullmatch(key)))
    return [f"{stem}.{number}" for number in numbers]


def _stack(builder: Builder, x: str, file: StableBaselines3File, layers: list[str],
           function: Activation | None, where: str) -> str:
    for layer in layers:
        x = _linear(builder, x, file, layer, where)
        if function is not None:
            x = builder.add(Unary, x=x, function=function, layer=layer)
    return x


def _linear(builder: Builder, x: str, file: StableBaselines3File, layer: str, where: str) -> str:
    weight, bias = (file.weights.get(f"{layer}.{part}") for part in ("weight", "bias"))
    inputs = builder.shape(x)[1]
    if weight is None or bias is None or weight.ndim != 2 or bias.shape != weight.shape[:1]:
        raise FileFormatError("the layer's tensors are missing or do not fit each other",
                              where=f"{where}: {layer}")
    if weight.shape[1] != inputs:
        raise FileFormatError(f"the weight has {weight.shape[1]} inputs, the layer before gives "
                              f"{inputs}", where=f"{where}: {layer}")
    return builder.add(Gemm, name=layer, x=x, weight=builder.constant(weight, f"{layer}.weight"),
                       bias=builder.constant(bias, f"{layer}.bias"), layer=layer)


def _activation(builder: Builder, file: StableBaselines3File,
                options: LoadOptions) -> Activation | None:
    if options.activation:
        return activation(options.activation)
    if file.activation:
        known = _KNOWN_ACTIVATIONS.get(file.activation)
        if known is None:
            raise UnsupportedError(f"the activation {file.activation!a} is not known",
                                   hint="give --activation with one that is")
        return activation(known)
    builder.note("assumed", "the activation is tanh, the default of PPO and A2C; give --activation "
                            "if the policy was trained with another")
    return activation("tanh")


def _normalized(builder: Builder, x: str, options: LoadOptions, where: str) -> str:
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
    x = builder.add(BatchNormalization, x=x, layer="VecNormalize",
                    scale=builder.constant(scale, "VecNormalize.scale"),
                    shift=builder.constant(-statistics.mean * scale, "VecNormalize.shift"))
    return builder.add(Unary, x=x, layer="VecNormalize",
                       function=Activation("clip", (-statistics.clip, statistics.clip)))


def _continuous(builder: Builder, file: StableBaselines3File, options: LoadOptions,
                width: int) -> Any:
    if "log_std" in file.weights:
        builder.note("dropped", "log_std: the deterministic action is the mean")
    low, high = file.action.low, file.action.high
    if len(low) != width or len(high) != width:
        low = high = ()
    if low and not options.action_low:
        builder.note("assumed", f"the action's bounds are those that the file prints: {low[0]:g} "
                                f"to {high[0]:g} for the first element")
    return heads.continuous(builder, options, width, squash=file.squash_output, low=low, high=high)


def _discrete(builder: Builder, file: StableBaselines3File, options: LoadOptions,
              width: int) -> Any:
    if file.action.start:
        builder.note("warning", f"the environment's actions start at {file.action.start}, those of "
                                "the artefact at 0: add it")
    if not options.action_sizes and sum(file.action.sizes) == width:
        from puffer_edge.ir import Discrete

        return Discrete(file.action.sizes)
    return heads.discrete(builder, options, width)
