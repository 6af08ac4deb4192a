"""TFLite models as input: linear layers, convolutions, pools; quantised ones are read as float.

TFLite keeps channels last; a convolution is turned to channels first and back. Formulas: the
reference kernels of TensorFlow Lite.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path

from puffer_edge.errors import FileFormatError, ProgramError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.action_kind import Evidence, action_kind
from puffer_edge.frontends.graph import roles
from puffer_edge.frontends.graph.names import normalised
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tflite import (  # noqa: F401  (each registers its lowerings)
    elementwise,
    linear,
    moving,
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
    if len(model.inputs) != 1 or not model.outputs or model.inputs[0] < 0:
        raise UnsupportedError(f"the model has {len(model.inputs)} inputs", where=where,
                               hint="one observation is supported, without recurrent state")
    return of_one_row(model, options, where, partial(_program, where=where))


def _program(model: TFLiteModel, options: LoadOptions, where: str) -> Program:
    """Of a model of one row, or of all rows where they are the observation that is given."""
    graph = Graph(model, where, sum(field.size for field in options.observation))
    try:
        for operator in model.operators:
            graph.lower(operator)
        parts = _outputs(graph)
        widths = [prod(graph.builder.shape(part)) for part in parts]
        flat = [graph.builder.add(Reshape, x=part, shape=(1, size))
                for part, size in zip(parts, widths, strict=True)]
        y = flat[0] if len(flat) == 1 else graph.builder.add(Concat, xs=tuple(flat), axis=1)
    except (ProgramError, ValueError, TypeError, IndexError, ArithmeticError) as error:
        raise FileFormatError("the operators do not fit each other", where=where) from error
    builder, action = graph.builder, _action(graph, options, widths)
    name = "logits" if isinstance(action, Discrete) else "mean"
    size = prod(model.tensors[model.inputs[0]].shape)
    return builder.build({name: y}, heads.contract(builder, options, size, action))


def _outputs(graph: Graph) -> list[str]:
    """The values that the action is made of, in the file's order."""
    builder, tensors = graph.builder, graph.model.tensors
    kept = []
    for number in dict.fromkeys(graph.model.outputs):
        name = tensors[number].name
        if len(graph.model.outputs) > 1 and roles.is_value(name):
            builder.note("dropped", f"output {printable(name)}: the action does not need it")
        else:
            kept.append(number)
    if len(kept) > 1:
        listed = ", ".join(printable(tensors[number].name) for number in kept)
        builder.note("stated", f"the outputs {listed} are one action, one after another")
    return [graph.value(number) for number in kept or graph.model.outputs[:1]]


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
