"""A checked ONNX graph with its roles -> Program."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends import heads
from puffer_edge.frontends.onnx import roles
from puffer_edge.frontends.onnx.graph import Graph
from puffer_edge.frontends.onnx.lower import lower_graph, needed_names
from puffer_edge.frontends.onnx.names import is_identifier, normalised, printable
from puffer_edge.frontends.onnx.ports import Port, ports_of
from puffer_edge.frontends.onnx.reader import opset_of, parse_model, read_bytes
from puffer_edge.frontends.onnx.tensors import DTYPES
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Field, Program
from puffer_edge.ir.ops import Reshape, Slice, Unary

_FLOAT32 = 1
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
    return load_onnx_bytes(read_bytes(path), options, where)


def load_onnx_bytes(data: bytes, options: LoadOptions, where: str) -> Program:
    """As :func:`load_onnx`, of a file's content; ``where`` names it in messages."""
    model = parse_model(data, where)
    opset = opset_of(model, where)
    builder = Builder(f"ONNX graph (opset {opset})")
    inputs, outputs, dynamic = ports_of(model.graph, where)
    if dynamic:
        builder.note("assumed", f"the dynamic dimensions {', '.join(sorted(dynamic))} are 1")
    pairs = roles.state_pairs(inputs, outputs, options.states, where)
    plain = [p.name for p in outputs if p.name not in pairs.values()]
    action, extra = _choose_outputs(builder, plain, options, where)
    pairs, needed = _used_state(model.graph, (action, *extra), pairs)
    graph = Graph(builder, where, action)
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
    lower_graph(model.graph, graph, opset, (action, *extra, *pairs.values()))
    _carry_state(graph, pairs, where)
    size = sum(prod(p.sizes) for p in observed)
    return _finish(graph, action, extra, plain, options, size)


def _choose_outputs(builder: Builder, names: list[str], options: LoadOptions, where: str
                    ) -> tuple[str, dict[str, str]]:
    """The action's output, and those to keep beside it with their outside names."""
    candidates = [n for n in names if not roles.is_value(n) and normalised(n) not in roles.SPREAD]
    if not candidates:
        raise UnsupportedError("no output can be the action: all are state, value or spread",
                               where=where, hint="name the action's output logits or actions")
    action = roles.action_output(candidates)
    extra: dict[str, str] = {}
    for index, name in enumerate(names):
        if roles.is_value(name) and options.keep_value and "value" not in extra.values():
            extra[name] = "value"
        elif name in candidates and normalised(name) not in roles.ACTION:
            if name != action:
                extra[name] = f"output_{index}"
        elif name != action:
            builder.note("dropped", f"output {printable(name)}: the action does not need it")
    return action, extra


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
        if port.dtype != _FLOAT32:
            graph.integers.add(port.name)
            builder.note("assumed", f"input {printable(port.name)} is of integers; the "
                                    "observation holds the same numbers as float32")
    if len(ports) == 1:
        graph.bind(ports[0].name, builder.input(ports[0].name, ports[0].sizes))
        return options
    total = sum(prod(p.sizes) for p in ports)
    flat, start = builder.input("observation", (1, total)), 0
    fields = []
    for index, port in enumerate(ports):
        size = prod(port.sizes)
        part = builder.add(Slice, x=flat, starts=(0, start), counts=(1, size), steps=(1, 1))
        graph.bind(port.name, builder.add(Reshape, name=port.name, x=part, shape=port.sizes))
        name = port.name if is_identifier(port.name) else f"obs_{index}"
        fields.append(Field(name, port.sizes[1:] if port.sizes[:1] == (1,) else port.sizes))
        start += size
    builder.note("assumed", "the observation is the graph's inputs one after another: "
                            + ", ".join(printable(p.name) for p in ports))
    return options if options.observation else replace(options, observation=tuple(fields))


