# SPDX-License-Identifier: MIT
"""Exported -> Program: roles of the inputs and outputs, then the lowering, then the contract."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError
from puffer_edge.frontends.action_kind import Evidence
from puffer_edge.frontends.aten import (  # noqa: F401  (each registers its lowerings)
    activation,
    arithmetic,
    attention,
    categories,
    comparison,
    composed,
    constants,
    contraction,
    linear,
    moving,
    normalization,
    places,
    ranking,
    recurrent,
    reduction,
    shape,
    threshold,
)
from puffer_edge.frontends.aten.exported import Exported, Port, Result, references
from puffer_edge.frontends.aten.functional import functional
from puffer_edge.frontends.aten.lower import lower_graph
from puffer_edge.frontends.aten.roles import folder, outside_names, state_pairs
from puffer_edge.frontends.graph.action import choose_outputs, finish, leave_out
from puffer_edge.frontends.graph.graph import MAX_ELEMENTS, Graph
from puffer_edge.frontends.graph.observing import bind_parts
from puffer_edge.frontends.graph.several_heads import Output, width_of
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Builder, Program
from puffer_edge.readers.text import printable

_CHOOSING = ("softmax", "_softmax", "log_softmax", "_log_softmax", "argmax", "multinomial")


def assemble(exported: Exported, options: LoadOptions, source: str, where: str,
             told: Evidence | None = None) -> Program:
    """The Program of an exported graph.

    Args:
        exported: the graph.
        options: what the user says.
        source: names it in the Program.
        where: names it in messages.
        told: what else the file tells of the action's kind.
    """
    exported = functional(exported, where)
    try:
        return _program(exported, options, source, where, told)
    except UnsupportedError as error:
        try:  # what stands beside the action may be what is not supported
            return _program(exported, options, source, where, told, printable(error.what, 200))
        except UnsupportedError:
            raise error from None


def _program(exported: Exported, options: LoadOptions, source: str, where: str,
             told: Evidence | None, alone: str = "") -> Program:
    """The Program; ``alone`` says why it gets no outputs beside the action, if it does not."""
    builder = Builder(source)
    pairs = state_pairs(exported, options.states, where)
    after = {result.name for result in pairs.values()}
    plain = outside_names([r for r in exported.results if r.name not in after])
    chosen = choose_outputs(
        builder, [Output(name, width_of(result.shape), not _fractional(exported, result),
                         folder(result)) for name, result in plain.items()], options, where)
    chosen = leave_out(builder, chosen, lambda names: {port.name for port in _used(
        exported, {plain[name].name for name in names}, pairs)[0].ports}, alone)
    chosen_from = {ref.name for call in exported.calls if call.op in _CHOOSING
                   for ref in references(list(call.arguments.values()))}
    results = {plain[name].name for name in (*chosen.actions, *chosen.extra)}
    ports = exported.ports
    exported, pairs = _used(exported, results, pairs)
    for port in ports:
        if port not in exported.ports:
            builder.note("dropped", f"argument {printable(port.name)}: the action does not need it")
    graph = Graph(builder, where, [plain[name].name for name in chosen.actions])
    graph.told = told
    observed = [port for port in exported.ports if port.name not in pairs]
    options = _bind_observation(graph, observed, options)
    _bind_state(graph, exported, pairs)
    lower_graph(exported, graph)
    _carry(graph, exported, pairs, bool(options.states))
    size = sum(prod(port.shape) for port in observed)
    for label, value in [(name, plain[name].name) for name in (*chosen.actions, *chosen.extra)]:
        graph.operands[label] = graph.operands[value]
        if value in chosen_from:
            graph.chosen_from.add(label)
        if value in graph.choices:
            graph.choices[label] = graph.choices[value]
    return finish(graph, chosen, list(plain), options, size)


def _fractional(exported: Exported, result: Result) -> bool:
    return exported.dtypes.get(result.name, "float32").startswith(("float", "bfloat"))


def _used(exported: Exported, results: set[str], pairs: dict[str, Result]
          ) -> tuple[Exported, dict[str, Result]]:
    """What the results depend on, new state included."""
    known: dict[str, Result] = {}
    while True:
        used = exported.needed(results | {result.name for result in known.values()})
        names_used = {port.name for port in used.ports}
        found = {name: result for name, result in pairs.items() if name in names_used}
        if found == known:
            return used, known
        known = found


def _bind_observation(graph: Graph, ports: list[Port], options: LoadOptions) -> LoadOptions:
    """Declares the observation; several arguments are parts of one, in order."""
    if not ports:
        raise UnsupportedError("the action depends on no observation", where=graph.where)
    builder = graph.builder
    for port in ports:
        _check_port(port, graph.where, prod(port.shape) == sum(
            field.size for field in options.observation))
        if not port.dtype.startswith("float"):
            builder.note("stated", f"argument {printable(port.name)} is of integers; the "
                                   "observation holds the same numbers as float32")
    return bind_parts(graph, [(port.name, port.shape) for port in ports], options,
                      "the arguments")


def _check_port(port: Port, where: str, whole: bool) -> None:
    place = f"{where}, argument {printable(port.name)}"
    if len(port.shape) > 1 and port.shape[0] != 1 and not whole:
        raise UsageError(f"its shape {port.shape} is of a batch of {port.shape[0]}", where=place,
                         hint="give an example with a batch of 1, or --observation with all "
                              "elements if the rows are one observation")
    if prod(port.shape) > MAX_ELEMENTS or 0 in port.shape:
        raise UnsupportedError(f"its shape {port.shape} is too large or empty", where=place)
    if port.dtype not in ("bool", "float32", "float64", "int16", "int32", "int64", "int8", "uint8"):
        raise UnsupportedError(f"it is of {printable(port.dtype)}, not float32", where=place,
                               hint="convert the policy first: policy.float()")


def _bind_state(graph: Graph, exported: Exported, pairs: dict[str, Result]) -> None:
    builder = graph.builder
    for port in exported.ports:
        if port.name in pairs:
            if not port.dtype.startswith("float"):
                raise UnsupportedError("recurrent state that is not of floats",
                                       where=f"{graph.where}, {printable(port.name)}")
            graph.bind(port.name, builder.state(port.name, port.shape))
    for name, weight in exported.weights.items():
        if name not in exported.mutated:
            # Bound by its own name in the checkpoint: that is what the constant is called.
            graph.bind(weight.name, weight.array)
            graph.weights.add(weight.name)
            graph.operands[name] = weight.array
        elif weight.array.dtype != np.float32:
            raise UnsupportedError(f"forward changes a buffer of {weight.array.dtype}",
                                   where=f"{graph.where}, {printable(weight.name)}",
                                   hint="let it be a buffer of floats, which count exactly up to "
                                        "16,777,216")
        else:
            graph.bind(name, builder.state(weight.name, weight.array.shape))


def _carry(graph: Graph, exported: Exported, pairs: dict[str, Result], given: bool) -> None:
    builder = graph.builder
    after = {name: (result.name, np.zeros(builder.shape(str(graph.operands[name])), np.float32),
                    f"argument {printable(name)} and output {printable(result.label)} are")
             for name, result in pairs.items()}
    for name, new in exported.mutated.items():
        weight = exported.weights[name]
        after[name] = new, weight.array, f"buffer {printable(weight.name)}, which forward sets, is"
    for name, (new, initial, text) in after.items():
        before, value = str(graph.operands[name]), _value(graph, new)
        if builder.shape(before) != builder.shape(value):
            raise UnsupportedError(f"state changes its shape from {builder.shape(before)} to "
                                   f"{builder.shape(value)}",
                                   where=f"{graph.where}, {printable(name)}")
        if not np.isfinite(initial).all():
            raise FileFormatError("the initial state holds NaN or infinite values",
                                  where=f"{graph.where}, {printable(name)}")
        builder.carry(before, value, initial)
        start = "zero" if not initial.any() else "its present value"
        text = f"{text} recurrent state, {start} at reset"
        if name in exported.mutated or given:
            builder.note("stated", text)
        else:
            builder.assume("recurrent-state", f"{text}, by name and shape", "--state")


def _value(graph: Graph, name: str) -> str:
    operand = graph.operands[name]
    return operand if isinstance(operand, str) else graph.builder.constant(operand, name)
