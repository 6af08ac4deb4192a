# SPDX-License-Identifier: MIT
"""A checked ONNX graph with its roles -> Program."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

from puffer_edge.errors import PufferEdgeError, UnsupportedError
from puffer_edge.frontends.action_kind import by_metadata
from puffer_edge.frontends.graph import roles
from puffer_edge.frontends.graph.action import choose_outputs, finish, leave_out
from puffer_edge.frontends.graph.graph import Graph
from puffer_edge.frontends.graph.observing import bind_parts
from puffer_edge.frontends.graph.ports import Port
from puffer_edge.frontends.graph.rows import check_rows
from puffer_edge.frontends.graph.several_heads import Output, width_of
from puffer_edge.frontends.onnx.batch import fixed_batch, one_row, with_one_row
from puffer_edge.frontends.onnx.lower import lower_graph, needed_names
from puffer_edge.frontends.onnx.ml_agents import with_constants
from puffer_edge.frontends.onnx.ports import ports_of
from puffer_edge.frontends.onnx.reader import opset_of, parse_model, read_bytes
from puffer_edge.frontends.onnx.tensors import DTYPES
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Builder, Field, Program
from puffer_edge.readers.text import printable

_FLOAT32 = 1
_BOOL = 9
_CHOOSING = ("Softmax", "LogSoftmax", "ArgMax", "Multinomial")
_INTEGERS = frozenset(key for key, dtype in DTYPES.items() if dtype().dtype.kind in "iub")


def load_onnx(path: Path, options: LoadOptions) -> Program:
    """Reads a policy exported to ONNX.

    Dynamic batch dimensions become 1; recurrent state is recognised as pairs of an input and an
    output, by ``options.states`` or by name; of the outputs, the one of the action and, if asked
    for, the value head is kept. What was assumed or dropped is in the Program's notes.

    Raises:
        MissingDependencyError: the package ``onnx`` is not installed.
        UsageError: an option does not fit the file.
        FileFormatError: the file cannot be opened, or is damaged, too large or not sound.
        UnsupportedError: it is sound, but holds something that is not supported.
    """
    where = printable(path.name)
    return load_onnx_bytes(read_bytes(path), options, where, path.parent)


def load_onnx_bytes(data: bytes, options: LoadOptions, where: str,
                    folder: Path | None = None) -> Program:
    """As :func:`load_onnx`, of a file's content.

    Args:
        data: the content.
        options: what the user said.
        where: names the file in messages.
        folder: where a file beside it, which holds the weights, would lie.
    """
    model = parse_model(data, where, folder)
    try:
        return _program(model, options, where)
    except UnsupportedError as error:
        error.with_traceback(None)  # its frames hold all that was made
        try:  # what stands beside the action may be what is not supported
            return _program(model, options, where, alone=printable(error.what, 200))
        except UnsupportedError:
            raise error from None


def _program(model: Any, options: LoadOptions, where: str, alone: str = "") -> Program:
    """The Program; ``alone`` says why it gets no outputs beside the action, if it does not."""
    opset = opset_of(model, where)
    builder = Builder(f"ONNX graph (opset {opset})")
    proto = model.graph
    inputs, outputs, dynamic = ports_of(proto, where)
    if dynamic:
        builder.note("stated", f"the dynamic dimensions {', '.join(sorted(dynamic))} are 1")
    rows = fixed_batch(inputs, outputs, sum(field.size for field in options.observation))
    if rows > 1:
        builder.assume("fixed-batch", f"the {rows} rows of the input {printable(inputs[0].name)} "
                       "are a batch, of which a step has one; give --observation with all elements "
                       "if they are one observation", "--observation")
        proto = with_one_row(proto, rows)
        inputs, outputs = ([one_row(port, rows) for port in ports] for ports in (inputs, outputs))
    options = with_constants(proto, options, builder, where)
    pairs = roles.state_pairs(inputs, outputs, options.states, where)
    plain = [p.name for p in outputs if p.name not in pairs.values()]
    chosen = choose_outputs(
        builder, [Output(p.name, width_of(p.shape), p.dtype in _INTEGERS) for p in outputs
                  if p.name in plain], options, where)
    given = {port.name for port in inputs}
    chosen = leave_out(builder, chosen, lambda names: given & _used_state(
        proto, tuple(names), pairs)[1], alone)
    results = (*chosen.actions, *chosen.extra)
    pairs, needed = _used_state(proto, results, pairs)
    graph = Graph(builder, where, chosen.actions)
    graph.told = by_metadata({each.key: each.value for each in model.metadata_props})
    graph.chosen_from.update(name for node in proto.node if node.op_type in _CHOOSING
                             for name in node.input[:1])
    observed = [p for p in inputs if p.name in needed and p.name not in pairs]
    for port in inputs:
        if port.name not in needed:
            builder.note("dropped", f"input {printable(port.name)}: the action does not need it")
    if len(observed) > 1:
        roles.refuse_lonely_state([p.name for p in observed], pairs, [p.name for p in outputs],
                                  where)
    options = _bind_observation(graph, observed, options)
    for port in inputs:
        if port.name in pairs and port.name in needed:
            _refuse_dtype(port, (_FLOAT32,), where)
            graph.bind(port.name, builder.state(port.name, port.sizes))
    lower_graph(proto, graph, opset, (*results, *pairs.values()))
    _carry_state(graph, pairs, options.states, where)
    size = sum(prod(p.sizes) for p in observed)
    program = finish(graph, chosen, plain, options, size)
    if rows > 1 and len(observed) == 1:
        _check_rows(model, program, options, rows, where)
    return program


def _check_rows(model: Any, program: Program, options: LoadOptions, rows: int, where: str) -> None:
    everything = Field("rows", (rows * program.contract.observation_size,))
    try:
        whole = _program(model, LoadOptions(states=options.states, observation=(everything,)),
                         where)
    except PufferEdgeError:  # such as an LSTM, of which a step takes one row: it mixes none
        return
    check_rows(program, whole, rows, where)


def _used_state(graph: Any, results: tuple[str, ...], pairs: dict[str, str]
                ) -> tuple[dict[str, str], set[str]]:
    """The pairs that the results depend on, and every name needed for both."""
    kept: dict[str, str] = {}
    while True:
        needed = needed_names(graph, (*results, *kept.values()))
        found = {a: b for a, b in pairs.items() if a in needed}
        if found == kept:
            return kept, needed
        kept = found


def _bind_observation(graph: Graph, ports: list[Port], options: LoadOptions) -> LoadOptions:
    """Declares the observation; several inputs are parts of one, in the graph's order."""
    if not ports:
        raise UnsupportedError("the action depends on no observation", where=graph.where)
    builder = graph.builder
    for port in ports:
        _refuse_dtype(port, (_FLOAT32, *_INTEGERS), graph.where)
        if port.dtype == _BOOL:
            graph.masks.add(port.name)
            builder.note("stated", f"input {printable(port.name)} is of booleans; the "
                                   "observation holds 0 and 1 as float32")
        elif port.dtype != _FLOAT32:
            graph.integers.add(port.name)
            builder.note("stated", f"input {printable(port.name)} is of integers; the "
                                   "observation holds the same numbers as float32")
    return bind_parts(graph, [(port.name, port.sizes) for port in ports], options,
                      "the graph's inputs")


