# SPDX-License-Identifier: MIT
"""Attention: scaled dot products, and torch's layer for one tensor that attends to itself."""

from __future__ import annotations

import math
from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.aten.linear import linear
from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.aten.normalization import layer_norm
from puffer_edge.frontends.graph import linear as products
from puffer_edge.frontends.graph.arithmetic import FORBIDDEN, combine, scaled
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.reduction import reduced
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Slice, Softmax, Transpose


@lowers("scaled_dot_product_attention")
def attention(graph: Graph, node: Node, query: Operand, key: Operand, value: Operand,
              attn_mask: Operand | None = None, dropout_p: float = 0, is_causal: bool = False,
              scale: float | None = None) -> Operand:
    """``softmax(query @ key' * scale + mask) @ value``; the scale is 1 / sqrt(width) by default.

    A boolean mask is True for what is attended to. A row with nothing of it gives zeros, as torch
    has it since 2.5.
    """
    if dropout_p:
        raise node.refuse(f"dropout_p = {dropout_p}", "it is 0 once training is over")
    if is_causal:
        attn_mask = np.tri(graph.shape(query)[-2], graph.shape(key)[-2], dtype=np.bool_)
    rank, width = len(graph.shape(key)), graph.shape(query)[-1]
    turned = graph.add(node, Transpose, x=key,
                       permutation=(*range(rank - 2), rank - 1, rank - 2))
    factor = 1 / math.sqrt(width) if scale is None else scale
    scores = scaled(graph, node, products.matmul(graph, node, query, turned), factor)
    left: Operand | None = None
    if isinstance(attn_mask, str) and attn_mask in graph.flags:
        left = attn_mask
        scores = combine(graph, node, "add", scores, _added_where(graph, node, attn_mask))
    elif attn_mask is not None:
        mask = attn_mask if isinstance(attn_mask, str) else _added(node, attn_mask)
        scores = combine(graph, node, "add", scores, mask)
    last = len(graph.shape(scores)) - 1
    chosen = graph.add(node, Softmax, x=scores, axis=last)
    if left is not None:
        axis = len(graph.shape(left)) - 1
        some = reduced(graph, node, left, "max", (axis,), keep=True)
        chosen = combine(graph, node, "mul", chosen, some)
    return products.matmul(graph, node, chosen, value)


@lowers("_native_multi_head_attention")
def multi_head(graph: Graph, node: Node, query: Operand, key: Operand, value: Operand,
               embed_dim: int, num_head: int, qkv_weight: Operand, qkv_bias: Operand,
               proj_weight: Operand, proj_bias: Operand, mask: Operand | None = None,
               need_weights: bool = True, mask_type: int | None = None) -> tuple[Operand, ...]:
    """``nn.MultiheadAttention`` of one tensor [1, T, E] with itself."""
    shape = graph.shape(query)
    if key is not query or value is not query or need_weights:
        raise node.refuse("with its weights, or between several tensors")
    if mask is not None and mask_type not in (0, 1, 2):
        raise node.refuse(f"mask_type = {mask_type}")
    if isinstance(mask, str):
        if mask in graph.flags:  # True for what is left out
            mask = scaled(graph, node, mask, FORBIDDEN)
            graph.builder.note("stated", "a mask of the observation leaves each row of attention "
                               "something to attend to; torch gives NaN for one that does not")
        size = graph.shape(mask)
        mask = reshaped(graph, node, mask, (
            prod(size[:-1]) if mask_type == 1 else prod(size[:-2]),
            *((1,) if mask_type == 1 else size[-2:-1]), size[-1]))
    elif mask is not None:
        if mask.dtype == np.bool_:  # True for what is left out
            mask = np.where(mask, np.float32(-np.inf), np.float32(0))
        # 0: [T, T] or one per head; 1: [1, T] of keys; 2: both together, [1, heads, T, T].
        mask = mask.reshape(-1, *((1,) if mask_type == 1 else mask.shape[-2:-1]), mask.shape[-1])
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
    mixed = attention(graph, node, parts[0], parts[1], parts[2], mask)
    y = graph.add(node, Transpose, x=mixed, permutation=(1, 0, 2))
    y = linear(graph, node, reshaped(graph, node, y, (steps, embed_dim)), proj_weight, proj_bias)
    return reshaped(graph, node, y, shape), np.zeros(0, np.float32)


@lowers("_transformer_encoder_layer_fwd")
def encoder_layer(graph: Graph, node: Node, src: Operand, embed_dim: int, num_heads: int,
                  qkv_weight: Operand, qkv_bias: Operand, proj_weight: Operand,
                  proj_bias: Operand, use_gelu: bool, norm_first: bool, eps: float,
                  norm_weight_1: Operand, norm_bias_1: Operand, norm_weight_2: Operand,
                  norm_bias_2: Operand, ffn_weight_1: Operand, ffn_bias_1: Operand,
                  ffn_weight_2: Operand, ffn_bias_2: Operand, mask: Operand | None = None,
                  mask_type: int | None = None) -> Operand:
    """``nn.TransformerEncoderLayer``: attention and two linear layers, each added to its input."""

    def attended(x: Operand) -> Operand:
        return multi_head(graph, node, x, x, x, embed_dim, num_heads, qkv_weight, qkv_bias,
                          proj_weight, proj_bias, mask, False, mask_type)[0]

    def fed(x: Operand) -> Operand:
        inner = linear(graph, node, x, ffn_weight_1, ffn_bias_1)
        inner = apply(graph, node, inner, "gelu" if use_gelu else "relu")
        return linear(graph, node, inner, ffn_weight_2, ffn_bias_2)

    norms = [(norm_weight_1, norm_bias_1), (norm_weight_2, norm_bias_2)]
    x = src
    for part, norm in zip((attended, fed), norms, strict=True):
        if norm_first:
            y = layer_norm(graph, node, x, (embed_dim,), *norm, eps)
            x = combine(graph, node, "add", x, part(y))
        else:
            x = layer_norm(graph, node, combine(graph, node, "add", x, part(x)), (embed_dim,),
                           *norm, eps)
    return x


def _added_where(graph: Graph, node: Node, kept: str) -> Operand:
    """Numbers that are added to the scores: 0 where a computed mask is 1, else -3.4e38."""
    return scaled(graph, node, combine(graph, node, "sub", number(1), kept), FORBIDDEN)


def _added(node: Node, mask: Array) -> Array:
    """A constant mask as numbers that are added to the scores.

    Raises:
        UnsupportedError: a row may attend to nothing, which gives NaN or zeros, as torch's version
            wants.
    """
    left_out = ~mask if mask.dtype == np.bool_ else mask <= FORBIDDEN
    if left_out.all(axis=-1).any():
        raise node.refuse("a mask that leaves a row nothing to attend to")
    return np.where(left_out, FORBIDDEN, 0 if mask.dtype == np.bool_ else mask).astype(np.float32)
