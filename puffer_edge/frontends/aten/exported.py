# SPDX-License-Identifier: MIT
"""An exported program in plain Python: what modules and ``.pt2`` files have in common.

The graph is torch.export's own, undecomposed: linear, lstm_cell, layer_norm and conv2d are one call
each. Nothing here needs torch, so neither does reading a ``.pt2``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from puffer_edge.arrays import Array


@dataclass(frozen=True)
class Ref:
    """An argument that is a tensor (or a size) made earlier."""

    name: str


@dataclass(frozen=True)
class Call:
    """One op.

    Attributes:
        target: ``aten.linear.default``, or ``getitem``.
        arguments: by the names of the op's schema; ``Ref``, numbers, strings, lists of these.
        outputs: names of the results.
        unpacked: the names stand for the single results of an op that has several (or a list);
            else there is one name, for whatever the op gives.
        layer: path of the module that called it; empty for the module at the top.
        place: file and line for messages, where the source has such.
    """

    target: str
    arguments: Mapping[str, Any]
    outputs: tuple[str, ...]
    unpacked: bool
    layer: str
    place: str = ""

    @property
    def op(self) -> str:
        """Name of the op without namespace and overload: ``linear``."""
        parts = self.target.split(".")
        return parts[1] if len(parts) == 3 else self.target

    @property
    def mutates(self) -> bool:
        """Whether the op writes into its first argument (``relu_``, ``copy_``)."""
        return self.op.endswith("_") and not self.op.endswith("__")

    @property
    def refs(self) -> set[str]:
        """Names that it reads."""
        return {ref.name for ref in references(list(self.arguments.values()))}


@dataclass(frozen=True)
class Port:
    """An input tensor that the caller gives.

    Attributes:
        name: of the argument of ``forward``, with its place in a nested one: ``state_0``.
        shape: of the example.
        dtype: numpy's name of it; torch's where numpy has none.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Result:
    """An output tensor.

    Attributes:
        name: in the graph; empty for an output that is no tensor.
        path: keys and indices that lead to it in what ``forward`` returns.
        shape: of the example.
    """

    name: str
    path: tuple[str, ...]
    shape: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """``path`` in one word."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Weight:
    """A parameter, buffer or constant tensor; equal arrays of shared ones are one object."""

    name: str
    array: Array


@dataclass(frozen=True)
class Exported:
    """A graph of calls in order.

    Attributes:
        ports: inputs in the order of ``forward``'s arguments.
        results: outputs in order.
        weights: by name in the graph.
        calls: in order.
        mutated: name of a buffer -> name of its new value, after the step.
        numbers: inputs that are plain numbers.
        dtypes: of all tensors by name.
    """

    ports: tuple[Port, ...]
    results: tuple[Result, ...]
    weights: Mapping[str, Weight]
    calls: tuple[Call, ...]
    mutated: Mapping[str, str]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    dtypes: Mapping[str, str] = field(default_factory=dict)

    def needed(self, names: set[str]) -> Exported:
        """Only the calls that ``names`` need; new values of buffers are needed with the buffer."""
        while True:
            known = set(names)
            for call in reversed(self.calls):
                if not known.isdisjoint(call.outputs):
                    known |= call.refs
            wanted = {new for old, new in self.mutated.items() if old in known}
            if wanted <= names:
                break
            names = names | wanted
        return replace(
            self, calls=tuple(c for c in self.calls if not known.isdisjoint(c.outputs)),
            weights={n: w for n, w in self.weights.items() if n in known},
            mutated={old: new for old, new in self.mutated.items() if old in known},
            ports=tuple(p for p in self.ports if p.name in known))


def references(value: Any) -> list[Ref]:
    """All references in an argument."""
    if isinstance(value, Ref):
        return [value]
    return [r for item in value for r in references(item)] if isinstance(value, list) else []


def substitute(value: Any, change: Callable[[Ref], Any]) -> Any:
    """An argument with every reference replaced."""
    if isinstance(value, Ref):
        return change(value)
    return [substitute(item, change) for item in value] if isinstance(value, list) else value


class Sharing:
    """Makes one array object of what is one tensor, so that tied weights stay shared."""

    def __init__(self) -> None:
        self._arrays: dict[Any, Array] = {}

    def get(self, key: Any, make: Callable[[], Array]) -> Array:
        """The array of a key, made once; float64 is rounded to float32, as all weights are."""
        if key not in self._arrays:
            array = make()
            if array.dtype == np.float64:
                with np.errstate(over="ignore"):  # an overflow is refused as infinite later
                    array = array.astype(np.float32)
            self._arrays[key] = array
        return self._arrays[key]
