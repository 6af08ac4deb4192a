# SPDX-License-Identifier: MIT
"""Observations to compare by: of the scale that the policy's own first ops tell, extremes too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Gather,
    OneHot,
    Reshape,
    Slice,
    Split,
    Transpose,
)

STEPS = 64
"""With the state carried; the extremes come after them, each from a reset."""
_AMPLITUDES = (1.0, 1.0, 0.3, 1.0, 3.0, 1.0, 0.1, 8.0)
_PIXEL = 255.0


@dataclass(frozen=True)
class Scale:
    """What the elements of an observation are like, as the policy's first ops tell.

    Attributes:
        centre, spread: [n] float64; 0 and 1 where nothing tells.
        choices: [n] int; numbers of a category are whole and below it; 0 for other elements.
        pixels: [n] bool; whole numbers from 0 to 255.
    """

    centre: Array
    spread: Array
    choices: Array
    pixels: Array


def observations(program: Program, *, seed: int = 0, steps: int = STEPS,
                 recorded: Array | None = None) -> tuple[Array, Array]:
    """Observations [T, n] float32 and where to reset [T] bool.

    Args:
        program: whose observation it is.
        seed: of the random numbers.
        steps: of the first episode, at least 2.
        recorded: [R, n] observations of the user's, half of the steps if they fit.
    """
    scale = scale_of(program)
    random = np.random.default_rng(seed)
    n = len(scale.centre)
    amplitudes = np.array([_AMPLITUDES[t % len(_AMPLITUDES)] for t in range(steps)])
    flow = random.standard_normal((steps, n)) * amplitudes[:, None]
    sign = np.where(np.arange(n) % 2, -1.0, 1.0)
    single = np.zeros((4, n))
    single[np.arange(4), random.integers(0, n, 4)] = (3.0, -3.0, 30.0, -30.0)
    extremes = np.concatenate([
        np.stack([np.zeros(n), np.ones(n), -np.ones(n), sign, -3 * sign, 20 * sign, 100 * sign]),
        single, random.standard_normal((4, n)) * 10 ** random.uniform(-4, 1, (4, n))])
    units = np.concatenate([flow, extremes])
    found = scale.centre + scale.spread * units
    found = np.concatenate([found, np.zeros((1, n)), np.ones((1, n))])
    reset = np.arange(len(found)) >= steps
    reset[0] = True
    found = _fitting(found, scale, random)
    if recorded is not None and recorded.size and recorded.shape[1:] == (n,) and np.isfinite(
            recorded).all():
        places = np.arange(0, steps, 2)
        found[places] = recorded[np.linspace(0, len(recorded) - 1, len(places)).astype(int)]
    found = _masked(program, found, steps, random)
    limit = float(np.finfo(np.float32).max) / 1e6
    return np.clip(found, -limit, limit).astype(np.float32), reset


def _fitting(found: Array, scale: Scale, random: np.random.Generator) -> Array:
    """Whole numbers where the policy takes such."""
    drawn = random.integers(0, 1 << 30, found.shape)
    chosen = drawn % np.maximum(scale.choices, 1)
    found = np.where(scale.choices > 0, chosen, found)
    # Half of the images are noise, half of them dark with few bright points.
    bright = np.where(drawn % 10 == 0, drawn % 256, 0)
    noise = np.where((np.arange(len(found)) % 2 == 0)[:, None], drawn % 256, bright)
    return np.asarray(np.where(scale.pixels, noise, found), np.float64)


def _masked(program: Program, found: Array, steps: int, random: np.random.Generator) -> Array:
    """With masks: all choices allowed in the first half of the first episode, then some.

    A mask that our reader has not recognised, which only its name tells, allows all.
    """
    mask, start = program.contract.mask, 0
    if mask is not None:
        found = mask.permitting(found)
        some = slice(steps // 2, steps)
        found[some] = mask.at_random(found[some], random)
        return found
    for field in program.contract.observation:
        if "mask" in field.name:
            found[:, start : start + field.size] = 1
        start += field.size
    return found


def scale_of(program: Program) -> Scale:
    """Follows the observation through ops that move, scale or shift its elements."""
    n = program.values[program.input].size
    shape = program.values[program.input].shape
    follower = _Follower(program, Scale(np.zeros(n), np.ones(n), np.zeros(n, np.int64),
                                        np.zeros(n, bool)))
    follower.places[program.input] = np.arange(n).reshape(shape)
    follower.factors[program.input] = np.ones(shape), np.zeros(shape)
    for op in program.ops:
        follower.follow(op)
    scale, start = follower.scale, 0
    for field in program.contract.observation:
        span = slice(start, start + field.size)
        start += field.size
        image = len(field.shape) >= 3 and bool((scale.centre[span] == 0).all())
        if image and ((scale.spread[span] == 1).all() or np.allclose(scale.spread[span], _PIXEL)):
            scale.pixels[span] = True
    return replace(scale, spread=np.where(scale.pixels, 1.0, scale.spread))


class _Follower:
    """Which element of the observation each element of a value is, and what was done to it."""

    def __init__(self, program: Program, scale: Scale) -> None:
        self.program, self.scale = program, scale
        self.places: dict[str, Array] = {}
        self.factors: dict[str, tuple[Array, Array]] = {}

    def follow(self, op: Op) -> None:
        """One op, if it reads the observation alone."""
        given = [name for name in op.operands if name in self.places]
        if len(given) != 1:
            return
        (x,) = given
        places, (a, b) = self.places[x], self.factors[x]
        if isinstance(op, OneHot):
            self.scale.choices[places.reshape(-1)] = op.classes
        elif isinstance(op, Reshape | Slice | Split | Transpose | Gather) and op.operands[0] == x:
            rest = [None if not name else self.program.constants.get(name)
                    for name in op.inputs[1:]]
            moved = [op.evaluate([part, *rest]) for part in (places, a, b)]
            for name, where, factor, shift in zip(op.outputs, *moved, strict=True):
                self.places[name], self.factors[name] = where, (factor, shift)
        elif (step := self._affine(op, x)) is not None:
            factor, shift = (np.broadcast_to(part, places.shape) for part in step)
            (y,) = op.outputs
            self.places[y], self.factors[y] = places, (a * factor, b * factor + shift)
            self._learn(y)

    def _learn(self, name: str) -> None:
        """A normaliser ends here: its mean and deviation are those of the elements."""
        flat = self.places[name].reshape(-1)
        a, b = (np.asarray(part, np.float64).reshape(-1) for part in self.factors[name])
        with np.errstate(all="ignore"):
            centre, spread = -b / a, 1 / np.abs(a)
        good = np.isfinite(centre) & np.isfinite(spread) & (np.abs(centre) < 1e30) & (spread < 1e30)
        self.scale.centre[flat[good]], self.scale.spread[flat[good]] = centre[good], spread[good]

    def _affine(self, op: Op, x: str) -> tuple[Array, Array] | None:
        constants = self.program.constants
        shape = self.places[x].shape
        if isinstance(op, BatchNormalization) and op.x == x:
            if op.scale not in constants or op.shift not in constants or len(shape) < 2:
                return None
            channel = (1, -1, *(1,) * (len(shape) - 2))
            return (constants[op.scale].reshape(channel).astype(np.float64),
                    constants[op.shift].reshape(channel).astype(np.float64))
        if not isinstance(op, Binary):
            return None
        other = op.b if op.a == x else op.a
        if other not in constants or np.broadcast_shapes(shape, constants[other].shape) != shape:
            return None
        c, first = constants[other].astype(np.float64), op.a == x
        one, zero = np.ones(()), np.zeros(())
        if op.function == "div" and first and np.all(c != 0):
            return 1 / c, zero
        return {"add": (one, c), "mul": (c, zero),
                "sub": (one, -c) if first else (-one, c)}.get(op.function)
