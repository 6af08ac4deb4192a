"""The outputs of a graph -> the action head of the contract, and what is kept beside it."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends import heads
from puffer_edge.frontends.onnx import roles
from puffer_edge.frontends.onnx.graph import Graph
from puffer_edge.frontends.onnx.names import normalised, printable
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Program
from puffer_edge.ir.ops import Unary


def choose_outputs(builder: Builder, names: list[str], options: LoadOptions, where: str
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


def finish(graph: Graph, action: str, extra: dict[str, str], names: list[str],
           options: LoadOptions, size: int) -> Program:
    """The Program, once everything that it needs is lowered.

    Args:
        graph: holds the operands of all outputs.
        action: ONNX name of the output that the action is made of.
        extra: ONNX names of the outputs to keep beside it -> outside names.
        names: ONNX names of all outputs that are not state.
        options: win over what names and ops tell.
        size: elements of the observation.
    """
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
