"""Modules whose tree of classes is in the file: pickled whole, or exported with TorchScript.

What is read are stacks of layers (nn.Sequential), alone or in the form in which rsl_rl, Isaac Lab
and legged_gym export their policies: a normaliser, an LSTM or GRU with its state in buffers, and a
stack. A forward function of another form cannot be read, as nothing of a file is run.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.layers import (
    activate,
    convolution,
    flatten,
    layer_norm,
    linear,
    max_pool,
    normalized,
    recurrent,
)
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.readers.parameters import Parameters
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.frontends.text import printable
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Normaliser, Program
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import Softmax

_HINT = "export the policy to ONNX or with torch.export, or give puffer_edge.load() the module"
_NORMALISERS = ("obs_normalizer", "normalizer", "actor_obs_normalizer")
_RECURRENT = ("rnn", "memory", "lstm", "gru")
_STACKS = ("mlp", "actor", "policy", "net", "network", "model", "actor_mean")
_STATE = ("hidden_state", "cell_state")
_NOTHING = ("Identity", "Dropout", "_IdentityDeterministicOutput")
_MOVES = frozenset("unsqueeze squeeze slice copy_ select to contiguous view reshape dim".split())
"""What the forward functions of the exporters do beside calling their parts."""
FUNCTIONS_BY_CLASS = {
    "Tanh": "tanh", "ReLU": "relu", "ELU": "elu", "SELU": "selu", "GELU": "gelu", "SiLU": "silu",
    "LeakyReLU": "leaky_relu", "Sigmoid": "sigmoid", "Softplus": "softplus", "Mish": "mish",
    "Hardswish": "hard_swish", "Hardsigmoid": "hard_sigmoid", "Hardtanh": "clip", "ReLU6": "clip",
    "CELU": "elu"}
_PARAMETERS = {"ELU": ("alpha",), "LeakyReLU": ("negative_slope",), "CELU": ("alpha",),
               "Hardtanh": ("min_val", "max_val"), "ReLU6": ("min_val", "max_val")}


def matches(found: Parameters) -> bool:
    """Whether this is a tree of modules."""
    return "" in found.classes


def load_modules(found: Parameters, options: LoadOptions, *, where: str) -> Program:
    """The Program of a module that was pickled whole.

    Raises:
        FileFormatError: tensors do not fit each other.
        UnsupportedError: the module is no stack of layers in a known form.
        UsageError: the options do not fit the policy.
    """
    source = f"whole module of torch.save, {printable(_short(found.classes['']))}"
    return _load(found, options, where, source)


def _load(found: Parameters, options: LoadOptions, where: str, source: str) -> Program:
    children = _children(found, "")
    if _short(found.classes[""]) == "Sequential":
        normaliser = cell = ""
        stack = ""
    else:
        normaliser, cell, stack = (_only(children, names, where)
                                   for names in (_NORMALISERS, _RECURRENT, _STACKS))
        others = [name for name in children if name not in (normaliser, cell, stack)
                  and _short(found.classes[name]) not in _NOTHING
                  and any(key.startswith(f"{name}.") for key in found.weights)]
        if not stack or others:
            raise UnsupportedError(
                f"the module {printable(_short(found.classes['']))} is no stack of layers: it has "
                f"{', '.join(f'{printable(n)} ({_short(found.classes[n])})' for n in children)}",
                where=where, hint=_HINT)
    tensors = Tensors(found.weights, where)
    builder = Builder(source)
    shape = options.observation[0].shape if len(options.observation) == 1 else ()
    x = _observation(builder, found, tensors, cell, stack, shape, where)
    size = int(np.prod(builder.shape(x)))
    if normaliser and _short(found.classes[normaliser]) not in _NOTHING:
        x = _normalised(builder, x, tensors, found, normaliser)
    if cell:
        batch_first = found.attributes.get(f"{cell}.batch_first")
        builder.note("stated", f"{cell} takes one step after the other"
                               + (", batch first" if batch_first else ""))
        x = recurrent(builder, x, tensors, cell)
    x = _sequential(builder, x, tensors, found, stack)
    for name in _STATE:
        if tensors.has(name):
            tensors.skip(name)
    tensors.finish("a stack of layers", _HINT)
    order = [*filter(None, (normaliser, cell)), stack or "the layers"]
    builder.assume("forward-order", f"the module's forward calls its parts in this order: "
                   f"{', '.join(order)}")
    return _finish(builder, x, size, options)


def _finish(builder: Builder, x: str, size: int, options: LoadOptions) -> Program:
    width = builder.shape(x)[1]
    action: Discrete | Continuous
    if options.action == "discrete" or options.action_sizes:
        name, action = "logits", heads.discrete(builder, options, width)
    else:
        if options.action is None:
            builder.assume("action-kind", "the action is continuous, given raw: nothing says that "
                           "the outputs are logits; give --action discrete if they are, or action "
                           "values", "--action")
        name, action = "mean", heads.continuous(builder, options, width)
    return builder.build({name: x}, heads.contract(builder, options, size, action))


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _children(found: Parameters, path: str) -> list[str]:
    """Names of the modules right below one, in order."""
    start = f"{path}." if path else ""
    return [name for name in found.classes
            if name != path and name.startswith(start) and "." not in name[len(start):]]


def _only(children: list[str], names: tuple[str, ...], where: str) -> str:
    there = [name for name in names if name in children]
    if len(there) > 1:
        raise UnsupportedError(f"it is not clear which of {', '.join(there)} is the policy",
                               where=where, hint=_HINT)
    return there[0] if there else ""


def _observation(builder: Builder, found: Parameters, tensors: Tensors, cell: str, stack: str,
                 shape: tuple[int, ...], where: str) -> str:
    first = next((key for key in found.weights
                  if key.startswith((f"{cell}.weight_ih_l0",) if cell else
                                    (f"{stack}." if stack else "",)) and
                  key.endswith(("weight", "weight_ih_l0"))), "")
    if not first:
        raise FileFormatError("the module has no weights", where=where)
    dimensions = tensors.shape(first)
    if len(dimensions) == 2:
        return builder.input("observation", (1, dimensions[1]))
    if len(dimensions) < 2 or len(shape) != len(dimensions) - 1 or shape[0] != dimensions[1]:
        raise UnsupportedError(
            f"the first layer is a convolution of {dimensions[1:2]} channels; the size of its "
            "input is not in the file", where=where,
            hint="give it with --observation, as in image:4x84x84")
    return builder.input("observation", (1, *shape))


def _normalised(builder: Builder, x: str, tensors: Tensors, found: Parameters, name: str) -> str:
    """rsl_rl's EmpiricalNormalization."""
    if not tensors.has(f"{name}._mean") or not tensors.has(f"{name}._std"):
        raise UnsupportedError(f"the normaliser {_short(found.classes[name])} is not known",
                               where=tensors.place(name), hint=_HINT)
    epsilon = found.attributes.get(f"{name}.eps")
    if not isinstance(epsilon, float):
        builder.assume("normaliser-epsilon",
                       f"{name} adds 0.01 to the deviation, rsl_rl's default")
        epsilon = 1e-2
    size = builder.shape(x)[1]
    mean, deviation = (np.asarray(tensors.take(f"{name}.{part}"), np.float64).reshape(-1)
                       for part in ("_mean", "_std"))
    if mean.shape != (size,) or deviation.shape != (size,) or not (deviation + epsilon
                                                                   > 1e-30).all():
        raise FileFormatError("the normaliser does not fit the observation",
                              where=tensors.place(name))
    for other in ("_var", "count"):
        if tensors.has(f"{name}.{other}"):
            tensors.skip(f"{name}.{other}")
    builder.normalise(Normaliser(name, tuple(mean.tolist()),
                                 tuple((deviation + epsilon).tolist())))
    return normalized(builder, x, 1 / (deviation + epsilon), -mean / (deviation + epsilon), name)


