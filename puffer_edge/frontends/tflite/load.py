# SPDX-License-Identifier: MIT
"""TFLite models as input; quantised ones are read as float.

TFLite keeps channels last; a convolution is turned to channels first and back. Formulas: the
reference kernels of TensorFlow Lite.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path

from puffer_edge.errors import FileFormatError, ProgramError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.action_kind import Evidence, action_kind
from puffer_edge.frontends.graph import roles
from puffer_edge.frontends.graph.names import normalised
from puffer_edge.frontends.graph.ports import Port
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tflite import (  # noqa: F401  (each registers its lowerings)
    elementwise,
    linear,
    moving,
    recurrent,
    reduction,
)
from puffer_edge.frontends.tflite.batch import of_one_row
from puffer_edge.frontends.tflite.graph import Graph
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.ir.ops import (
    Concat,
    Reshape,
)
from puffer_edge.readers.text import printable
from puffer_edge.readers.tflite_model import TFLiteModel, load_tflite_model

_CHOOSING = ("SOFTMAX", "LOG_SOFTMAX", "ARG_MAX")


def load_tflite(path: Path, options: LoadOptions) -> Program:
    """The Program of a model.

    Raises:
        FileFormatError: the file is damaged, or its tensors do not fit each other.
        UnsupportedError: the model has an operator that is not supported.
        UsageError: the options do not fit the policy.
    """
    model, where = load_tflite_model(path), str(path)
    if not model.outputs or min((*model.inputs, *model.outputs), default=-1) < 0:
        raise FileFormatError("the model has no input or no output", where=where)
    pairs = _states(model, options, where)
    if len(model.inputs) - len(pairs) != 1:
        listed = ", ".join(printable(model.tensors[number].name) for number in model.inputs
                           if number not in pairs)
        raise UnsupportedError(f"the model has {len(model.inputs) - len(pairs)} inputs: {listed}",
                               where=where, hint="one observation is supported; name what is "
                               "recurrent state with --state INPUT:OUTPUT")
    if pairs:
        return _program(model, options, pairs, where)
    return of_one_row(model, options, where, partial(_program, pairs={}, where=where))


def _states(model: TFLiteModel, options: LoadOptions, where: str) -> dict[int, int]:
    """Inputs -> the outputs that are their next values, by the user's pairs or by names."""
    if len(model.inputs) < 2 and not options.states:
        return {}
    named = [{model.tensors[number].name: number for number in numbers}
             for numbers in (model.inputs, model.outputs)]
    ports = [[Port(name, model.tensors[number].shape) for name, number in side.items()]
             for side in named]
    found = roles.state_pairs(ports[0], ports[1], options.states, where)
    return {named[0][before]: named[1][after] for before, after in found.items()}


def _program(model: TFLiteModel, options: LoadOptions, pairs: Mapping[int, int], where: str
             ) -> Program:
    """Of a model of one row, or of all rows where they are the observation that is given."""
    graph = Graph(model, where, sum(field.size for field in options.observation), pairs)
    try:
        for operator in model.operators:
            graph.lower(operator)
        _carry(graph, pairs, bool(options.states))
        parts = _outputs(graph, set(pairs.values()))
        widths = [prod(graph.builder.shape(part)) for part in parts]
        flat = [graph.builder.add(Reshape, x=part, shape=(1, size))
                for part, size in zip(parts, widths, strict=True)]
        y = flat[0] if len(flat) == 1 else graph.builder.add(Concat, xs=tuple(flat), axis=1)
    except (ProgramError, ValueError, TypeError, IndexError, ArithmeticError) as error:
        raise FileFormatError("the operators do not fit each other", where=where) from error
    graph.note_storage()
    builder, action = graph.builder, _action(graph, options, widths)
    name = "logits" if isinstance(action, Discrete) else "mean"
    size = prod(builder.shape("observation"))
    return builder.build({name: y}, heads.contract(builder, options, size, action))


def _carry(graph: Graph, pairs: Mapping[int, int], given: bool) -> None:
    for before, after in pairs.items():
        graph.builder.carry(graph.value(before), graph.value(after))
        text = (f"{printable(graph.model.tensors[before].name)} and "
                f"{printable(graph.model.tensors[after].name)} are recurrent state, zero at reset")
        if given:
            graph.builder.note("stated", text)
        else:
            graph.builder.assume("recurrent-state", f"{text}, by their names", "--state")


def _outputs(graph: Graph, states: Collection[int]) -> list[str]:
    """The values that the action is made of, in the file's order."""
    builder, tensors = graph.builder, graph.model.tensors
    kept = []
    numbers = [number for number in dict.fromkeys(graph.model.outputs) if number not in states]
    if not numbers:
        raise UnsupportedError("every output is recurrent state", where=graph.where)
    for number in numbers:
        name = tensors[number].name
        if len(numbers) > 1 and roles.is_value(name):
            builder.note("dropped", f"output {printable(name)}: the action does not need it")
        else:
            kept.append(number)
    if len(kept) > 1:
        listed = ", ".join(printable(tensors[number].name) for number in kept)
        builder.note("stated", f"the outputs {listed} are one action, one after another")
    return [graph.value(number) for number in kept or numbers[:1]]


def _action(graph: Graph, options: LoadOptions, widths: list[int]) -> Discrete | Continuous:
    model = graph.model
    choosing = [op for op in model.operators if op.name in _CHOOSING]
    name = normalised(model.tensors[model.outputs[0]].name)
    evidence = Evidence()
    if any({*op.outputs, *op.inputs[:1]} & set(model.outputs) for op in choosing):
        evidence = Evidence("discrete", "the graph ends in a softmax or chooses from it", True)
    elif roles.marks_choices(name):
        evidence = Evidence("discrete", f"the output is called {printable(name)}", True)
    if action_kind(graph.builder, options, evidence) == "discrete":
        if len(widths) > 1 and not options.action_sizes:  # an output for each head
            options = replace(options, action_sizes=tuple(widths))
        return heads.discrete(graph.builder, options, sum(widths))
    return heads.continuous(graph.builder, options, sum(widths))
