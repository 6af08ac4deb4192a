# SPDX-License-Identifier: MIT
"""Ops and constants that replace others, while they are collected."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Activation, Op, Program, Value
from puffer_edge.ir.ops import Binary, Gemm, Split, Unary


class Draft:
    """What a Program becomes: ``ops`` and ``constants``; names never collide with the old ones."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.ops: list[Op] = []
        self.constants = dict(program.constants)
        self.shapes = {name: value.shape for name, value in program.values.items()}
        self.layer = ""
        self._names = set(program.values)

    def fresh(self, stem: str) -> str:
        """A name that nothing has."""
        name, count = stem, 1
        while name in self._names:
            count += 1
            name = f"{stem}_{count}"
        self._names.add(name)
        return name

    def constant(self, array: Any, stem: str = "constant") -> str:
        """New data, as float32."""
        name = self.fresh(stem)
        self.constants[name] = np.asarray(array, np.float32)
        self.shapes[name] = self.constants[name].shape
        return name

    def add(self, kind: type[Op], y: str = "", **fields: Any) -> str:
        """Appends an op with the one output ``y``, a new value by default."""
        name = y or self.fresh(kind.__name__.lower())
        self.append(kind(y=name, layer=self.layer, **fields))  # type: ignore[call-arg]
        return name

    def append(self, op: Op) -> None:
        """Appends an op as it is."""
        found = op.infer([Value(name, self.shapes[name]) if name else None for name in op.inputs])
        self.shapes.update(zip(op.outputs, found, strict=True))
        self.ops.append(op)

    def binary(self, function: str, a: str, b: str | float | Array, y: str = "") -> str:
        """``a function b``; a number becomes a constant."""
        other = b if isinstance(b, str) else self.constant(b)
        return self.add(Binary, y, a=a, b=other, function=function)

    def unary(self, function: str, x: str, y: str = "", parameters: tuple[float, ...] = ()) -> str:
        """``function(x)``."""
        return self.add(Unary, y, x=x, function=Activation(function, parameters))

    def linear(self, x: str, weight: str, bias: str = "", y: str = "") -> str:
        """``weight @ x + bias``."""
        return self.add(Gemm, y, x=x, weight=weight, bias=bias)

    def split(self, x: str, count: int) -> list[str]:
        """Equal parts along the last axis."""
        shape = self.shapes[x]
        names = tuple(self.fresh("part") for _ in range(count))
        self.append(Split(x=x, ys=names, sizes=(shape[-1] // count,) * count,
                          axis=len(shape) - 1, layer=self.layer))
        return list(names)