def _sequential(builder: Builder, x: str, tensors: Tensors, found: Parameters, path: str) -> str:
    for name in _children(found, path):
        kind, place = _short(found.classes[name]), tensors.place(name)
        if kind == "Sequential":
            x = _sequential(builder, x, tensors, found, name)
        elif kind == "Linear":
            x = linear(builder, x, tensors, name)
        elif kind in ("Conv1d", "Conv2d"):
            x = _convolution(builder, x, tensors, found, name)
        elif kind in ("MaxPool1d", "MaxPool2d"):
            x = _pooling(builder, x, tensors, found, name)
        elif kind == "LayerNorm":
            x = layer_norm(builder, x, tensors, name, float(found.attributes.get(
                f"{name}.eps", 1e-5)))
        elif kind == "Flatten":
            x = flatten(builder, x)
        elif kind in ("Softmax", "LogSoftmax"):
            # The largest stays the largest; log_softmax is monotone in its logits, too.
            x = builder.add(Softmax, x=x, axis=1) if kind == "Softmax" else x
        elif kind in FUNCTIONS_BY_CLASS:
            x = activate(builder, x, _function(found, name, kind), name)
        elif kind not in _NOTHING:
            raise UnsupportedError(f"layers of the class {printable(kind)} are not supported here",
                                   where=place, hint=_HINT)
    return x


