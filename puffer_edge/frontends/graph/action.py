# SPDX-License-Identifier: MIT
"""The outputs of a graph -> the action head of the contract, and what is kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends import heads
from puffer_edge.frontends.action_kind import Evidence, action_kind, asked
from puffer_edge.frontends.graph import roles
from puffer_edge.frontends.graph.graph import Graph
from puffer_edge.frontends.graph.hybrid import hybrid_outputs
from puffer_edge.frontends.graph.names import normalised
from puffer_edge.frontends.graph.several_heads import Output, action_outputs, stem, unnamed
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Activation, Builder, Continuous, Discrete, Head, Hybrid, Program
from puffer_edge.ir.ops import Concat, Reshape, Softmax, Unary
from puffer_edge.readers.text import printable


@dataclass(frozen=True)
class Chosen:
    """What the outputs of a graph are for.

    Attributes:
        actions: names of those that the action is made of, one for each head.
        extra: names of those to keep beside it -> outside names.
        listed: the heads lie in one list, as PufferLib returns the logits of several choices.
    """

    actions: tuple[str, ...]
    extra: dict[str, str]
    listed: bool = False


def choose_outputs(builder: Builder, outputs: Sequence[Output], options: LoadOptions, where: str
                   ) -> Chosen:
    """Which outputs are the action, and which are kept; notes what is dropped."""
    names = [output.name for output in outputs]
    candidates = [o for o in outputs if not roles.is_value(o.name)
                  and normalised(o.name) not in roles.SPREAD
                  and not (roles.looks_recurrent(o.name) and o.folder is None)]
    if not candidates:
        raise UnsupportedError("no output can be the action: all are state, value or spread",
                               where=where, hint="name the action's output logits or actions")
    spread = any(normalised(name) in roles.DEVIATION for name in names)
    actions = (hybrid_outputs(candidates, options)
               or action_outputs(candidates, options, spread=spread))
    extra: dict[str, str] = {}
    for index, name in enumerate(names):
        if roles.is_value(name) and options.keep_value and "value" not in extra.values():
            extra[name] = "value"
        elif name in {o.name for o in candidates} and normalised(name) not in roles.ACTION:
            if name not in actions:
                extra[name] = f"output_{index}"
        elif name not in actions:
            builder.note("dropped", f"output {printable(name)}: the action does not need it")
    listed = len(actions) > 1 and all(o.folder for o in outputs if o.name in actions)
    return Chosen(actions, extra, listed)


def leave_out(builder: Builder, chosen: Chosen, inputs: Callable[[Iterable[str]], set[str]],
              reason: str = "") -> Chosen:
    """The same without outputs that need inputs which the action does not.

    Args:
        builder: takes the note.
        chosen: what to keep.
        inputs: the inputs that outputs depend on.
        reason: why all are left out; empty where only those with inputs of their own are.
    """
    needed = inputs(chosen.actions)
    more = [name for name, outside in chosen.extra.items()
            if reason or (outside != "value" and inputs((*chosen.actions, name)) - needed)]
    if not more:
        return chosen
    builder.assume("other-outputs", f"left out, as neither the action nor a state needs them: "
                   f"{', '.join(map(printable, more))} "
                   f"({reason or 'they depend on inputs that the action does not depend on'})")
    return replace(chosen, extra={name: outside for name, outside in chosen.extra.items()
                                  if name not in more})


def finish(graph: Graph, chosen: Chosen, names: list[str], options: LoadOptions, size: int
           ) -> Program:
    """The Program, once everything that it needs is lowered.

    Args:
        graph: holds the operands of all outputs.
        chosen: what the outputs are for.
        names: ONNX names of all outputs that are not state.
        options: win over what names and ops tell.
        size: elements of the observation.
    """
    builder = graph.builder
    actions, extra = chosen.actions, chosen.extra
    if not hybrid_outputs([Output(name, None) for name in actions], options):
        action, extra, options = _joined(graph, chosen, names, options)
        actions = (action,)
    kept, found = dict[str, str](), list[Head]()
    for action in actions:
        value, part = _head(graph, action, names, options)
        kept["logits" if isinstance(part, Discrete) else "mean"] = value
        found.append(part)
    head: Head | Hybrid = found[0]
    if isinstance(head, Continuous) and isinstance(found[-1], Discrete):
        head = Hybrid(head, found[-1])
    for name, outside in extra.items():
        operand = graph.operands[name]
        if not isinstance(operand, str) or operand in kept.values() or name in graph.choices:
            builder.note("dropped", f"output {printable(name)}: it holds nothing new")
        else:
            kept[outside] = operand
    if beside := [f"{printable(name)} as {outside}" for name, outside in extra.items()
                  if outside in kept and outside != "value"]:
        builder.assume("other-outputs", f"kept beside the action, raw, as nothing tells what it is "
                       f"for: output {', '.join(beside)}")
    return builder.build(kept, heads.contract(builder, options, size, head))


def _head(graph: Graph, action: str, names: list[str], options: LoadOptions
          ) -> tuple[str, Head]:
    """The raw output of an action, and what it becomes."""
    builder, value = graph.builder, graph.operands[action]
    if not isinstance(value, str):
        raise UnsupportedError("the action is constant", where=graph.where)
    if action in graph.masks:
        raise UnsupportedError("the output that the action would be made of holds booleans",
                               where=f"{graph.where}, output {printable(action)}",
                               hint="export the policy with an output of logits or actions")
    producer = next((op for op in builder.ops if value in op.outputs), None)
    ends_in_tanh = isinstance(producer, Unary) and producer.function == Activation("tanh")
    if _kind(graph, action, names, options, ends_in_tanh) == "discrete":
        if action in graph.choices and not options.action_sizes:
            options = replace(options, action_sizes=graph.choices[action])
        return value, heads.discrete(builder, options, builder.values[value].size)
    if ends_in_tanh and options.squash and isinstance(producer, Unary):
        value = producer.x
        builder.note("folded", "the final Tanh is the squashing that was asked for")
    head = heads.continuous(builder, options, builder.values[value].size)
    if ends_in_tanh and head.low and not head.squash:
        builder.note("warning", "the policy ends in Tanh: its actions are clipped to the bounds, "
                                "not scaled; give --squash to scale them")
    return value, head


def _joined(graph: Graph, chosen: Chosen, names: list[str], options: LoadOptions
            ) -> tuple[str, dict[str, str], LoadOptions]:
    """The one output that the action is made of: of several heads, one after another."""
    actions, extra, first = chosen.actions, chosen.extra, chosen.actions[0]
    if len(actions) == 1:
        return first, extra, options
    builder = graph.builder
    told = (chosen.listed or asked(options) == "discrete" or not all(map(unnamed, actions))
            or all(name in graph.choices or name in graph.chosen_from for name in actions))
    producers = {name: op for op in builder.ops for name in op.outputs}
    ends = [producers.get(str(graph.operands[name])) for name in actions]
    # Logits come from a linear layer; what a function made is features or a spread.
    if not told or (not options.action_sizes and all(map(unnamed, actions)) and any(
            isinstance(op, Unary) for op in ends)):
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
    return action_kind(graph.builder, options, _evidence(graph, action, names, ends_in_tanh))


def _evidence(graph: Graph, action: str, names: list[str], ends_in_tanh: bool) -> Evidence:
    value, plain = str(graph.operands[action]), stem(action)
    if roles.marks_choices(plain):
        return Evidence("discrete", f"the output is called {plain}", True)
    if action in graph.chosen_from:
        return Evidence("discrete", "the graph chooses from the output", True)
    if _ends_in_softmax(graph.builder, value):
        return Evidence("discrete", "the graph ends in a softmax", True)
    if graph.told:
        return graph.told
    if plain in roles.MEAN:
        return Evidence("continuous", f"the output is called {plain}", True)
    if any(normalised(name) in roles.DEVIATION for name in names):
        return Evidence("continuous", "there is an output for its spread", True)
    if plain in roles.CONTINUOUS:
        return Evidence(why=f"the output is called {plain}")
    if ends_in_tanh:
        return Evidence(why="the graph ends in Tanh")
    return Evidence()


def _ends_in_softmax(builder: Builder, value: str) -> bool:
    producers = {name: op for op in builder.ops for name in op.outputs}
    while isinstance(op := producers.get(value), Reshape):
        value = op.x
    return isinstance(op, Softmax)
