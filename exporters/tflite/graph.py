# SPDX-License-Identifier: MIT
"""What emitters write to: the tensors of a Program's values, and operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.exporters.scales import Integers
from puffer_edge.exporters.tflite.writer import Model, Operator, Tensor
from puffer_edge.ir import Program

Option = tuple[int, str, Any]


class Graph:
    """A model that grows.

    Attributes:
        program: decomposed, in float32.
        model: what has been written.
        scheme: what linear layers compute with.
        integers: ranges, where that is integers.
        half: keep constants as float16, with an operator that widens them.
    """

    def __init__(self, program: Program, scheme: str = "float32",
                 integers: Integers | None = None) -> None:
        self.program, self.scheme, self.integers = program, scheme, integers
        self.model, self.half = Model(), scheme == "float16"
        self._tensors: dict[str, int] = {}
        self._names: dict[str, str] = {}

    def call(self, value: str, name: str) -> None:
        """Gives a value's tensor a name of the user's."""
        self._names[value] = name

    def tensor(self, value: str) -> int:
        """The tensor of a value of the Program."""
        if value not in self._tensors:
            array = self.program.constants.get(value)
            if array is not None:
                self._tensors[value] = self.weight(array)
            else:
                name = self._names.get(value, "")
                self._tensors[value] = self.fresh(self.shape(value), name=name)
        return self._tensors[value]

    def shape(self, value: str) -> tuple[int, ...]:
        """Shape of a value."""
        return self.program.values[value].shape

    def fresh(self, shape: tuple[int, ...], dtype: str = "float32", name: str = "") -> int:
        """A tensor that will be computed."""
        return self.model.tensor(Tensor(name or self._unnamed(), shape, dtype))

    def constant(self, array: Any) -> int:
        """A constant that stays as it is; whole numbers, as of axes and shapes, become int32."""
        array = np.asarray(array)
        if array.dtype == np.int64:
            array = array.astype(np.int32)
        return self.model.tensor(Tensor(self._unnamed(), array.shape, str(array.dtype), array))

    def weight(self, array: Any) -> int:
        """A constant of float32, or of float16 that is widened when the model is loaded."""
        if not self.half or array.size < 2:
            return self.constant(array)
        return self.operator("DEQUANTIZE", [self.constant(array.astype(np.float16))],
                             array.shape, version=3)

    def operator(self, kind: str, inputs: list[int], output: int | tuple[int, ...],
                 *options: Option, version: int = 1, dtype: str = "float32") -> int:
        """Appends an operator; ``output`` is a tensor, or the shape of a new one."""
        y = output if isinstance(output, int) else self.fresh(output, dtype)
        self.operators(kind, inputs, [y], *options, version=version)
        return y

    def operators(self, kind: str, inputs: list[int], outputs: list[int], *options: Option,
                  version: int = 1) -> None:
        """Appends an operator of any number of outputs."""
        self.model.operators.append(Operator(kind, version, tuple(inputs), tuple(outputs), options))

    def _unnamed(self) -> str:
        return f"tensor_{len(self.model.tensors)}"
