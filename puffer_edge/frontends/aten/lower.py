# SPDX-License-Identifier: MIT
"""The walk over the calls of a graph: each is looked up by its op and lowered."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, TypeAlias, TypeVar

import numpy as np

from puffer_edge.errors import FileFormatError, ProgramError, UnsupportedError
from puffer_edge.frontends.aten.exported import Call, Exported, Ref, substitute
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.readers.text import printable

Lowering: TypeAlias = Callable[..., Any]
Lowers = TypeVar("Lowers", bound=Lowering)

LOWERINGS: dict[str, Lowering] = {}
"""Op (``linear``) -> function(graph, node, **arguments): operands for tensors, Python numbers and
lists for the rest, by the names of the op's schema, with ``x`` for ``self`` and ``input``."""

MOVING: set[str] = set()
"""Ops that only move data: integers may pass."""

AFTER_CHOICE: set[str] = set()
"""Ops that may follow an argmax."""

_RENAMED = {"self": "x", "input": "x"}
_IGNORED = frozenset((
    "allow_tf32", "average_attn_weights", "benchmark", "copy", "cudnn_enable", "cudnn_enabled",
    "deterministic", "device", "half_to_float", "implicit", "layout", "memory_format", "momentum",
    "non_blocking", "output_padding", "padding_idx", "pin_memory", "requires_grad",
    "scale_grad_by_freq", "sparse", "sparse_grad"))
_CHOOSING = frozenset(("argmax", "argmin", "argsort", "kthvalue", "max", "median", "min", "sort",
                       "topk"))
"""Of their results, the positions are integers."""
_CONVERTING = frozenset(("_to_copy", "to", "type_as"))
_KEEPING = frozenset((
    "_unsafe_index", "_unsafe_index_put", "abs", "amax", "amin", "clamp", "clamp_max", "clamp_min",
    "clip", "copy", "fill", "fmax", "fmin", "full_like", "index_copy", "index_fill", "index_put",
    "masked_fill", "max", "maximum", "min", "minimum", "neg", "ones_like", "relu", "scatter",
    "select_scatter", "sign", "slice_scatter", "where", "zeros_like"))
"""Ops that give no number which is not there already, but for its sign: integers stay exact."""
_EXACT_INTEGERS = ("int32", "int64")
_PUTTING = frozenset(("fill", "full_like", "index_fill", "masked_fill", "new_full", "scatter"))
"""Ops whose result has the type of the tensor, whatever number is put into it."""
_UNBOUNDED = frozenset(("fill_value", "max", "max_val", "min", "min_val", "ord", "other", "p",
                        "value"))
RANDOM = frozenset(("bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randn",
                     "randn_like", "uniform"))


def lowers(*ops: str, moving: bool = False, after_choice: bool = False
           ) -> Callable[[Lowers], Lowers]:
    """Decorator that puts a lowering into :data:`LOWERINGS`."""

    def register(function: Lowers) -> Lowers:
        LOWERINGS.update(dict.fromkeys(ops, function))
        MOVING.update(ops if moving else ())
        AFTER_CHOICE.update(ops if after_choice else ())
        return function

    return register


def unknown(exported: Exported) -> list[Call]:
    """The calls that no lowering is known for."""
    return [call for call in exported.calls if call.op not in LOWERINGS]


def lower_graph(exported: Exported, graph: Graph) -> None:
    """Lowers all calls; the inputs and weights of the graph must be bound.

    Raises:
        UnsupportedError: an op, or a use of it, cannot be lowered.
        FileFormatError: the arguments of an op do not fit.
    """
    known: dict[str, Any] = dict(exported.numbers)
    for call in exported.calls:
        lower_call(call, graph, known, exported.dtypes)


def lower_call(call: Call, graph: Graph, known: dict[str, Any], dtypes: Mapping[str, str]) -> None:
    """Lowers one call.

    Args:
        call: all that it reads is bound in the graph, or in ``known``.
        graph: gets its results that are tensors.
        known: gets the other ones.
        dtypes: of tensors by name.

    Raises:
        UnsupportedError: the op, or this use of it, cannot be lowered.
        FileFormatError: the arguments do not fit.
    """
    place = call.place or (
        f"{graph.where}, {printable(call.layer)}" if call.layer else graph.where)
    node = Node(printable(call.target), call.layer or call.outputs[0], (), call.outputs, place)
    lowering = LOWERINGS.get(call.op)
    if call.op in RANDOM:
        raise node.refuse("random numbers", "give a policy whose forward returns the logits "
                                            "or the mean")
    if lowering is None:
        raise node.refuse("the op is not supported", "wrap the policy so that forward does "
                          "without it; ARCHITECTURE.md says how to add an op")
    _decide(graph, call, node)
    _check_kinds(dtypes, graph, call, node)
    call = _as_integers(dtypes, call, node)
    graph.flags = {str(graph.operands[name]) for name in call.refs
                   if dtypes.get(name) == "bool" and name in graph.operands}
    results = _run(lowering, call, node, graph, known)
    if not call.unpacked:
        results = (results,)
    graph.count(results, node)
    for name, result in zip(call.outputs, results, strict=False):
        if isinstance(result, str | np.ndarray):
            graph.bind(name, result)
        elif result is not None:
            known[name] = result  # a size, or the results of an op that has several


