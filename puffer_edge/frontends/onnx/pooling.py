# SPDX-License-Identifier: MIT
"""MaxPool and AveragePool."""

from __future__ import annotations

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph import pooling
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.pooling import Window
from puffer_edge.frontends.onnx.linear import padding
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node


@lowers("MaxPool", "AveragePool")
def pool(graph: Graph, node: Node, x: Operand) -> Operand:
    """Windows over the axes after the channels; padding is never the maximum."""
    rank, sizes = len(graph.shape(x)) - 2, graph.shape(x)[2:]
    kernel = node.get("kernel_shape", ())
    strides = node.get("strides", (1,) * rank)
    dilations = node.get("dilations", (1,) * rank)
    if not len(kernel) == len(strides) == len(dilations) == rank >= 1:
        raise FileFormatError("the attributes of the pooling do not fit", where=node.where)
    pooling.check(node, Window(kernel, strides, dilations, (0,) * (2 * rank)), rank)
    gaps = any(s > (k - 1) * d + 1 for s, k, d in zip(strides, kernel, dilations, strict=True))
    if gaps and node.get("auto_pad", "NOTSET").startswith("SAME"):
        raise node.refuse("auto_pad with strides wider than the window",
                          "runtimes disagree about it; give pads")
    window = Window(kernel, strides, dilations, padding(node, sizes, kernel, strides, dilations),
                    node.flag("ceil_mode"), node.flag("count_include_pad"))
    return pooling.pool(graph, node, x, window, largest=node.op_type == "MaxPool")
