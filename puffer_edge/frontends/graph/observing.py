# SPDX-License-Identifier: MIT
"""Several inputs of a graph as the parts of one observation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from puffer_edge.frontends.graph.graph import Graph
from puffer_edge.frontends.graph.names import is_identifier
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Field
from puffer_edge.ir.ops import Reshape, Slice
from puffer_edge.readers.text import printable


def bind_parts(graph: Graph, parts: Sequence[tuple[str, tuple[int, ...]]], options: LoadOptions,
               called: str) -> LoadOptions:
    """Declares the observation; several inputs are parts of one, in order.

    Args:
        graph: takes the observation, and binds each input's name.
        parts: name and shape of each input; at least one.
        options: the user's fields win over those of the inputs.
        called: what the format calls its inputs, for the note.

    Returns:
        The options, with a field per part where there are several.
    """
    builder = graph.builder
    if len(parts) == 1:
        ((name, shape),) = parts
        graph.bind(name, builder.input(name, shape))
        return options
    flat, start = builder.input("observation", (1, sum(prod(shape) for _, shape in parts))), 0
    fields = []
    for index, (name, shape) in enumerate(parts):
        size = prod(shape)
        part = builder.add(Slice, x=flat, starts=(0, start), counts=(1, size), steps=(1, 1))
        graph.bind(name, builder.add(Reshape, name=name, x=part, shape=shape))
        fields.append(Field(name if is_identifier(name) else f"obs_{index}",
                            shape[1:] if shape[:1] == (1,) else shape))
        start += size
    builder.note("stated", f"the observation is {called} one after another: "
                           + ", ".join(printable(name) for name, _ in parts))
    return options if options.observation else replace(options, observation=tuple(fields))
