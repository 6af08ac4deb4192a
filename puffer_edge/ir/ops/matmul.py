# SPDX-License-Identifier: MIT
"""MatMul: the product of two computed tensors; with a constant weight it is a Gemm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class MatMul(Op):
    """``y[..., m, n] = sum over k of a[..., m, k] * b[..., k, n]``, batch dimensions equal.

    Attributes:
        a: [..., M, K].
        b: [..., K, N].
        y: [..., M, N].
    """

    a: str
    b: str
    y: str

    INPUTS: ClassVar = ("a", "b")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Batch dimensions must be equal: front ends expand before."""
        a, b = inputs
        assert a is not None and b is not None
        fits = (len(a.shape) == len(b.shape) >= 2 and a.shape[:-2] == b.shape[:-2]
                and a.shape[-1] == b.shape[-2])
        if not fits:
            raise ProgramError(f"{a.shape} and {b.shape} cannot be multiplied", where=self.layer)
        return ((*a.shape[:-1], b.shape[-1]),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The sum runs over k upwards from 0."""
        a, b = inputs
        assert a is not None and b is not None
        y = np.zeros((*a.shape[:-1], b.shape[-1]), np.float32)
        for k in range(a.shape[-1]):
            y = y + a[..., :, k : k + 1] * b[..., k : k + 1, :]
        return (y,)

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """M * N * K per batch."""
        a, b = inputs
        assert a is not None and b is not None
        return a.size * b.shape[-1]
