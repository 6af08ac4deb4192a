# SPDX-License-Identifier: MIT
"""How far a student is from its teacher: KL divergence of choices, squared error of means."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Continuous, Contract

MARGIN = 4.0
"""Of a teacher's logits, at least, from the best choice to the next: Q-values differ by less than
what a softmax tells apart, and it is the choice that counts."""


class Distance:
    """The loss of a student.

    Args:
        contract: of both.
        labels: the teacher's raw outputs, [T, width].
    """

    def __init__(self, contract: Contract, labels: Array) -> None:
        self._parts: list[tuple[slice, float]] = []
        self._moving: list[tuple[slice, Array]] = []
        start = 0
        for head in contract.heads.values():
            if isinstance(head, Continuous):
                part = slice(start, start + head.size)
                size = np.maximum(labels[:, part].std(0), 1e-3)
                self._moving.append((part, size.astype(np.float32)))
                start += head.size
                continue
            for size in head.sizes:
                part = slice(start, start + size)
                self._parts.append((part, _sharpness(labels[:, part])))
                start += size

    def __call__(self, ours: Any, theirs: Any) -> Any:
        """Mean over a batch, [B, width] each, of torch."""
        import torch

        total = torch.zeros(())
        for part, factor in self._parts:
            wanted = torch.softmax(factor * theirs[:, part], -1)
            found = torch.log_softmax(factor * ours[:, part], -1)
            total = total + torch.nn.functional.kl_div(found, wanted, reduction="batchmean")
        for part, size in self._moving:
            error = (ours[:, part] - theirs[:, part]) / torch.from_numpy(size)
            total = total + (error**2).mean()
        return total


def _sharpness(logits: Array) -> float:
    if logits.shape[1] < 2:
        return 1.0
    ordered = np.sort(logits, axis=1)
    margin = float((ordered[:, -1] - ordered[:, -2]).mean())
    return max(1.0, MARGIN / max(margin, 1e-6))
