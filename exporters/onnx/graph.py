# SPDX-License-Identifier: MIT
"""Nodes and initialisers of an ONNX graph while they are collected."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Program


class Graph:
    """What emitters write to.

    Attributes:
        program: decomposed, in float32.
        nodes: onnx.NodeProto in execution order.
        half: keep constants as float16, to be cast when the model is loaded.
    """

    def __init__(self, program: Program, half: bool) -> None:
        self.program, self.half = program, half
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._names = {name: f"value_{i}" for i, name in enumerate(program.values)}
        self._constants: set[str] = set()
        self._inner = count()

    def name(self, value: str) -> str:
        """The tensor of a value of the Program; a constant becomes an initialiser."""
        name = self._names[value]
        if value in self.program.constants and name not in self._constants:
            self._constants.add(name)
            array = self.program.constants[value]
            if self.half and array.dtype == np.float32:
                self.node("Cast", [self.constant(array.astype(np.float16))], [name], to=1)
            else:
                self.initializers.append(_tensor(array, name))
        return name

    def call(self, value: str, name: str) -> None:
        """Gives a value's tensor a name of the user's."""
        self._names[value] = name

    def replace(self, constant: str, name: str) -> None:
        """Lets a tensor stand for a constant, which is not stored then."""
        self._names[constant] = name
        self._constants.add(name)

    def shape(self, value: str) -> tuple[int, ...]:
        """Shape of a value."""
        return self.program.values[value].shape

    def constant(self, array: Any) -> str:
        """An initialiser of its own: int64 for axes and shapes, float32 for numbers."""
        name = self.fresh()
        self.initializers.append(_tensor(np.asarray(array), name))
        return name

    def fresh(self) -> str:
        """A name for a tensor that is no value of the Program."""
        return f"inner_{next(self._inner)}"

    def node(self, kind: str, inputs: list[str], outputs: list[str] | None = None,
             **attributes: Any) -> str:
        """Appends a node and returns its first output, a fresh one by default."""
        from onnx import helper

        outputs = outputs or [self.fresh()]
        self.nodes.append(helper.make_node(kind, inputs, outputs,
                                           name=f"{kind}_{len(self.nodes)}", **attributes))
        return outputs[0]


def _tensor(array: Array, name: str) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
