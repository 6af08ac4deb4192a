# SPDX-License-Identifier: MIT
"""What the comparison with an original says of numbers that are made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Builder, Continuous, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import BatchNormalization, Binary, Gemm, Unary
from puffer_edge.verification.originals import comparing
from puffer_edge.verification.originals.comparing import compare
from puffer_edge.verification.originals.job import Trajectory
from puffer_edge.verification.originals.observing import (
    Scale,
    _fitting,
    observations,
    scale_of,
)

N = 4


def policy(action: Any = None, *, offset: Any = 0.0) -> Program:
    """One layer of five outputs; the offset is added and taken away again."""
    rng = np.random.default_rng(2)
    builder = Builder("by hand")
    x = builder.input("observation", (1, N))
    y = builder.add(Gemm, x=x, weight=builder.constant(
        rng.standard_normal((5, N)).astype(np.float32)), bias=builder.constant(
            (rng.standard_normal(5) + offset).astype(np.float32)))
    if np.any(offset):
        y = builder.add(Binary, a=y, function="sub", b=builder.constant(
            np.array(offset, np.float32).reshape(1, -1)))
    action = action or Continuous(5)
    return builder.build({"out": y}, Contract((Field("obs", (N,)),), action))


def trajectory(program: Program, *outputs: tuple[str, Any], **more: Any) -> Trajectory:
    """What an original does whose outputs are functions of our raw one [T, 5]."""
    x, reset = observations(program)
    runner = Interpreter(program)
    raw = np.stack([runner.step(row)["out"] for row in x])
    return Trajectory("a test", x, reset, {name: np.asarray(f(raw)) for name, f in outputs}, **more)


def soft(raw: np.ndarray) -> np.ndarray:
    powers = np.exp(raw - raw.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


@pytest.mark.parametrize(("action", "outputs", "form"), [
    (None, [("mean", lambda y: y)], ""),
    (None, [("a", lambda y: y[:, :2]), ("b", lambda y: y[:, 2:])], ""),
    (None, [("mean", lambda y: y), ("value", lambda y: y[:, :1] ** 2)], ""),
    (None, [("mean", lambda y: y), ("version_number", lambda y: np.full((len(y), 1), 3.0))], ""),
    (Discrete((5,)), [("probabilities", soft)], "its softmax"),
    (Discrete((2, 3)), [("p", lambda y: soft(y[:, :2])), ("q", lambda y: soft(y[:, 2:]))],
     "its softmax"),
    (Discrete((5,)), [("choice", lambda y: y.argmax(1)[:, None])], "its choice"),
    (Discrete((5,)), [("logits", lambda y: y), ("choice", lambda y: y.argmax(1)[:, None])], ""),
    (Continuous(5, squash=True), [("squashed", np.tanh)], "its tanh"),
    (Continuous(5, low=(-1.0,) * 5, high=(2.0,) * 5), [("a", lambda y: y.clip(-1, 2))],
     "its action")])
def test_an_action_is_found_in_the_files_outputs(action: Any, outputs: Any, form: str) -> None:
    program = policy(action)
    found = compare(program, trajectory(program, *outputs))
    assert found.verdict == "agrees", found.text
    assert (f"as {form}" in found.text) == bool(form)


@pytest.mark.parametrize(("action", "outputs"), [
    (None, [("a", lambda y: y[:, 2:]), ("b", lambda y: y[:, :2])]),  # the file's order counts
    (None, [("mean", lambda y: y), ("brake", lambda y: y[:, :1] ** 2)]),  # half an action lost
    (None, [("mean", lambda y: y[:, :4])]), (None, [("mean", np.tanh)]),
    (None, [("mean", lambda y: y * np.float32(1 + 1e-5))]),
    (None, [("mean", lambda y: y + np.where(np.arange(len(y)) == 70, 1e-3, 0)[:, None])]),
    (Discrete((2, 3)), [("p", lambda y: soft(y))]),  # one head, not two
    (Discrete((5,)), [("choice", lambda y: y.argmin(1)[:, None])])])
def test_what_is_not_the_same_disagrees(action: Any, outputs: Any) -> None:
    program = policy(action)
    found = compare(program, trajectory(program, *outputs))
    assert found.verdict == "disagrees", found.text


def test_the_librarys_action_is_compared_too() -> None:
    program = policy(Continuous(5, squash=True, low=(-1.0,) * 5, high=(3.0,) * 5, rescale=True))
    right = trajectory(program, ("mean", lambda y: y))
    action = 2 * np.tanh(right.outputs["mean"].astype(np.float64)) + 1
    assert compare(program, replace(right, actions=action)).verdict == "agrees"
    assert compare(program, replace(right, actions=action + 1e-4)).verdict == "disagrees"
    clipped = np.clip(right.outputs["mean"], -1, 3)
    assert compare(program, replace(right, actions=clipped)).verdict == "disagrees"


def test_a_bound_that_is_too_loose_judges_nothing() -> None:
    """A sum of 3e8 that is taken away again leaves little of what was added to it."""
    program = policy(offset=3e8)
    found = compare(program, trajectory(program, ("mean", lambda y: y)))
    assert found.verdict == "not judged" and "above 1%" in found.text
    # So of three numbers of five; with two of them, most are judged, and the others are told.
    for loose, verdict in ((3, "not judged"), (2, "agrees")):
        some = policy(offset=np.where(np.arange(5) < loose, 3e8, 0))
        found = compare(some, trajectory(some, ("mean", lambda y: y)))
        assert found.verdict == verdict and ("too loose" in found.text) == (loose == 2), found
    # ... but what rounding cannot explain is wrong under any bound.
    wrong = trajectory(program, ("mean", lambda y: y + 1e4))
    assert compare(program, wrong).verdict == "disagrees"


def test_an_op_without_a_rule_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    from puffer_edge.verification.error_bound.rule import RULES

    program = policy()
    monkeypatch.delitem(RULES, Gemm)
    found = compare(program, trajectory(program, ("mean", lambda y: y * np.float32(1 + 1e-5))))
    assert found.verdict == "not judged" and "known of Gemm" in found.text
    wrong = trajectory(program, ("mean", lambda y: np.where(y > 0, y, y * np.float32(0.9))))
    assert compare(program, wrong).verdict == "disagrees"


def test_a_quantised_graph_has_a_step() -> None:
    program, step = policy(), 0.05

    def rounded(y: np.ndarray) -> np.ndarray:
        return step * np.round(y / step)

    given = trajectory(program, ("mean", rounded), scales={"mean": step})
    assert compare(program, given).verdict == "agrees"
    off = trajectory(program, ("mean", lambda y: rounded(y) + np.where(
        np.arange(len(y)) % 50 == 0, 2 * step, 0)[:, None]), scales={"mean": step})
    assert compare(program, off).verdict == "disagrees"  # 2 % of the steps


def test_what_overflows_there_is_no_difference() -> None:
    program = policy()
    given = trajectory(program, ("mean", lambda y: np.where(y > 50, np.inf, y)))
    assert compare(program, given).verdict == "agrees"


def test_what_overflows_here_is_no_difference() -> None:
    """Our step is refused there; the original goes on with infinities."""
    builder = Builder("by hand")
    x = builder.input("observation", (1, N))
    y = builder.add(Unary, x=x, function=Activation("exp"))
    program = builder.build({"out": y}, Contract((Field("obs", (N,)),), Continuous(N)))
    seen, reset = observations(program)
    with np.errstate(over="ignore"):
        outputs = {"mean": np.exp(seen)}
    assert not np.isfinite(outputs["mean"]).all()
    assert compare(program, Trajectory("a test", seen, reset, outputs)).verdict != "disagrees"


def test_observations_are_of_the_normalisers_scale() -> None:
    builder = Builder("by hand")
    x = builder.input("observation", (1, 3))
    mean, scale = np.float32([[500, 0, -2]]), np.float32([10, 1, 1e3])
    y = builder.add(Binary, a=x, b=builder.constant(mean), function="sub")
    y = builder.add(BatchNormalization, x=y, scale=builder.constant(scale),
                    shift=builder.constant(np.zeros(3, np.float32)))
    program = builder.build({"out": y}, Contract((Field("obs", (3,)),), Continuous(3)))
    found = scale_of(program)
    np.testing.assert_allclose(found.centre, [500, 0, -2], rtol=1e-6)
    np.testing.assert_allclose(found.spread, [0.1, 1, 1e-3], rtol=1e-6)
    x, reset = observations(program)
    z = (x - found.centre) / found.spread
    assert x.dtype == np.float32 and reset[0] and not reset[1:64].any() and reset[64:].all()
    assert (z[:64].std(0) > 1).all() and (z[:64].std(0) < 6).all() and np.abs(z).max() > 50


def test_of_a_large_network_the_steps_that_differ_most_are_judged(monkeypatch: pytest.MonkeyPatch
                                                                  ) -> None:
    """As many as the work allows, and never fewer than FEWEST."""
    program, seen = policy(), []

    def judge(self: Any, label: str, steps: Any, t: int, *rest: Any) -> int:
        seen.append(t)
        return 1

    far = [70, 3, 41, 9]
    given = trajectory(program, ("mean", lambda y: y + sum(
        np.where(np.arange(len(y)) == t, 8.0 - k, 0)[:, None] for k, t in enumerate(far))))
    monkeypatch.setattr(comparing._Comparison, "_check_step", judge)
    monkeypatch.setattr(comparing._Comparison, "_summary", lambda self, pairs: None)
    for work, fewest, count in ((3 * program.macs, 1, 3), (0, 2, 2), (4 * program.macs, 3, 4)):
        monkeypatch.setattr(comparing, "WORK", work)
        monkeypatch.setattr(comparing, "FEWEST", fewest)
        seen.clear()
        compare(program, given)
        assert seen == far[:count]


@pytest.mark.parametrize(("scales", "off", "agrees"), [
    ({"mean": 0.5}, 1.0, True), ({"mean": 0.5}, 1.1, False),
    ({"mean": 0.5, "state": 5.0}, 1.1, False), ({"a": 0.05, "b": 0.5}, 0.9, True)])
def test_the_step_of_a_quantised_output(scales: Any, off: float, agrees: bool) -> None:
    """Its own, else the largest there is."""
    program = policy()
    given = trajectory(program, ("mean", lambda y: y + off * 0.5), scales=scales)
    found = compare(program, given)
    assert (found.verdict == "agrees") == agrees
    assert found.largest == pytest.approx(off, rel=1e-3)


def test_one_of_a_hundred_may_be_off_by_more_than_a_step() -> None:
    program = policy()
    plain, rows = trajectory(program, ("mean", lambda y: y)), np.arange(100) % 20
    for wrong in (5, 6):
        off = np.where(np.arange(500) < wrong, 1.0, 0.0).reshape(100, 5)
        given = replace(plain, observations=plain.observations[rows], reset=plain.reset[rows],
                        outputs={"mean": plain.outputs["mean"][rows] + off}, scales={"mean": 0.5})
        assert (compare(program, given).verdict == "agrees") == (wrong == 5)


def test_observations_of_categories_and_pixels() -> None:
    """Whole numbers: of a category below its choices, of images from 0 to 255, every second one
    dark with one of ten points bright."""
    choices, pixels = np.array([0, 3, 0, 0]), np.array([False, False, True, True])
    scale = Scale(np.zeros(4), np.ones(4), choices, pixels)
    plain = np.full((4000, 4), 0.5)
    found = _fitting(plain, scale, np.random.default_rng(3))
    assert (found[:, 0] == 0.5).all() and set(found[:, 1]) == {0.0, 1.0, 2.0}
    noise, dark = found[::2, 2:], found[1::2, 2:]
    for part in (noise, dark):
        assert (part == np.rint(part)).all() and part.min() == 0 and part.max() <= 255
    assert len(np.unique(noise)) == 256 and abs(noise.mean() - 127.5) < 3
    assert abs((dark > 0).mean() - 0.1) < 0.02