def _function(found: Parameters, name: str, kind: str) -> Activation:
    defaults = dict(FUNCTIONS[FUNCTIONS_BY_CLASS[kind]].parameters)
    if kind == "ReLU6":
        defaults = {"low": 0.0, "high": 6.0}
    elif kind == "Hardtanh":
        defaults = {"low": -1.0, "high": 1.0}
    values: list[float] = []
    for attribute, default in zip(_PARAMETERS.get(kind, ()), defaults.values(), strict=False):
        value = found.attributes.get(f"{name}.{attribute}", default)
        values.append(float(value))
    function = FUNCTIONS_BY_CLASS[kind]
    if kind == "GELU" and found.attributes.get(f"{name}.approximate") == "tanh":
        function = "gelu_tanh"
    return Activation(function, tuple(values) or tuple(defaults.values()))


def _pooling(builder: Builder, x: str, tensors: Tensors, found: Parameters, name: str) -> str:
    numbers = _integers(tensors, found, name, {
        "kernel_size": 0, "stride": 0, "padding": 0, "dilation": 1})
    kernel, stride = numbers["kernel_size"], numbers["stride"] or numbers["kernel_size"]
    if not 1 <= kernel <= 64 or stride < 1 or numbers["dilation"] != 1 or not (
            0 <= numbers["padding"] <= kernel // 2) or found.attributes.get(f"{name}.ceil_mode"):
        raise UnsupportedError("this pooling is not supported here", where=tensors.place(name),
                               hint=_HINT)
    return max_pool(builder, x, kernel, stride, numbers["padding"])


def _convolution(builder: Builder, x: str, tensors: Tensors, found: Parameters, name: str) -> str:
    numbers = _integers(tensors, found, name, {
        "stride": 1, "padding": 0, "dilation": 1, "groups": 1})
    if numbers["dilation"] != 1 or numbers["groups"] != 1 or not (
            1 <= numbers["stride"] <= 1024 and 0 <= numbers["padding"] <= 1024):
        raise UnsupportedError("dilations and groups are not supported here",
                               where=tensors.place(name), hint=_HINT)
    return convolution(builder, x, tensors, name, numbers["stride"], numbers["padding"])


def _integers(tensors: Tensors, found: Parameters, name: str, defaults: dict[str, int]
              ) -> dict[str, int]:
    """Attributes of a layer; a pair of equal numbers counts as one.

    Raises:
        UnsupportedError: one is something else.
    """
    numbers: dict[str, int] = {}
    for attribute, default in defaults.items():
        value = found.attributes.get(f"{name}.{attribute}", default)
        if isinstance(value, tuple) and len(set(value)) == 1:
            value = value[0]
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise UnsupportedError(f"the {attribute} {printable(str(value))} is not supported here",
                                   where=tensors.place(name), hint=_HINT)
        numbers[attribute] = value
    return numbers