def _run(lowering: Lowering, call: Call, node: Node, graph: Graph, known: dict[str, Any]) -> Any:
    try:
        return lowering(graph, node, **_arguments(call, lowering, node, graph, known))
    except ProgramError as error:  # infer() of an op: the arguments are wrong
        raise FileFormatError(f"{node.op_type}: {printable(error.what, 300)}",
                              where=node.where) from None
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise FileFormatError(f"{node.op_type}: its arguments do not fit: "
                              f"{printable(str(error), 200)}", where=node.where) from error


def _decide(graph: Graph, call: Call, node: Node) -> None:
    """Makes indices of the decisions that a call reads, where it computes with them.

    A decision stands for its logits, from which the contract chooses at the end; what moves it only
    is remembered, and done again with the index.
    """
    chosen = [name for name in call.refs if name in graph.choices]
    if not chosen:
        return
    if call.op in AFTER_CHOICE:
        graph.deciding[call.outputs[0]] = lambda: _again(graph, call, node)
        return
    for name in chosen:
        if name in graph.deciding:
            graph.deciding.pop(name)()


def _again(graph: Graph, call: Call, node: Node) -> None:
    for name in call.refs:
        if name in graph.deciding:
            graph.deciding.pop(name)()
    graph.choices.pop(call.outputs[0], None)
    if not any(name in graph.choices for name in call.refs):
        graph.bind(call.outputs[0], _run(LOWERINGS[call.op], call, node, graph, {}))


def _check_kinds(dtypes: Mapping[str, str], graph: Graph, call: Call, node: Node) -> None:
    """Refuses what reads a decision, and arithmetic whose result is of integers.

    Integers and booleans of the observation are float32 here, which only what moves or compares
    them cannot tell.
    """
    chosen = [name for name in call.refs if name in graph.choices]
    if chosen:
        if call.op not in AFTER_CHOICE:
            raise node.refuse("it reads the result of an argmax or log_softmax",
                              "these are supported only at the end of a discrete policy")
        if len(chosen) == len(call.refs):
            heads = [graph.choices[ref.name] for value in call.arguments.values()
                     for ref in (value if isinstance(value, list) else [value])
                     if isinstance(ref, Ref)]
            graph.choices[call.outputs[0]] = tuple(n for sizes in heads for n in sizes)
        return
    computed = [name for name in call.refs if isinstance(graph.operands.get(name), str)]
    kinds = {dtypes[name] for name in call.outputs if name in dtypes}
    if not computed or call.op in _CHOOSING or all(map(_fractional, kinds)):
        return
    given = {dtypes.get(name, "") for name in call.refs}
    if call.op in _CONVERTING and any(_fractional(dtypes.get(n, "")) for n in computed):
        if not kinds <= {"bool", *_EXACT_INTEGERS}:
            raise node.refuse(f"a conversion to {', '.join(sorted(kinds))}", "leave it out")
        return
    counted = call.op == "sum" and given == {"bool"}
    joined = call.op in ("add", "mul") and kinds == given == {"bool"}
    if not (counted or joined) and call.op not in MOVING | _KEEPING:
        raise node.refuse("arithmetic on integers", "convert them with .float() first; a buffer "
                          "that counts steps can be one of floats")


def _as_integers(dtypes: Mapping[str, str], call: Call, node: Node) -> Call:
    """A number that is put among integers or booleans becomes one of them, as in torch."""
    kinds = {dtypes[name] for name in call.outputs if name in dtypes}
    if call.op not in _PUTTING or not kinds or any(map(_fractional, kinds)):
        return call
    arguments = dict(call.arguments)
    for name in ("fill_value", "value"):
        given = arguments.get(name)
        if isinstance(given, Ref) and _fractional(dtypes.get(given.name, "")):
            raise node.refuse("a number with a fraction among integers", "convert it first")
        if isinstance(given, int | float):
            if kinds != {"bool"} and not isfinite(given):
                raise node.refuse(f"{given} among integers")
            arguments[name] = bool(given) if kinds == {"bool"} else int(given)
    return replace(call, arguments=arguments)


def _fractional(dtype: str) -> bool:
    return dtype.startswith(("float", "bfloat"))


def _arguments(call: Call, lowering: Lowering, node: Node, graph: Graph, known: dict[str, Any]
               ) -> dict[str, Any]:
    def value(ref: Ref) -> Any:
        if ref.name in graph.operands:
            return graph.operands[ref.name]
        if ref.name in known:
            return known[ref.name]
        raise node.refuse(f"its input {printable(ref.name)} is an output that is not supported")

    accepted = inspect.signature(lowering).parameters
    arguments = {}
    for name, argument in call.arguments.items():
        name = _RENAMED.get(name, name)
        if isinstance(argument, float) and not isfinite(argument) and name not in _UNBOUNDED:
            raise node.refuse(f"its argument {printable(name)} is {argument}")
        if name in accepted:
            arguments[name] = substitute(argument, value)
        elif name not in _IGNORED and argument not in (None, False):
            raise node.refuse(f"its argument {printable(name)} = {printable(str(argument))}")
    return arguments


def operand(value: Any) -> Operand:
    """An argument that may be a tensor or a number, as an operand."""
    if isinstance(value, str | np.ndarray):
        return value
    if isinstance(value, bool | int | float):
        return np.full((), value, np.float32)
    raise UnsupportedError(f"{type(value).__name__} in place of a tensor")


def alike(values: Sequence[Operand]) -> list[Operand]:
    """Operands of one op: constant integers and booleans are floats beside what is computed."""
    if not any(isinstance(value, str) for value in values):
        return list(values)
    return [value if isinstance(value, str) or value.dtype.kind == "f"
            else value.astype(np.float32) for value in values]
