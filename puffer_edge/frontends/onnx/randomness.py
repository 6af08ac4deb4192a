# SPDX-License-Identifier: MIT
"""Random numbers: the deterministic action is taken, which is an assumption."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.reduction import leave_to_contract
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node

MEAN, GREEDY = "random-mean", "random-greedy"


@lowers("RandomNormalLike")
def normal_like(graph: Graph, node: Node, x: Operand) -> Operand:
    """The mean, in the shape of ``x``."""
    return _mean(graph, node, graph.shape(x))


@lowers("RandomNormal")
def normal(graph: Graph, node: Node) -> Operand:
    """The mean, in the shape that the attribute says."""
    shape = node.get("shape", ())
    if any(n < 0 for n in shape):
        raise FileFormatError(f"shape {shape} is negative", where=node.where)
    return _mean(graph, node, shape)


@lowers("Multinomial")
def multinomial(graph: Graph, node: Node, logits: Operand) -> Operand:
    """One draw: the most likely choice."""
    if node.get("sample_size", 1) != 1 or not isinstance(logits, str):
        raise node.refuse(f"{node.get('sample_size', 1)} draws", "export the policy's logits")
    graph.builder.assume(
        GREEDY, "the graph draws its action at random; the artefact takes the most likely one")
    return leave_to_contract(graph, node, logits, len(graph.shape(logits)) - 1)


def _mean(graph: Graph, node: Node, shape: tuple[int, ...]) -> Operand:
    graph.spend(node, prod(shape))
    if not any(note.code == MEAN for note in graph.builder.notes):
        graph.builder.assume(
            MEAN, "the graph adds normal random numbers; the artefact takes their mean, which "
            "gives the deterministic action")
    return np.full(shape, node.get("mean", 0.0), np.float32)
