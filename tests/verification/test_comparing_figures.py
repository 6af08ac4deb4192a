# SPDX-License-Identifier: MIT
"""The figures of a comparison with an original, worked out again; states under other names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from puffer_edge.ir import Builder, Continuous, Contract, Field, Program
from puffer_edge.ir.ops import Binary, Concat, Gemm
from puffer_edge.verification.originals.comparing import _is_written, compare
from puffer_edge.verification.originals.job import Trajectory
from puffer_edge.verification.originals.observing import observations

N, H = 4, 3
LOT = np.random.default_rng(11)
WEIGHTS = [LOT.standard_normal((H, N)).astype(np.float32) for _ in range(2)]
KEPT = (np.float32(0.5), np.float32(-0.25))


def remembering(names: tuple[str, str] = ("slow", "fast"), note: str = "") -> Program:
    """Two states of the same size: a half of one, or less of the other, is kept."""
    builder = Builder("by hand")
    x = builder.input("observation", (1, N))
    states = [builder.state(name, (1, H)) for name in names]
    after = []
    for state, weight, kept in zip(states, WEIGHTS, KEPT, strict=True):
        fed = builder.add(Gemm, x=x, weight=builder.constant(weight),
                          bias=builder.constant(np.zeros(H, np.float32)))
        left = builder.add(Binary, a=state, function="mul", b=builder.constant(
            np.full((1, 1), kept, np.float32)))
        after.append(builder.add(Binary, a=left, function="add", b=fed))
        builder.carry(state, after[-1])
    y = builder.add(Concat, xs=tuple(after), axis=1)
    if note:
        builder.note("dropped", note)
    return builder.build({"out": y}, Contract((Field("obs", (N,)),), Continuous(2 * H)))


def original(program: Program, names: tuple[str, str], **more: Any) -> Trajectory:
    """The same in numpy, in float64."""
    x, reset = observations(program)
    before = {name: np.zeros((len(x), H)) for name in names}
    after = {name: np.zeros((len(x), H)) for name in names}
    for name, weight, kept in zip(names, WEIGHTS, KEPT, strict=True):
        for t in range(len(x)):
            before[name][t] = 0 if reset[t] else after[name][t - 1]
            after[name][t] = kept * before[name][t] + weight.astype(np.float64) @ x[t]
    order = names[::-1]  # the file's order is not ours
    outputs = {"mean": np.concatenate([after[name] for name in names], 1)}
    return Trajectory("numpy", x, reset, outputs | more.pop("beside", {}),
                      {name: before[name] for name in order}, {name: after[name] for name in order},
                      **more)


def moves(theirs: np.ndarray) -> np.ndarray:
    spread = theirs.std(0)
    return np.maximum(spread, 0.01 * spread.max())


@pytest.mark.parametrize("names", [("slow", "fast"), ("fast", "slow"), ("cell", "hidden")])
def test_states_are_found_by_name_or_nearness(names: tuple[str, str]) -> None:
    """A name that is in both says which; without one, the nearest numbers."""
    program = remembering()
    given = original(program, names)
    found = compare(program, given)
    assert found.verdict == ("disagrees" if names == ("fast", "slow") else "agrees"), found.text
    assert found.steps == len(given.reset)
    assert found.largest < 1e-5 or names == ("fast", "slow")


def test_states_of_another_size_are_not_ours() -> None:
    """Without them the steps are compared one after the other."""
    program = remembering()
    given = original(program, ("slow", "fast"))
    wide = {name: np.concatenate([array, array], 1) for name, array in given.before.items()}
    found = compare(program, replace(given, before=wide, after={}))
    assert found.verdict == "agrees" and "from equal states" not in found.text


@pytest.mark.parametrize("t", [0, 5, 63, 70])
def test_a_wrong_state_is_told_with_its_place(t: int) -> None:
    """Also where no output shows it: the state after a step that is followed by a reset."""
    program = remembering()
    given = original(program, ("slow", "fast"))
    after = {name: array.copy() for name, array in given.after.items()}
    after["fast"][t, 1] += 0.01 * moves(after["fast"])[1]
    found = compare(program, replace(given, after=after))
    assert found.verdict == "disagrees"
    assert f"element 1 of the state fast is {after['fast'][t, 1]:.6g} in step {t};" in found.text
    assert found.largest == pytest.approx(0.01, rel=1e-3)
    blind = {name: array.copy() for name, array in given.after.items()}
    blind["fast"][t, 1] = np.inf  # has no difference
    assert compare(program, replace(given, after=blind)).verdict == "agrees"


def test_the_largest_difference_is_in_deviations() -> None:
    """Of whatever is compared; where it is wrong, of the worst number, with its place."""
    program = remembering()
    given = original(program, ("slow", "fast"))
    theirs = given.outputs["mean"]
    for factor in (1 + 2.0**-23, 1 - 2.0**-22):
        moved = replace(given, outputs={"mean": theirs * factor})
        found = compare(program, moved)
        ours = theirs.astype(np.float32).astype(np.float64)
        right = (np.abs(ours - theirs * factor) / moves(theirs)).max()
        assert found.verdict == "agrees" and found.largest == pytest.approx(right, rel=0.5)
    wrong = theirs.copy()
    wrong[9, 2] += 0.25 * moves(theirs)[2]
    wrong[9, 4] -= 0.5 * moves(theirs)[4]
    found = compare(program, replace(given, outputs={"mean": wrong}))
    assert "element 4 of mean" in found.text and "in step 9;" in found.text
    assert found.largest == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize(("name", "beside", "note", "verdict"), [
    ("brake", lambda y: y[:, :1] ** 2, "", "disagrees"),
    ("brake", lambda y: y[:, :1] ** 2, "output brake is not needed", "agrees"),
    ("q", lambda y: y[:, :1] ** 2, "the value head is not needed", "agrees"),
    ("q", lambda y: y[:, :1] ** 2, "output value: not needed", "agrees"),
    ("q", lambda y: y[:, :2] ** 2, "the value head is not needed", "disagrees"),
    ("again", lambda y: y * (1 + 5e-4), "", "agrees"),
    ("again", lambda y: y * (1 + 5e-3), "", "disagrees"),
    ("constant", lambda y: 0 * y[:, :2] + [3.0, 4.0], "", "agrees"),
    ("two", lambda y: np.arange(len(y))[:, None] // 40 * np.ones((1, 2)), "", "disagrees")])
def test_outputs_that_are_left(name: str, beside: Any, note: str, verdict: str) -> None:
    """Whether they say the same again, are a constant, or a note tells why; one value at most."""
    program = remembering(note=note)
    plain = original(program, ("slow", "fast"))
    given = replace(plain, outputs=dict(plain.outputs) | {name: beside(plain.outputs["mean"])})
    assert compare(program, given).verdict == verdict
    if "value" in note:
        twice = dict(given.outputs) | {"r": given.outputs[name][:, :1] ** 2}
        assert compare(program, replace(given, outputs=twice)).verdict == "disagrees"


def test_each_output_of_integers_has_its_step() -> None:
    """A hundredth of the numbers may be off by more than one step, and what has none of its own is
    judged by the largest."""
    program = remembering()
    plain = original(program, ("slow", "fast"))
    theirs, steps = plain.outputs["mean"], {"a": 0.125, "b": 0.5}

    def given(off: float, share: int, scales: dict[str, float]) -> Trajectory:
        a, b = (np.round(part / step) * step for part, step in
                zip(np.split(theirs, 2, 1), steps.values(), strict=True))
        flat = b.reshape(-1)
        flat[::share] = theirs[:, H:].reshape(-1)[::share] + off
        return replace(plain, outputs={"a": a, "b": flat.reshape(b.shape)}, scales=scales)

    for off, share, scales, verdict in (
            (0.45, 50, steps, "agrees"), (0.55, 50, steps, "disagrees"),
            (0.55, 150, steps, "agrees"), (0.95, 50, {"b": 1.0}, "agrees"),
            (1.1, 50, {"a": 0.125, "b": 1.0}, "disagrees")):
        found = compare(program, given(off, share, scales))
        assert found.verdict == verdict, (off, share, found.text)
        assert found.largest == pytest.approx(off / max(scales.values()), rel=0.1)
        if verdict == "disagrees":
            told = re.search(r"([\d.]+)% of .* the worst by ([\d.]+) steps", found.text)
            assert told and float(told[2]) == pytest.approx(off / max(scales.values()), rel=0.1)


def test_what_a_front_end_writes_is_exact() -> None:
    """Places, masks, powers of two; a row of ones may have been computed."""
    for array in (np.float32([0, 1, 2]), np.float32([[0, 0, 1]]), np.float32(1), np.float32(7),
                  np.float32([2.0**100]), np.float32([2, 2])):
        assert _is_written(np.asarray(array))
    for array in (np.float32([1, 1, 1]), np.float32([0, 1.5]), np.float32(0.5)):
        assert not _is_written(np.asarray(array))
