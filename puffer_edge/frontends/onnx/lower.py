# SPDX-License-Identifier: MIT
"""The walk over the nodes of a graph: each is looked up by its op_type and lowered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isinf
from typing import Any

from puffer_edge.errors import FileFormatError, ProgramError, UnsupportedError
from puffer_edge.frontends.graph.graph import MAX_RANK, Graph, Operand
from puffer_edge.frontends.onnx import (  # noqa: F401  (each registers its lowerings)
    activation,
    arithmetic,
    categories,
    comparison,
    constants,
    einsum,
    kinds,
    linear,
    moving,
    normalization,
    pooling,
    quantized,
    randomness,
    recurrent,
    reduction,
    scatter,
    shape,
    top_k,
)
from puffer_edge.frontends.onnx.lowerings import ARITY, LOWERINGS
from puffer_edge.frontends.onnx.node import Node, read_node
from puffer_edge.frontends.onnx.tensors import to_numpy
from puffer_edge.readers.text import printable

_RANDOM = frozenset(("Bernoulli", "RandomUniform", "RandomUniformLike"))


def lower_graph(proto: Any, graph: Graph, opset: int, outputs: Sequence[str]) -> None:
    """Lowers what ``outputs`` need; the graph's inputs must be bound.

    Args:
        proto: a checked GraphProto.
        graph: takes the operands.
        opset: version of the operator set.
        outputs: ONNX names of values.

    Raises:
        UnsupportedError: an op, or a use of it, cannot be lowered.
        FileFormatError: a tensor or an attribute does not fit.
    """
    needed = needed_names(proto, outputs)
    for tensor in proto.initializer:
        if tensor.name in needed and tensor.name not in graph.operands:
            graph.bind(tensor.name, to_numpy(tensor, graph.where))
            graph.weights.add(tensor.name)
    for node_proto in proto.node:
        if needed.isdisjoint(node_proto.output):
            continue
        if node_proto.op_type == "If":
            _lower_branch(graph, node_proto, opset)
            continue
        node = read_node(node_proto, opset, graph.where)
        try:
            results = _lower(graph, node)
        except ProgramError as error:  # infer() of an op: here it is the file that is wrong
            raise FileFormatError(f"{node.op_type}: {printable(error.what, 300)}",
                                  where=node.where) from None
        for name, operand in zip(node.outputs, results, strict=False):
            if name and not _absent(operand):
                graph.bind(name, operand)
    for name in outputs:
        if name not in graph.operands:
            raise UnsupportedError(f"output {printable(name)} is one that is not supported",
                                   where=graph.where)


def needed_names(proto: Any, outputs: Iterable[str]) -> set[str]:
    """Every name that the outputs depend on, theirs included."""
    needed = set(outputs)
    for node in reversed(proto.node):
        if not needed.isdisjoint(node.output):
            needed.update(name for name in node.input if name)
            for attribute in node.attribute:
                if attribute.HasField("g"):  # what a branch takes from outside
                    needed |= needed_names(attribute.g, (o.name for o in attribute.g.output))
    return needed


def _lower_branch(graph: Graph, proto: Any, opset: int) -> None:
    """Lowers the branch of an If whose condition is constant, as that of a shape is."""
    branches = {a.name: a.g for a in proto.attribute if a.HasField("g")}
    node = Node("If", proto.name or proto.output[0], tuple(proto.input), tuple(proto.output),
                f"{graph.where}, node {printable(proto.name or proto.output[0])}", {}, opset)
    condition = graph.array(graph.operands.get(node.inputs[0]), node, "the condition")
    if condition.size != 1:
        raise node.refuse(f"a condition of the shape {condition.shape}")
    branch = branches.get("then_branch" if condition.reshape(()) else "else_branch")
    if branch is None or len(branch.output) != len(node.outputs):
        raise FileFormatError("a branch is missing or has other outputs", where=node.where)
    results = [port.name for port in branch.output]
    lower_graph(branch, graph, opset, results)
    for name, result in zip(node.outputs, results, strict=True):
        graph.bind(name, graph.operands[result])
        for marks in (graph.integers, graph.masks):
            if result in marks:
                marks.add(name)
        if result in graph.choices:
            graph.choices[name] = graph.choices[result]


def _lower(graph: Graph, node: Node) -> Sequence[Operand]:
    lowering = LOWERINGS.get(node.op_type)
    if node.op_type in _RANDOM:
        raise node.refuse("random numbers", "export the deterministic policy: logits or the mean")
    if lowering is None:
        raise node.refuse("the op is not supported",
                          f"supported are {', '.join(sorted(LOWERINGS))}")
    for name in node.inputs:
        if name and name not in graph.operands:
            raise node.refuse(f"its input {printable(name)} is an output that is not supported")
    operands = [graph.operands[name] if name else None for name in node.inputs]
    if any(name in graph.choices for name in node.inputs):
        mixed = node.op_type == "Concat" and not graph.choices.keys() >= set(node.inputs)
        if kinds.passes_choice(node) and not mixed:
            graph.deciding[node.outputs[0]] = lambda: _decided(graph, node)
            return (kinds.after_choice(graph, node),)
        kinds.decide(graph, node)
        if any(name in graph.choices for name in node.inputs):
            return (kinds.after_choice(graph, node),)
        operands = [graph.operands[name] if name else None for name in node.inputs]
    operands = kinds.follow(graph, node, operands)
    fewest, most = ARITY[node.op_type]
    if not fewest <= len(operands) <= most or any(
            x is None for x in (operands if isinf(most) else operands[:fewest])):
        raise node.refuse(f"{len(operands)} inputs")
    results = lowering(graph, node, *operands)
    results = results if isinstance(results, tuple) else (results,)
    if any(len(graph.shape(x)) > MAX_RANK for x in results if not _absent(x)):
        raise node.refuse(f"a tensor of more than {MAX_RANK} dimensions")
    graph.count(results, node)
    return results


def _decided(graph: Graph, node: Node) -> None:
    """Does once more what was done with a decision, now with its index."""
    kinds.decide(graph, node)
    graph.choices.pop(node.outputs[0], None)
    (result,) = _lower(graph, node)
    graph.bind(node.outputs[0], result)


def _absent(operand: Operand) -> bool:
    """Whether a lowering left an output out."""
    return isinstance(operand, str) and not operand
