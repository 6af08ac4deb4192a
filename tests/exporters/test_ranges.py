# SPDX-License-Identifier: MIT
"""What a header tells of observations and actions: by hand, and by what integers become."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from puffer_edge.exporters.c import ranges
from puffer_edge.ir import Continuous, Contract, Discrete, Field, Hybrid, Normaliser

MOST = float(np.finfo(np.float32).max)
ARGMAX = "the index of the largest logit, the lowest of equal ones"


def test_observations() -> None:
    fields = (Field("obs", (2,), "m", (-1.0,), (1.5,)),
              Field("v", (2,), "", (-2.0, 0.0), (MOST,) * 2),
              Field("w", (1,)), Field("far", (17,), "rad", tuple(range(17)), tuple(range(1, 18))))
    assert ranges.observation(Contract(fields, Discrete((2,)))) == [
        "obs[0..1]: -1.0 to 1.5, m", "v[0]: at least -2.0", "v[1]: at least 0.0",
        "w[0]: any finite number",
        "far[0..16], element by element in policy.json; the smallest: 0.0 to 1.0;, rad",
        "    the largest: 16.0 to 17.0, rad"]
    normaliser = Normaliser("VecNormalize", tuple(range(4)), (0.5, 0.5, 2.0, 4.0))
    fields = (Field("a", (2,), "", (-MOST,), (3.0,)), Field("b", (2,)))
    assert ranges.observation(Contract(fields, Discrete((2,)), normaliser=normaliser)) == [
        "a[0]: at most 3.0; mean 0.0, deviation 0.5", "a[1]: at most 3.0; mean 1.0, deviation 0.5",
        "b[0]: any finite number; mean 2.0, deviation 2.0",
        "b[1]: any finite number; mean 3.0, deviation 4.0"]


@pytest.mark.parametrize(("head", "lines"), [
    (Discrete((4,)), [f"action[0]: 0 to 3: {ARGMAX}"]),
    (Discrete((3, 3)), [f"action[0..1]: 0 to 2: {ARGMAX}"]),
    (Discrete((2, 5)), [f"action[0]: 0 to 1: {ARGMAX}", f"action[1]: 0 to 4: {ARGMAX}"]),
    (Continuous(2), ["action[0..1]: any finite number; the mean, not clipped"]),
    (Continuous(1, squash=True), [
        "action[0]: -1.0 to 1.0; the mean, squashed by tanh, not clipped"]),
    (Continuous(2, low=(-1.0, -2.0), high=(1.0, 2.0)), [
        "action[0]: -1.0 to 1.0", "action[1]: -2.0 to 2.0", "the mean, clipped to its bounds"]),
    (Continuous(1, squash=True, low=(0.0,), high=(3.0,), rescale=True), [
        "action[0]: 0.0 to 3.0; the mean, squashed by tanh, scaled to its bounds, clipped to its "
        "bounds"]),
    (Hybrid(Continuous(1), Discrete((2,))), [
        "continuous[0]: any finite number; the mean, not clipped",
        f"discrete[0]: 0 to 1: {ARGMAX}"])])
def test_actions(head: Any, lines: list[str]) -> None:
    assert ranges.action(Contract((Field("obs", (3,)),), head)) == lines


ROWS = ([3, 5, 2, -20, 30], [-7, 100, 4, -100, 90], [5, 0, 0, -128, 127], [1, -3, 3, 0, 50])
"""Multiplier, bias, shift, low, high of ``Rescale``, one of them falling."""


@pytest.mark.parametrize("rows", [ROWS, *([row] for row in ROWS), [[0, 1, 1, -5, 5]]])
def test_where_integers_saturate(rows: Any) -> None:
    """Integers there are the same to the policy as all beyond, and those within are not."""
    scale, offset = np.array([0.5, 2.0, 0.125, 1.0]), np.array([0.0, -3.0, 10.0, 0.25])
    given: Any = SimpleNamespace(
        program=SimpleNamespace(constants={"f": np.array(rows)}), scale=scale, offset=offset,
        rescale=SimpleNamespace(factors="f"))
    lines = ranges.integers([Field("a", (1,)), Field("b", (3,))], given)
    assert [line.partition(":")[0] for line in lines] == ["a[0]", "b[0]", "b[1]", "b[2]"]
    q = np.arange(-2000, 2001)
    for index, line in enumerate(lines):
        multiplier, bias, shift, low, high = rows[index % len(rows)]
        words = line.partition(": ")[2]
        sign, size = "-" if offset[index] < 0 else "+", abs(offset[index])
        begin = f"{scale[index]} * integer {sign} {size}"
        if multiplier == 0:
            assert words == begin
            continue
        least, most = map(float, words.removeprefix(f"{begin}; saturates beyond ").split(" and "))
        inside = np.clip((q * multiplier + bias) >> shift, low, high)
        real = q * scale[index] + offset[index]
        within = real[(inside > low) & (inside < high)]
        assert least < most
        # One integer, and one step of what lies inside.
        step = scale[index] * (1 + 2**shift / abs(multiplier))
        assert abs(within.min() - least) <= 2 * step and abs(within.max() - most) <= 2 * step
        beyond = inside[(real < least - step) | (real > most + step)]
        assert set(beyond.tolist()) == {low, high}


def test_scales() -> None:
    """Of one field by its plain name; of several by theirs, each its own part."""
    given: Any = SimpleNamespace(scale=np.array([0.5, 0.5, 0.25, 4]), offset=np.array([1, 2, 3, 3]))

    def macros(*sizes: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        ranges.scales([Field(f"f{n}", (size,)) for n, size in enumerate(sizes)], given,
                      lambda name, value, comment: made.update({name: value}))
        return {name: [float(number) for number in re.findall(r"([\d.]+)f", value)]
                for name, value in made.items()}

    assert macros(2, 2) == {
        "OBS_F0_Q_SCALE": [0.5], "OBS_F0_Q_OFFSETS": [1, 2], "OBS_F1_Q_SCALES": [0.25, 4],
        "OBS_F1_Q_OFFSET": [3]}
    assert macros(4) == {"OBS_Q_SCALES": [0.5, 0.5, 0.25, 4], "OBS_Q_OFFSETS": [1, 2, 3, 3]}
    given.scale = given.offset = np.arange(17.0)
    assert macros(16) == {"OBS_Q_SCALES": [*range(16)], "OBS_Q_OFFSETS": [*range(16)]}
    assert macros(17) == {}
