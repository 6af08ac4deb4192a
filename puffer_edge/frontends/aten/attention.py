"""Attention: scaled dot products, and torch's layer for one tensor that attends to itself."""

from __future__ import annotations

import math

import numpy as np

from puffer_edge.frontends.aten.linear import linear
from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import linear as products
from puffer_edge.frontends.graph.arithmetic import combine, scaled
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Slice, Softmax, Transpose


@lowers("scaled_dot_product_attention")
def attention(graph: Graph, node: Node, query: Operand, key: Operand, value: Operand,
              attn_mask: Operand | None = None, dropout_p: float = 0, is_causal: bool = False,
              scale: float | None = None) -> Operand:
    """``softmax(query @ key' * scale) @ value``; the scale is 1 / sqrt(width) by default."""
    if is_causal or (attn_mask is not None and not isinstance(attn_mask, str)
                     and attn_mask.dtype == np.bool_):
        raise node.refuse("a causal or boolean mask")
    rank, width = len(graph.shape(key)), graph.shape(query)[-1]
    turned = graph.add(node, Transpose, x=key,
                       permutation=(*range(rank - 2), rank - 1, rank - 2))
    factor = 1 / math.sqrt(width) if scale is None else scale
    scores = scaled(graph, node, products.matmul(graph, node, query, turned), factor)
    if attn_mask is not None:
        scores = combine(graph, node, "add", scores, attn_mask)
    chosen = graph.add(node, Softmax, x=scores, axis=len(graph.shape(scores)) - 1)
    return products.matmul(graph, node, chosen, value)


@lowers("_native_multi_head_attention")
def multi_head(graph: Graph, node: Node, query: Operand, key: Operand, value: Operand,
               embed_dim: int, num_head: int, qkv_weight: Operand, qkv_bias: Operand,
               proj_weight: Operand, proj_bias: Operand, mask: Operand | None = None,
               need_weights: bool = True, average_attn_weights: bool = True,
               mask_type: int | None = None) -> tuple[Operand, ...]:
    """``nn.MultiheadAttention`` of one tensor [1, T, E] with itself."""
    shape = graph.shape(query)
    if key is not query or value is not query or mask is not None or need_weights:
        raise node.refuse("with a mask, with its weights, or between several tensors")
    if len(shape) != 3 or shape[0] != 1 or embed_dim % num_head:
        raise node.refuse(f"of {shape}")
    width, steps = embed_dim // num_head, shape[1]
    x = reshaped(graph, node, query, (steps, embed_dim))
    joined = linear(graph, node, x, qkv_weight, qkv_bias)
    parts = []
    for start in (0, embed_dim, 2 * embed_dim):
        part = graph.add(node, Slice, x=joined, starts=(0, start), counts=(steps, embed_dim),
                         steps=(1, 1))
        part = reshaped(graph, node, part, (steps, num_head, width))
        parts.append(graph.add(node, Transpose, x=part, permutation=(1, 0, 2)))
    mixed = attention(graph, node, parts[0], parts[1], parts[2])
    y = graph.add(node, Transpose, x=mixed, permutation=(1, 0, 2))
    y = linear(graph, node, reshaped(graph, node, y, (steps, embed_dim)), proj_weight, proj_bias)
    return reshaped(graph, node, y, shape), np.zeros(0, np.float32)
