# SPDX-License-Identifier: MIT
"""Normalisations and softmax."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import normalization, ranking, reduction
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.ir.ops import LayerNormalization, Softmax


@lowers("layer_norm", "native_layer_norm")
def layer_norm(graph: Graph, node: Node, x: Operand, normalized_shape: Sequence[int],
               weight: Operand | None = None, bias: Operand | None = None, eps: float = 1e-5
               ) -> Any:
    """Over the last axes."""
    inner = tuple(normalized_shape)
    scale = np.ones(inner, np.float32) if weight is None else weight
    fields = {} if bias is None else {"bias": bias}
    y = graph.add(node, LayerNormalization, x=x, scale=scale, **fields,
                  axis=len(graph.shape(x)) - len(inner), epsilon=float(eps))
    return (y, None, None) if "native" in node.op_type else y


@lowers("batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm")
def batch_norm(graph: Graph, node: Node, x: Operand, weight: Operand | None = None,
               bias: Operand | None = None, running_mean: Operand | None = None,
               running_var: Operand | None = None, training: bool = False, *, eps: float) -> Any:
    """A scale and a shift per channel, computed in float64."""
    if training or running_mean is None or running_var is None:
        raise node.refuse("statistics of the batch", "policy.eval(), track_running_stats=True")
    channels = graph.shape(running_mean)
    gamma = np.ones(channels, np.float32) if weight is None else weight
    beta = np.zeros(channels, np.float32) if bias is None else bias
    y = normalization.batch_normalization(graph, node, x, gamma, beta, running_mean, running_var,
                                          eps)
    return (y, None, None) if "native" in node.op_type else y


@lowers("group_norm")
def group_norm(graph: Graph, node: Node, x: Operand, num_groups: int,
               weight: Operand | None = None, bias: Operand | None = None, eps: float = 1e-5
               ) -> Operand:
    """Mean and variance of each group of channels."""
    channels = graph.shape(x)[1:2]
    gamma = np.ones(channels, np.float32) if weight is None else weight
    beta = np.zeros(channels, np.float32) if bias is None else bias
    shape = graph.shape(x)
    if len(shape) == 2:  # channels of one element
        x = reshaped(graph, node, x, (*shape, 1))
    y = normalization.group_normalization(graph, node, x, gamma, beta, num_groups, eps)
    return reshaped(graph, node, y, shape)


@lowers("rms_norm")
def rms_norm(graph: Graph, node: Node, x: Operand, normalized_shape: Sequence[int],
             weight: Operand | None = None, eps: float | None = None) -> Operand:
    """``x / sqrt(mean(x * x) + eps) * weight``; the epsilon of float32 by default."""
    inner = tuple(normalized_shape)
    scale = np.ones(inner, np.float32) if weight is None else weight
    return normalization.rms_normalization(
        graph, node, x, scale, len(graph.shape(x)) - len(inner),
        float(np.finfo(np.float32).eps if eps is None else eps))


@lowers("softmax", "_softmax")
def softmax(graph: Graph, node: Node, x: Operand, dim: int, dtype: str | None = None) -> Operand:
    """Over one axis."""
    return graph.add(node, Softmax, x=x, axis=axis_of(node, dim, len(graph.shape(x))))


@lowers("log_softmax", "_log_softmax")
def log_softmax(graph: Graph, node: Node, x: Operand, dim: int, dtype: str | None = None
                ) -> Operand:
    """Left out at the end of a discrete head: the greatest logit stays the greatest."""
    axis = axis_of(node, dim, len(graph.shape(x)))
    return reduction.log_softmax(graph, node, x, (axis,))


@lowers("argmax", "argmin", after_choice=True)
def argmax(graph: Graph, node: Node, x: Operand, dim: int | None = None, keepdim: bool = False
           ) -> Operand:
    """At the end of a discrete head the contract chooses from the logits itself; else an index."""
    if node.outputs[0] in graph.choices:
        raise node.refuse("a decision over decisions")
    shape = graph.shape(x)
    if not isinstance(x, str):
        largest = "argmax" in node.op_type
        host = np.argmax if largest else np.argmin
        return np.asarray(host(x, axis=dim, keepdims=keepdim and dim is not None))
    flat = reshaped(graph, node, x, (1, prod(shape))) if dim is None else x
    axis = 1 if dim is None else axis_of(node, dim, len(shape))

    def index() -> Operand:
        largest = "argmax" in node.op_type
        found = ranking.first_of(graph, node, flat, axis, largest=largest)
        kept = tuple(1 if a == axis else n for a, n in enumerate(shape)) if dim is not None else (
            1,) * len(shape)
        gone = () if dim is None else (*shape[:axis], *shape[axis + 1 :])
        return reshaped(graph, node, found, kept if keepdim else gone)

    if "argmin" in node.op_type:
        return index()
    return reduction.arg_max(graph, node, flat, axis, index)
