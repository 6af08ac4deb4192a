# SPDX-License-Identifier: MIT
"""The layers of torch.nn: which op each one's forward is, and what it takes from its attributes.

The lowerings are those of graphs. A class, an option or a value that is not here is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from puffer_edge.ir import functions

NOTHING = frozenset(("AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d",
                     "FeatureAlphaDropout", "Identity"))
"""Layers that do nothing after training."""


@dataclass(frozen=True)
class Layer:
    """A class of torch.nn.

    Attributes:
        op: as ATen calls it.
        given: argument of the op -> attribute of the module.
        fixed: arguments that the class sets.
        absent: attribute -> its value where an older torch does not have it.
        wanted: attributes that must have this value; others are not supported.
        tensors: argument of the op -> parameter or buffer; None where the module has none.
        required: those of them that must be there.
    """

    op: str
    given: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    absent: Mapping[str, Any] = field(default_factory=dict)
    wanted: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_AFFINE = _same("weight", "bias")
_CONV = Layer("", _same("stride", "padding", "dilation", "groups"), tensors=_AFFINE,
              required=("weight",), wanted={"transposed": False},
              absent={"transposed": False, "padding_mode": "zeros"})
_MAX_POOL = Layer("", _same("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
                  wanted={"return_indices": False}, absent={"return_indices": False})
_BATCH_NORM = Layer("batch_norm", _same("eps"), {
    "training": False, "momentum": 0.0, "cudnn_enabled": False},
    tensors={**_AFFINE, **_same("running_mean", "running_var")},
    required=("running_mean", "running_var"))


def _conv(rank: int) -> Layer:
    return Layer(f"conv{rank}d", _CONV.given, {}, _CONV.absent, _CONV.wanted, _CONV.tensors,
                 _CONV.required)


def _pad(mode: str) -> Layer:
    return Layer("pad", {"pad": "padding"}, {"mode": mode})


LAYERS: dict[str, Layer] = {
    "AdaptiveAvgPool1d": Layer("adaptive_avg_pool1d", _same("output_size")),
    "AdaptiveAvgPool2d": Layer("adaptive_avg_pool2d", _same("output_size")),
    "AvgPool1d": Layer("avg_pool1d", _same("kernel_size", "stride", "padding", "ceil_mode",
                                           "count_include_pad")),
    "AvgPool2d": Layer("avg_pool2d", _same("kernel_size", "stride", "padding", "ceil_mode",
                                           "count_include_pad", "divisor_override"),
                       absent={"divisor_override": None}),
    "BatchNorm1d": _BATCH_NORM,
    "BatchNorm2d": _BATCH_NORM,
    "CELU": Layer("celu", _same("alpha")),
    "CircularPad1d": _pad("circular"),
    "CircularPad2d": _pad("circular"),
    "ConstantPad1d": Layer("pad", {"pad": "padding", "value": "value"}, {"mode": "constant"}),
    "ConstantPad2d": Layer("pad", {"pad": "padding", "value": "value"}, {"mode": "constant"}),
    "Conv1d": _conv(1),
    "Conv2d": _conv(2),
    "ELU": Layer("elu", _same("alpha")),
    "Flatten": Layer("flatten", _same("start_dim", "end_dim")),
    "GELU": Layer("gelu", _same("approximate"), absent={"approximate": "none"}),
    "GLU": Layer("glu", _same("dim")),
    "GroupNorm": Layer("group_norm", _same("num_groups", "eps"), tensors=_AFFINE),
    "Hardshrink": Layer("hardshrink", _same("lambd")),
    "Hardsigmoid": Layer("hardsigmoid"),
    "Hardswish": Layer("hardswish"),
    "Hardtanh": Layer("hardtanh", _same("min_val", "max_val")),
    "LayerNorm": Layer("layer_norm", _same("normalized_shape", "eps"), tensors=_AFFINE),
    "LeakyReLU": Layer("leaky_relu", _same("negative_slope")),
    "Linear": Layer("linear", tensors=_AFFINE, required=("weight",)),
    "LogSigmoid": Layer("log_sigmoid"),
    "LogSoftmax": Layer("log_softmax", _same("dim")),
    "MaxPool1d": Layer("max_pool1d", _MAX_POOL.given, {}, _MAX_POOL.absent, _MAX_POOL.wanted),
    "MaxPool2d": Layer("max_pool2d", _MAX_POOL.given, {}, _MAX_POOL.absent, _MAX_POOL.wanted),
    "Mish": Layer("mish"),
    "PReLU": Layer("prelu", tensors=_same("weight"), required=("weight",)),
    "RMSNorm": Layer("rms_norm", _same("normalized_shape", "eps"), tensors=_same("weight")),
    "ReLU": Layer("relu"),
    "ReLU6": Layer("relu6"),
    "ReflectionPad1d": _pad("reflect"),
    "ReflectionPad2d": _pad("reflect"),
    "ReplicationPad1d": _pad("replicate"),
    "ReplicationPad2d": _pad("replicate"),
    "SELU": Layer("selu"),
    "SiLU": Layer("silu"),
    "Sigmoid": Layer("sigmoid"),
    "Softmax": Layer("softmax", _same("dim")),
    "Softshrink": Layer("softshrink", _same("lambd")),
    "Softplus": Layer("softplus", _same("beta", "threshold")),
    "Softsign": Layer("softsign"),
    "Tanh": Layer("tanh"),
    "Threshold": Layer("threshold", _same("threshold", "value")),
    "Unflatten": Layer("unflatten", {"dim": "dim", "sizes": "unflattened_size"}),
    "ZeroPad1d": Layer("pad", {"pad": "padding"}, {"mode": "constant", "value": 0.0}),
    "ZeroPad2d": Layer("pad", {"pad": "padding"}, {"mode": "constant", "value": 0.0}),
}
"""By the class's name in torch.nn.modules."""
for _known in functions.FUNCTIONS.values():
    if _known.torch_class and not _known.parameters:
        LAYERS.setdefault(_known.torch_class, Layer(_known.torch.rpartition(".")[2]))

FUNCTIONS = {known.torch_class: name for name, known in functions.FUNCTIONS.items()
             if known.torch_class} | {"Hardtanh": "clip"}
"""Class -> key of ``ir.functions.FUNCTIONS``; its parameters are the first that are given."""