def _refuse_dtype(port: Port, allowed: tuple[int, ...], where: str) -> None:
    if port.dtype not in allowed:
        dtype = DTYPES.get(port.dtype)
        raise UnsupportedError(
            f"it is of {dtype.__name__ if dtype else f'ONNX type {port.dtype}'}, not float32",
            where=f"{where}, input {printable(port.name)}",
            hint="convert the policy before the export: policy.float()")


def _carry_state(graph: Graph, pairs: dict[str, str], given: Iterable[tuple[str, str]],
                 where: str) -> None:
    builder = graph.builder
    for before, after in pairs.items():
        state, value = str(graph.operands[before]), _result(graph, after)
        if builder.shape(state) != builder.shape(value):
            raise UnsupportedError(
                f"state {printable(before)} and its successor {printable(after)} have the shapes "
                f"{builder.shape(state)} and {builder.shape(value)}", where=where)
        builder.carry(state, value)
        text = f"{printable(before)} and {printable(after)} are recurrent state, zero at reset"
        if (before, after) in given:
            builder.note("stated", text)
        else:
            builder.assume("recurrent-state", f"{text}, by name or shape", "--state")


def _result(graph: Graph, name: str) -> str:
    """An output as a value."""
    operand = graph.operands[name]
    return operand if isinstance(operand, str) else graph.builder.constant(operand, name)
