# SPDX-License-Identifier: MIT
"""A node of an ONNX graph in plain Python: what a lowering reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isinf, isnan
from typing import Any

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.graph import node as graph
from puffer_edge.frontends.onnx.tensors import to_numpy
from puffer_edge.readers.text import printable

_UNBOUNDED = frozenset(("min", "max", "value", "value_float", "value_floats"))


@dataclass(frozen=True)
class Node(graph.Node):
    """One op of the file.

    Attributes:
        attributes: int, float, str, tuples of these, or an array.
        opset: version of the operator set, where the meaning of an op depends on it.
    """

    attributes: Mapping[str, Any]
    opset: int

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute or its default."""
        return self.attributes.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        """An attribute that is 0 or 1; other numbers are true to some runtimes, false to others."""
        value = self.attributes.get(name, int(default))
        if value not in (0, 1):
            raise self.refuse(f"{name} = {value}; it is 0 or 1")
        return bool(value)


def read_node(proto: Any, opset: int, where: str) -> Node:
    """The Node of a checked NodeProto.

    Raises:
        UnsupportedError: an attribute is of an unknown kind.
        FileFormatError: an attribute is not finite.
    """
    layer = proto.name or (proto.output[0] if proto.output else "")
    op_type = printable(proto.op_type)
    place = f"{where}, node {printable(layer)}"
    return Node(op_type, layer, tuple(proto.input), tuple(proto.output), place,
                {a.name: _plain(a, place) for a in proto.attribute}, opset)


def _plain(attribute: Any, where: str) -> Any:
    kind = attribute.type
    floats = [attribute.f, *attribute.floats]
    # A clip or a pad may reach to infinity; any other factor that does makes every result NaN.
    if any(isnan(x) or (isinf(x) and attribute.name not in _UNBOUNDED) for x in floats):
        raise FileFormatError(f"attribute {printable(attribute.name)} is not finite", where=where)
    if kind == attribute.FLOAT:
        return float(attribute.f)
    if kind == attribute.INT:
        return int(attribute.i)
    if kind == attribute.STRING:
        return attribute.s.decode("utf-8", "replace")
    if kind == attribute.TENSOR:
        return to_numpy(attribute.t, where)
    if kind == attribute.FLOATS:
        return tuple(float(x) for x in attribute.floats)
    if kind == attribute.INTS:
        return tuple(int(x) for x in attribute.ints)
    if kind == attribute.STRINGS:
        return tuple(s.decode("utf-8", "replace") for s in attribute.strings)
    raise UnsupportedError(f"attribute {printable(attribute.name)} is of an unsupported kind",
                           where=where)
