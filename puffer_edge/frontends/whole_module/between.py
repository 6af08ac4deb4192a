# SPDX-License-Identifier: MIT
"""What lies between the layers of a pickled module's Sequentials, put into a family's Program.

A family takes the same function after all layers, as its trainer does. A Sequential calls its
parts one after the other, whatever the forward around it, so its functions are those of the file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.whole_module.layers import FUNCTIONS, LAYERS, NOTHING
from puffer_edge.ir import Activation, Op, Program, Value
from puffer_edge.ir.functions import FUNCTIONS as KNOWN
from puffer_edge.ir.ops import BatchNormalization, Conv, Gemm, LayerNormalization, Reshape, Unary
from puffer_edge.passes.constants import unused
from puffer_edge.readers.parameters import Parameters
from puffer_edge.readers.text import printable

SEQUENTIAL = "torch.nn.modules.container.Sequential"
NN = "torch.nn.modules."
HINT = ("the class's code is not in the file: put torch.jit.script(policy).save('policy.pt') into "
        "the training script, or give puffer_edge.load(path, module=...) the module")
_MOVES = frozenset(("Flatten", "Unflatten", "MaxPool1d", "MaxPool2d"))
"""Layers without weights whose place a family knows."""
_WITH_LAYER = (Gemm, Conv, LayerNormalization, BatchNormalization)


@dataclass(frozen=True)
class Between:
    """The functions of a tree of modules.

    Attributes:
        after: of each layer in a Sequential, what comes right after it, in order.
        elsewhere: classes of activation layers outside of every Sequential, by path.
    """

    after: Mapping[str, tuple[Activation, ...]]
    elsewhere: Mapping[str, str]


def between(found: Parameters, where: str, skipped: re.Pattern[str]) -> Between:
    """What the file tells of the functions between layers.

    Args:
        found: the module.
        where: the file, for messages.
        skipped: what the names of parts hold that the action does not need.

    Raises:
        UnsupportedError: a Sequential has a layer without weights that no family has, or that
            comes before all others.
    """
    after: dict[str, tuple[Activation, ...]] = {}
    inside: set[str] = set()
    for path, full in found.classes.items():
        if full != SEQUENTIAL or path in inside or skipped.search(path):
            continue
        layer, first = "", True
        for part in _flat(found, path, inside):
            known, name = found.classes[part].startswith(NN), _short(found.classes[part])
            if not known or any(key.startswith(f"{part}.") for key in found.weights):
                layer, first = part if known else "", False
                if known:
                    after[part] = ()
            elif name not in NOTHING | _MOVES:
                function = function_of(found, part)
                if function is None or first:
                    raise UnsupportedError(
                        f"the layer {printable(name)} {'comes first' if first else 'is there'}, "
                        "where the trainer's networks have none",
                        where=f"{where}, {printable(part)}", hint=HINT)
                if layer:
                    after[layer] += (function,)
    return Between(after, {
        path: full for path, full in found.classes.items() if path not in inside
        and full.startswith(f"{NN}activation.") and not skipped.search(path)})


def function_of(found: Parameters, path: str) -> Activation | None:
    """The one function that a layer is, with its parameters; None where it is not one."""
    name, start = _short(found.classes[path]), f"{path}." if path else ""
    if name == "ReLU6":
        return Activation("clip", (0.0, 6.0))
    function = FUNCTIONS.get(name, "")
    if name == "GELU":
        function = {"none": "gelu", "tanh": "gelu_tanh"}.get(
            str(found.attributes.get(f"{start}approximate", "none")), "")
    if not function or (name == "Softplus" and not (
            _number(found.attributes.get(f"{start}threshold", 20)) >= 20)):
        return None
    parameters = KNOWN[function].parameters
    names = tuple(LAYERS[name].given.values())[:len(parameters)]
    numbers = tuple(_number(found.attributes.get(start + key, default))
                    for key, (_, default) in zip(names, parameters, strict=False))
    low = -math.inf if function in ("clip", "leaky_relu") else 0.0
    return Activation(function, numbers) if all(low < number < math.inf for number in numbers
                                                ) else None


def obeyed(program: Program, found: Parameters, told: Between, where: str
           ) -> tuple[Program, set[str]]:
    """The Program with the functions, and the settings of layers, that the file has.

    Returns: it, and the layers of ``told`` that are in it.

    Raises:
        UnsupportedError: a function lies where none can be put, or a layer has settings that the
            family's layer has not.
    """
    prefix = _prefix(program, set(told.after))
    readers, taken = program.consumers(), set(program.values)
    values, done = dict(program.values), set[str]()
    ops: list[Op] = []
    renamed: dict[str, list[Op]] = {}  # the functions in place of a Unary, by what it gives
    for op in program.ops:
        if op.outputs[0] in renamed:
            ops.extend(renamed[op.outputs[0]])
            continue
        path = prefix + op.layer
        if not isinstance(op, _WITH_LAYER) or path not in told.after:
            ops.append(op)
            continue
        op, wanted = _as_set(op, found, path, where), told.after[path]
        done.add(path)
        last = _moved(op, readers)
        next_, y = readers.get(last.outputs[0], []), last.outputs[0]
        old = next_[0] if len(next_) == 1 and isinstance(next_[0], Unary) and (
            next_[0].layer in ("", op.layer)) and y not in program.outputs else None
        if wanted == ((old.function,) if isinstance(old, Unary) else ()):
            ops.append(op)
            continue
        if isinstance(op, Gemm) and len(program.constants[op.weight]) != len(
                found.weights[f"{path}.weight"]):
            raise UnsupportedError("a function lies after one of several outputs",
                                   where=f"{where}, {printable(path)}", hint=HINT)
        if old is None:  # after the layer itself, for all that read it
            before = unused(f"{op.y}_before", taken)
            values[before] = values[op.y]
            ops += [replace(op, y=before), *_applied(wanted, before, op.y, op.layer, values)]
        else:
            ops.append(op)
            renamed[old.outputs[0]] = _applied(wanted, y, old.outputs[0], op.layer, values)
    return program.with_ops(ops, values=values), done


def _applied(functions: Sequence[Activation], x: str, y: str, layer: str,
             values: dict[str, Value]) -> list[Op]:
    """Functions one after the other, from a value to a value of the same shape."""
    if not functions:
        return [Reshape(x=x, y=y, shape=values[y].shape, layer=layer)]
    taken, names = set(values), [x]
    for _ in functions[1:]:
        names.append(unused(f"{y}_part", taken))
        values[names[-1]] = Value(names[-1], values[y].shape)
    return [Unary(x=a, y=b, function=function, layer=layer) for a, b, function
            in zip(names, (*names[1:], y), functions, strict=True)]


def _moved(op: Op, readers: Mapping[str, Sequence[Op]]) -> Op:
    """The op, or the last one that only flattens what it gives."""
    while len(after := readers.get(op.outputs[0], ())) == 1 and isinstance(after[0], Reshape):
        op = after[0]
    return op


def _as_set(op: Gemm | Conv | LayerNormalization | BatchNormalization, found: Parameters,
            path: str, where: str) -> Gemm | Conv | LayerNormalization | BatchNormalization:
    """A layer with the settings of the file.

    Raises:
        UnsupportedError: the family computes it with others.
    """
    told = {name: found.attributes.get(f"{path}.{name}") for name in (
        "eps", "stride", "padding", "dilation", "groups", "padding_mode")}
    if isinstance(op, LayerNormalization) and isinstance(told["eps"], float):
        return replace(op, epsilon=told["eps"])
    if isinstance(op, Conv):
        rank = len(op.strides)
        for name, ours in (("stride", op.strides), ("padding", op.pads[:rank]),
                           ("dilation", op.dilations), ("groups", op.group),
                           ("padding_mode", "zeros")):
            if told[name] not in (None, ours):
                raise UnsupportedError(
                    f"its {name} is {printable(str(told[name]))}, which the trainer's is not",
                    where=f"{where}, {printable(path)}", hint=HINT)
    return op


def _prefix(program: Program, paths: set[str]) -> str:
    """What the file's names have before those of the Program's layers."""
    layers = {op.layer for op in program.ops if isinstance(op, _WITH_LAYER)}
    prefixes = {""} | {path.removesuffix(layer) for path in paths for layer in layers
                       if layer and path.endswith(f".{layer}")}
    return max(sorted(prefixes), key=lambda prefix: len({prefix + name for name in layers} & paths))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _flat(found: Parameters, path: str, inside: set[str]) -> Iterator[str]:
    """The parts of a Sequential in order, those of Sequentials in it in its place."""
    start = f"{path}." if path else ""
    inside.add(path)
    for name, full in found.classes.items():
        if name != path and name.startswith(start) and "." not in name[len(start):]:
            if full == SEQUENTIAL:
                yield from _flat(found, name, inside)
            else:
                inside.add(name)
                yield name


def _short(name: str) -> str:
    return name.rpartition(".")[2]