def _refuse_dtype(port: Port, allowed: tuple[int, ...], where: str) -> None:
    if port.dtype not in allowed:
        dtype = DTYPES.get(port.dtype)
        raise UnsupportedError(
            f"it is of {dtype.__name__ if dtype else f'ONNX type {port.dtype}'}, not float32",
            where=f"{where}, input {printable(port.name)}",
            hint="convert the policy before the export: policy.float()")


def _carry_state(graph: Graph, pairs: dict[str, str], where: str) -> None:
    builder = graph.builder
    for before, after in pairs.items():
        state, value = str(graph.operands[before]), _result(graph, after)
        if builder.shape(state) != builder.shape(value):
            raise UnsupportedError(
                f"state {printable(before)} and its successor {printable(after)} have the shapes "
                f"{builder.shape(state)} and {builder.shape(value)}", where=where)
        builder.carry(state, value)
        builder.note("assumed", f"{printable(before)} and {printable(after)} are recurrent state, "
                                "zero at reset")


def _result(graph: Graph, name: str) -> str:
    """An output as a value."""
    operand = graph.operands[name]
    return operand if isinstance(operand, str) else graph.builder.constant(operand, name)


def _finish(graph: Graph, action: str, extra: dict[str, str], names: list[str],
            options: LoadOptions, size: int) -> Program:
    builder, value = graph.builder, graph.operands[action]
    if not isinstance(value, str):
        raise UnsupportedError("the action is constant", where=graph.where)
    producer = next((op for op in builder.ops if value in op.outputs), None)
    ends_in_tanh = isinstance(producer, Unary) and producer.function == Activation("tanh")
    head: Discrete | Continuous
    if _kind(graph, action, names, options, ends_in_tanh) == "discrete":
        if action in graph.choices and not options.action_sizes:
            options = replace(options, action_sizes=graph.choices[action])
        head = heads.discrete(builder, options, builder.values[value].size)
        kept = {"logits": value}
    else:
        if ends_in_tanh and options.squash and isinstance(producer, Unary):
            value = producer.x
            builder.note("folded", "the final Tanh is the squashing that was asked for")
        head = heads.continuous(builder, options, builder.values[value].size)
        if ends_in_tanh and head.low and not head.squash:
            builder.note("warning", "the policy ends in Tanh: its actions are clipped to the "
                                    "bounds, not scaled; give --squash to scale them")
        kept = {"mean": value}
    for name, outside in extra.items():
        operand = graph.operands[name]
        if not isinstance(operand, str) or operand in kept.values() or name in graph.choices:
            builder.note("dropped", f"output {printable(name)}: it holds nothing new")
        else:
            kept[outside] = operand
    return builder.build(kept, heads.contract(builder, options, size, head))


def _kind(graph: Graph, action: str, names: list[str], options: LoadOptions, ends_in_tanh: bool
          ) -> str:
    """Discrete or continuous: by option, by the graph's end, by name, by other outputs."""
    if action in graph.choices:
        if options.action == "continuous":
            raise UsageError("the graph ends in a discrete choice; its action is not continuous",
                             where=graph.where)
        return "discrete"
    if options.action:
        return options.action
    plain = normalised(action)
    if options.action_sizes:
        kind, why = "discrete", "sizes of discrete actions were given"
    elif options.action_low or options.action_high or options.squash is not None:
        kind, why = "continuous", "bounds or squashing were given"
    elif plain in roles.DISCRETE:
        kind, why = "discrete", f"the output is called {plain}"
    elif plain in roles.CONTINUOUS:
        kind, why = "continuous", f"the output is called {plain}"
    elif any(normalised(name) in roles.SPREAD for name in names):
        kind, why = "continuous", "there is an output for its spread"
    elif ends_in_tanh:
        kind, why = "continuous", "the graph ends in Tanh"
    elif graph.builder.values[str(graph.operands[action])].size == 1:
        kind, why = "continuous", "it is a single number"
    else:
        kind, why = "discrete", "nothing in the file says otherwise"
    graph.builder.note("assumed", f"the action is {kind}: {why}; --action decides")
    return kind
