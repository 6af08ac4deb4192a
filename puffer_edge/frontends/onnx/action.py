"""The outputs of a graph -> the action head of the contract, and what is kept beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends import heads
from puffer_edge.frontends.onnx import roles
from puffer_edge.frontends.onnx.graph import Graph
from puffer_edge.frontends.onnx.names import normalised, printable
from puffer_edge.frontends.onnx.several_heads import Output, action_outputs, stem, unnamed
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Program
from puffer_edge.ir.ops import Concat, Reshape, Unary


def choose_outputs(builder: Builder, outputs: Sequence[Output], options: LoadOptions, where: str
                   ) -> tuple[tuple[str, ...], dict[str, str]]:
    """The action's outputs, one for each head; and those to keep beside -> outside names."""
    names = [output.name for output in outputs]
    candidates = [o for o in outputs
                  if not roles.is_value(o.name) and normalised(o.name) not in roles.SPREAD]
    if not candidates:
        raise UnsupportedError("no output can be the action: all are state, value or spread",
                               where=where, hint="name the action's output logits or actions")
    spread = any(normalised(name) in roles.SPREAD for name in names)
    actions = action_outputs(candidates, options, spread=spread)
    extra: dict[str, str] = {}
    for index, name in enumerate(names):
        if roles.is_value(name) and options.keep_value and "value" not in extra.values():
            extra[name] = "value"
        elif name in {o.name for o in candidates} and normalised(name) not in roles.ACTION:
            if name not in actions:
                extra[name] = f"output_{index}"
        elif name not in actions:
            builder.note("dropped", f"output {printable(name)}: the action does not need it")
    return actions, extra


def finish(graph: Graph, actions: Sequence[str], extra: dict[str, str], names: list[str],
           options: LoadOptions, size: int) -> Program:
    """The Program, once everything that it needs is lowered.

    Args:
        graph: holds the operands of all outputs.
        actions: ONNX names of the outputs that the action is made of, one for each head.
        extra: ONNX names of the outputs to keep beside it -> outside names.
        names: ONNX names of all outputs that are not state.
        options: win over what names and ops tell.
        size: elements of the observation.
    """
    action, extra, options = _joined(graph, actions, extra, names, options)
    builder, value = graph.builder, graph.operands[action]
    if not isinstance(value, str):
        raise UnsupportedError("the action is constant", where=graph.where)
    if action in graph.masks:
        raise UnsupportedError("the output that the action would be made of holds booleans",
                               where=f"{graph.where}, output {printable(action)}",
                               hint="export the policy with an output of logits or actions")
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


def _joined(graph: Graph, actions: Sequence[str], extra: dict[str, str], names: list[str],
            options: LoadOptions) -> tuple[str, dict[str, str], LoadOptions]:
    """The one output that the action is made of: of several heads, one after another."""
    first = actions[0]
    if len(actions) == 1:
        return first, extra, options
    builder = graph.builder
    producers = {name: op for op in builder.ops for name in op.outputs}
    ends = [producers.get(str(graph.operands[name])) for name in actions]
    # Logits come from a linear layer; what a function made is features or a spread.
    if not options.action_sizes and all(map(unnamed, actions)) and any(
            isinstance(op, Unary) for op in ends):
        beside = {name: f"output_{names.index(name)}" for name in actions[1:]}
        return first, {**extra, **beside}, options
    parts: list[str] = []
    sizes: list[int] = []
    for name in actions:
        value = graph.operands[name]
        if not isinstance(value, str):
            raise UnsupportedError("the logits of a head are constant",
                                   where=f"{graph.where}, output {printable(name)}")
        width = builder.values[value].size
        sizes += graph.choices.get(name, (width,))
        flat = (1, width)
        parts.append(value if builder.shape(value) == flat
                     else builder.add(Reshape, x=value, shape=flat))
    listed = ", ".join(map(printable, actions))
    builder.assume("action-heads", f"the outputs {listed} are the logits of one head each, of "
                   f"{', '.join(map(str, sizes))} choices; give --action continuous, or "
                   f"--action-sizes of {printable(first)} alone, if only that one acts",
                   "--action-sizes")
    joined = builder.add(Concat, name="logits", xs=tuple(parts), axis=1)
    graph.operands[first] = joined
    graph.choices[first] = tuple(sizes)
    return first, extra, options


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
    plain = stem(action)
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
    graph.builder.assume("action-kind", f"the action is {kind}: {why}; --action decides",
                         "--action")
    return kind
