# SPDX-License-Identifier: MIT
"""What the exporter of Unity ML-Agents writes beside the action: constants and names.

Versions 1.x have one output ``action`` with the constants ``is_continuous_control`` (0 or 1) and
``action_output_shape`` (the sizes of the branches); of choices, it is the log-probabilities of all
branches one after another. Versions 2.x have an output for each kind of action, random and, from
2.1 on, deterministic; a policy may have both kinds.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from puffer_edge.frontends.onnx.tensors import to_numpy
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Builder


def with_constants(graph: Any, options: LoadOptions, builder: Builder, where: str) -> LoadOptions:
    """The options, where a file of version 1.x says what they would.

    Args:
        graph: a checked GraphProto.
        options: the user's, which win.
        builder: is told.
        where: the file, for messages.
    """
    continuous = _constant(graph, "is_continuous_control", where)
    shape = _constant(graph, "action_output_shape", where)
    if continuous is None or shape is None or options.action or options.action_sizes:
        return options
    if continuous.reshape(-1)[:1].any():
        return replace(options, action="continuous")
    sizes = tuple(int(size) for size in shape.reshape(-1))
    if not sizes or min(sizes) < 1:
        return options
    if len(sizes) == 1:  # some versions tell the sum
        sizes = _branches(graph, sizes[0], where)
    builder.note("stated", "the action is discrete, of "
                           f"{' x '.join(map(str, sizes))} choices: the file says so "
                           "(is_continuous_control, action_output_shape)")
    return replace(options, action="discrete", action_sizes=sizes if len(sizes) > 1 else ())


def _branches(graph: Any, total: int, where: str) -> tuple[int, ...]:
    """Sizes of the branches, as the graph cuts its masks; one of all where it does not."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    ends = []
    for node in graph.node:
        if node.op_type == "Slice" and node.input[0] == "action_masks" and len(node.input) > 2:
            bounds = [tensors.get(name) for name in node.input[1:3]]
            if None not in bounds:
                ends.append(tuple(int(to_numpy(t, where).reshape(-1)[-1]) for t in bounds))
    cuts = sorted(set(ends))
    tiles = bool(cuts) and cuts[0][0] == 0 and cuts[-1][1] == total and all(
        a[1] == b[0] for a, b in pairwise(cuts))
    return tuple(end - start for start, end in cuts) if tiles else (total,)


def _constant(graph: Any, name: str, where: str) -> np.ndarray[Any, Any] | None:
    """A constant output; None where there is none of the name, or it is computed."""
    if name not in {output.name for output in graph.output}:
        return None
    for _ in range(len(graph.node) + 1):
        tensor = next((t for t in graph.initializer if t.name == name), None)
        if tensor is not None:
            return to_numpy(tensor, where)
        node = next((n for n in graph.node if name in n.output), None)
        if node is None or node.op_type not in ("Constant", "Identity", "Cast"):
            return None
        if node.op_type == "Constant":
            value = next((a.t for a in node.attribute if a.name == "value"), None)
            return None if value is None else to_numpy(value, where)
        name = node.input[0]
    return None
