# SPDX-License-Identifier: MIT
"""What goes into a policy and what comes out: the part that a graph alone does not say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array32
from puffer_edge.errors import ProgramError
from puffer_edge.ir.action_mask import ActionMask


@dataclass(frozen=True)
class Field:
    """A named part of the observation; fields lie one after another in a flat buffer.

    Attributes:
        name: of the member in C.
        shape: of the part.
        unit: what its numbers are in, as the user says; for readers.
        low, high: what the space of the trainer allows, in the caller's units, before any
            normaliser: one number for all elements or one each. Empty where nothing is known; a
            side without a bound has float32's largest number.
    """

    name: str
    shape: tuple[int, ...]
    unit: str = ""
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.low) != len(self.high) or len(self.low) not in (0, 1, self.size):
            raise ProgramError(f"{len(self.low)}/{len(self.high)} bounds for the {self.size} "
                               f"elements of {self.name!a}")

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


    def bounded(self, low: npt.ArrayLike, high: npt.ArrayLike) -> Field:
        """The same with bounds that broadcast to its elements; without those that bound nothing.

        Equal bounds of all elements are kept as one number, as an image has thousands.
        """
        largest = float(np.finfo(np.float32).max)
        sides = [np.broadcast_to(np.clip(np.asarray(side, np.float64).reshape(-1), -largest,
                                         largest), (self.size,)) for side in (low, high)]
        if (np.abs(sides) >= largest).all():
            return replace(self, low=(), high=())
        alike = all((side == side[0]).all() for side in sides)
        kept = [tuple(map(float, side[:1] if alike else side)) for side in sides]
        return replace(self, low=kept[0], high=kept[1])


@dataclass(frozen=True)
class Discrete:
    """One or several categorical heads; their logits lie one after another.

    Attributes:
        sizes: number of choices per head (gymnasium's ``nvec``).
    """

    sizes: tuple[int, ...]

    @property
    def width(self) -> int:
        """Number of raw outputs that the heads read."""
        return sum(self.sizes)

    def act(self, raw: Array32) -> npt.NDArray[np.int32]:
        """Greedy choice per head; the lowest index wins a tie.

        As in C, a NaN is never larger than anything; numpy's argmax would choose it.
        """
        ends = np.cumsum(self.sizes)
        parts = np.split(raw.reshape(-1), ends[:-1])
        return np.array([_argmax(part) for part in parts], dtype=np.int32)


def _argmax(logits: Array32) -> int:
    best = 0
    for index in range(1, len(logits)):
        if logits[index] > logits[best]:
            best = index
    return best


@dataclass(frozen=True)
class Continuous:
    """A continuous head: ``clip(scale * squash(raw) + offset, low, high)`` per element.

    Attributes:
        size: number of elements.
        squash: apply tanh to the raw mean first (SAC, TD3).
        low, high: bounds per element; empty when the file holds none and none were given.
        rescale: map [-1, 1] onto [low, high] (squashed policies of Stable-Baselines3).
    """

    size: int
    squash: bool = False
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    rescale: bool = False

    def __post_init__(self) -> None:
        if len(self.low) != len(self.high) or len(self.low) not in (0, self.size):
            raise ProgramError(f"{len(self.low)}/{len(self.high)} bounds for {self.size} actions")
        if self.rescale and not self.low:
            raise ProgramError("rescaled actions need bounds")

    @property
    def width(self) -> int:
        """Number of raw outputs that the head reads."""
        return self.size

    @property
    def scale(self) -> Array32:
        """Half the range per element, rounded once to float32."""
        return np.asarray((np.array(self.high) - np.array(self.low)) / 2, np.float32)

    @property
    def offset(self) -> Array32:
        """The middle of the range per element, rounded once to float32."""
        return np.asarray((np.array(self.high) + np.array(self.low)) / 2, np.float32)

    def act(self, raw: Array32) -> Array32:
        """The deterministic action, float32, in the same order of operations as the C code."""
        from puffer_edge.ir.functions import FUNCTIONS

        action = raw.reshape(-1).astype(np.float32)
        if self.squash:
            action = FUNCTIONS["tanh"].numpy(action)
        if self.rescale:
            action = action * self.scale + self.offset
        if self.low:
            low, high = np.asarray(self.low, np.float32), np.asarray(self.high, np.float32)
            action = np.where(action > low, action, low)
            action = np.where(action < high, action, high)
        return action


@dataclass(frozen=True)
class Hybrid:
    """A continuous action and discrete choices, made of an output each, in this order."""

    continuous: Continuous
    discrete: Discrete


Head: TypeAlias = Discrete | Continuous
"""What one raw output becomes."""


@dataclass(frozen=True)
class Normaliser:
    """What the policy does to raw observations first: ``(x - mean) / deviation``, then clipped.

    Attributes:
        kind: what the trainer calls it, ``VecNormalize``.
        mean, deviation: one per element that the network sees; the deviation is what is divided by.
        clip: bound of the result, on both sides; None for none.
        file: name of the file that it came from; empty where it lies in the policy's own.
        sha256: of that file.
    """

    kind: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    clip: float | None = None
    file: str = ""
    sha256: str = ""

    def __str__(self) -> str:
        place = f" of {self.file} (sha256 {self.sha256[:16]})" if self.file else ""
        clip = "not clipped" if self.clip is None else f"clipped at {self.clip:g}"
        return (f"{self.kind}{place}, mean {min(self.mean):.4g} to {max(self.mean):.4g}, deviation "
                f"{min(self.deviation):.4g} to {max(self.deviation):.4g}, {clip}")


@dataclass(frozen=True)
class Contract:
    """The agreement between a policy and whoever calls it.

    Attributes:
        observation: fields of the flat observation, in order.
        action: how raw outputs become an action: the Program's first output, and of a hybrid one
            the second, too.
        sampled: the trainer samples the action when it plays (the artefact acts greedily).
        normaliser: of the observation, where it is known as one; a part of the policy.
        mask: the part of the observation that says which choices may be taken, if there is one.
    """

    observation: tuple[Field, ...]
    action: Discrete | Continuous | Hybrid
    sampled: bool = False
    normaliser: Normaliser | None = None
    mask: ActionMask | None = None

    @property
    def observation_size(self) -> int:
        """Elements of the flat observation."""
        return sum(field.size for field in self.observation)

    @property
    def heads(self) -> dict[str, Head]:
        """What each of the first outputs becomes, by the name of its part of the action."""
        action = self.action
        if isinstance(action, Hybrid):
            return {"continuous": action.continuous, "discrete": action.discrete}
        return {"action": action}

    @property
    def width(self) -> int:
        """Number of raw outputs that all heads read."""
        return sum(head.width for head in self.heads.values())

    @property
    def choosing(self) -> int | None:
        """Which output has the logits of choices; None where none has."""
        kinds = [isinstance(head, Discrete) for head in self.heads.values()]
        return kinds.index(True) if True in kinds else None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Choices of each discrete head; none of a continuous action."""
        return next((h.sizes for h in self.heads.values() if isinstance(h, Discrete)), ())
