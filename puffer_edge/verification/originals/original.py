# SPDX-License-Identifier: MIT
"""What the owner of a format has to give: a policy that steps, as its own library runs it."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array


class Unjudged(Exception):
    """The original cannot be run; the text says why."""


class Original:
    """One policy in the library that owns its format.

    Attributes:
        judge: the library with its version.
        action: the library's own deterministic action of the last step; None where it has none.
        scales: step of the integers that an output is made of, by name; of quantised graphs only.
    """

    judge = ""

    def __init__(self) -> None:
        self.action: Array | None = None
        self.scales: dict[str, float] = {}

    def meant(self, observation: Array) -> Array:
        """The nearest observation [n] that the original takes, as of whole numbers."""
        return observation

    def reset(self) -> None:
        """Starts anew."""

    def step(self, observation: Array) -> dict[str, Array]:
        """Raw outputs by name, in the original's order; the state advances.

        Args:
            observation: [n] float32, as :meth:`meant` gave it.
        """
        raise NotImplementedError

    def state(self) -> dict[str, Array]:
        """What it remembers now, by name, as far as it is visible."""
        return {}


def sizes_of(shapes: list[tuple[int, ...]]) -> list[int]:
    """Elements of each shape."""
    return [int(np.prod(shape)) for shape in shapes]


def cut(flat: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    """A flat observation as the parts that lie in it one after another."""
    parts = np.split(flat, np.cumsum(sizes_of(shapes))[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
