# SPDX-License-Identifier: MIT
"""Models of Keras, ``.keras`` and ``.h5``: Sequential and functional ones.

Layers are described by JSON beside the weights; each is lowered by the name of its class. A Lambda,
or a function or class of the user's, is code that is not in the file or that would have to be run.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from puffer_edge.errors import FileFormatError, ProgramError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.action_kind import Evidence, action_kind
from puffer_edge.frontends.graph import roles
from puffer_edge.frontends.graph.names import normalised
from puffer_edge.frontends.keras.context import Context, activation_name
from puffer_edge.frontends.keras.layers import LAYERS, MERGES
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Builder, Continuous, Discrete, Field, Program
from puffer_edge.ir.ops import Concat, Reshape, Slice
from puffer_edge.readers.keras_file import KerasModel, Layer, load_keras_zip
from puffer_edge.readers.text import printable

HINT = ("convert the model to TFLite and give that file: "
        "tf.lite.TFLiteConverter.from_keras_model(model).convert()")
IGNORED = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout",
           "AlphaDropout", "ActivityRegularization", "Identity")
"""Layers that do nothing when a policy plays."""


def load_keras_file(path: Path, options: LoadOptions) -> Program:
    """The Program of a ``.keras`` file; errors as of :func:`load_keras`."""
    return load_keras(load_keras_zip(path), options)


def load_keras(model: KerasModel, options: LoadOptions) -> Program:
    """The Program of a model.

    Raises:
        FileFormatError: layers do not fit each other.
        UnsupportedError: a layer, or what it is told to do, is not supported.
        UsageError: the options do not fit the policy.
    """
    builder = Builder(f"Keras {model.version} model")
    try:
        values, options = _inputs(model, builder, options)
        outputs = _lower(model, builder, values)
    except (ProgramError, ValueError, TypeError, KeyError, IndexError, OverflowError,
            ZeroDivisionError) as error:
        raise FileFormatError("the layers do not fit each other, or one is malformed",
                              where=model.where) from error
    kept = _kept(builder, list(outputs))
    widths = [prod(builder.shape(outputs[name])) for name in kept]
    flat = [builder.add(Reshape, x=outputs[name], shape=(1, width))
            for name, width in zip(kept, widths, strict=True)]
    y = flat[0] if len(flat) == 1 else builder.add(Concat, xs=tuple(flat), axis=1)
    action = _action(model, builder, options, kept, widths)
    size = prod(builder.shape("observation"))
    named = {"logits" if isinstance(action, Discrete) else "mean": y}
    if options.keep_value and len(kept) < len(outputs):
        value = next(name for name in outputs if name not in kept)
        named["value"] = outputs[value]
    return builder.build(named, heads.contract(builder, options, size, action))


def _inputs(model: KerasModel, builder: Builder, options: LoadOptions
            ) -> tuple[dict[str, str], LoadOptions]:
    """The observation by the layers that take it; several lie one after another in it."""
    names = model.inputs or [model.layers[0].name]
    layers = {layer.name: layer for layer in model.layers}
    shapes = [_shape(layers[name], model.where) for name in names]
    if len(names) == 1:
        shape = shapes[0]
        return {names[0]: builder.input("observation", (1, *shape))}, options
    sizes = [prod(shape) for shape in shapes]
    x, at, values = builder.input("observation", (1, sum(sizes))), 0, {}
    for name, shape, size in zip(names, shapes, sizes, strict=True):
        part = builder.add(Slice, x=x, starts=(0, at), steps=(1, 1), counts=(1, size))
        values[name] = builder.add(Reshape, x=part, shape=(1, *shape))
        at += size
    fields = tuple(Field(printable(name, 40), shape)
                   for name, shape in zip(names, shapes, strict=True))
    return values, replace(options, observation=options.observation or fields)


def _shape(layer: Layer, where: str) -> tuple[int, ...]:
    """Of one observation: without the batch; a sequence of any length is one step."""
    config = layer.config
    shape = config.get("batch_shape", config.get("batch_input_shape"))
    if not isinstance(shape, list) or not all(
            size is None or (type(size) is int and 0 < size < 1 << 20) for size in shape):
        raise UnsupportedError("the model does not say the shape of its input",
                               where=f"{where}: {printable(layer.name)}",
                               hint="save it after keras.Input(shape) was its first layer")
    inner = shape[1:]
    if len(inner) == 2 and inner[0] is None:
        inner = [1, inner[1]]
    if not inner or None in inner:
        raise UnsupportedError(f"the input has the shape {inner}, which is not fixed",
                               where=f"{where}: {printable(layer.name)}",
                               hint="save the model with the size that it was trained with")
    return tuple(inner)


def _lower(model: KerasModel, builder: Builder, values: dict[str, str]) -> dict[str, str]:
    """Every layer; gives the outputs by the names of their layers."""
    waiting, before = list(model.layers), ""
    while waiting:
        ready = waiting[:1] if not model.inputs else [
            layer for layer in waiting if set(layer.inputs) <= values.keys()]
        if not ready:
            raise FileFormatError("the layers form a circle, or take what no layer gives",
                                  where=model.where)
        for layer in ready:
            place = f"{model.where}: {printable(layer.name)}"
            xs = [values[name] for name in layer.inputs] if model.inputs else (
                [values[before]] if before else [values[layer.name]])
            if layer.kind == "InputLayer":
                if layer.name not in values:
                    raise FileFormatError("an input is no input of the model", where=place)
            else:
                if model.inputs and layer.calls != 1:
                    raise UnsupportedError("the layer is called more than once", where=place,
                                           hint=HINT)
                values[layer.name] = _one(Context(builder, layer, model.version, place), xs)
            before = layer.name
            waiting.remove(layer)
    return {name: values[name] for name in model.outputs or [before]}


def _one(context: Context, xs: list[str]) -> str:
    kind = context.layer.kind
    if kind in IGNORED:
        return xs[0]
    if kind in MERGES and len(xs) > 1:
        return MERGES[kind](context, xs)
    if kind not in LAYERS or len(xs) != 1:
        code = kind in ("Lambda", "TFOpLambda")
        raise UnsupportedError(
            f"the layer is a {printable(kind, 60)}, " + (
                "which is Python code and is not run" if code else "which is not supported"),
            where=context.place, hint=HINT)
    y = LAYERS[kind](context, xs[0])
    if context.taken != len(context.layer.weights):
        raise FileFormatError("the layer has more weights than its description says",
                              where=context.place)
    return y


def _kept(builder: Builder, names: list[str]) -> list[str]:
    """The outputs that the action is made of."""
    kept = [name for name in names if len(names) == 1 or not roles.is_value(name)] or names[:1]
    for name in names:
        if name not in kept:
            builder.note("dropped", f"output {printable(name)}: the action does not need it")
    if len(kept) > 1:
        listed = ", ".join(printable(name) for name in kept)
        builder.note("stated", f"the outputs {listed} are one action, one after another")
    return kept


def _action(model: KerasModel, builder: Builder, options: LoadOptions, kept: list[str],
            widths: list[int]) -> Discrete | Continuous:
    last: Any = next((layer for layer in model.layers if layer.name == kept[0]), model.layers[-1])
    evidence = Evidence()
    if last.kind == "Softmax" or activation_name(last.config.get("activation")) == "softmax":
        evidence = Evidence("discrete", "the model ends in a softmax", True)
    elif roles.marks_choices(normalised(last.name)):
        evidence = Evidence("discrete", f"the output is called {printable(last.name)}", True)
    if action_kind(builder, options, evidence) == "discrete":
        if len(widths) > 1 and not options.action_sizes:  # an output for each head
            options = replace(options, action_sizes=tuple(widths))
        return heads.discrete(builder, options, sum(widths))
    return heads.continuous(builder, options, sum(widths))
