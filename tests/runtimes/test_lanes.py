# SPDX-License-Identifier: MIT
"""A batch in C is its lanes, bit for bit: raw outputs, actions, and so what is remembered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from puffer_edge import runtimes
from puffer_edge.arrays import Array
from puffer_edge.errors import StepError
from puffer_edge.exporters.c.lanes import looked_at_by_turns
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Builder, Contract, Discrete, Field, Program, Status
from puffer_edge.ir.ops import Gemm
from puffer_edge.passes import optimize
from tests import zoo
from tests.runtimes.test_policy import POLICIES

TOGETHER = 16
"""Lanes that go through an op before the next one: PUFFER_EDGE_LANES."""
REST = [name for name in [*zoo.CASES, *zoo.QUANTIZED] if name not in POLICIES]


def observations(program: Program, steps: int, lanes: int) -> Array:
    """[steps, lanes, n], with a choice left where there is a mask."""
    size = program.contract.observation_size
    found = np.random.default_rng(0).standard_normal((steps * lanes, size)).astype(np.float32)
    return np.stack([zoo.permitted(program, x) for x in found]).reshape(steps, lanes, size)


def outputs(policy: Any, lane: int) -> dict[str, bytes]:
    """Raw outputs of a lane of the last ones that went together."""
    program, memory = policy.program, policy._lane_memory + lane * policy._size
    values = [program.values[name] for name in program.outputs]
    return {name: bytes(policy._ffi.buffer(policy._module.lib.edge_output(memory, index),
                                           values[index].nbytes))
            for index, name in enumerate(program.output_names)}


def compare(program: Program, lanes: int) -> None:
    """Steps that many lanes, and the interpreter for each."""
    last = (lanes - 1) // TOGETHER * TOGETHER
    with runtimes.load(program, "native") as policy:
        oracles = [Interpreter(program) for _ in range(lanes)]
        for xs in observations(program, 3, lanes):
            actions = policy.step_batch(xs)
            expected = [oracle.step(x) for oracle, x in zip(oracles, xs, strict=True)]
            assert actions.tobytes() == b"".join(
                program.act(each).tobytes() for each in expected)
            for lane in range(last, lanes):
                assert outputs(policy, lane - last) == {
                    name: array.tobytes() for name, array in expected[lane].items()}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_batch_is_its_lanes(policy: str) -> None:
    compare(POLICIES[policy](), 29)


@pytest.mark.exhaustive
@pytest.mark.parametrize("policy", REST)
def test_a_batch_of_every_kind_is_its_lanes(policy: str) -> None:
    compare(optimize(zoo.program(policy)), 29)


def test_who_is_refused_before_a_step_stops_all_and_later_only_itself() -> None:
    program = zoo.program("min_gru")
    xs = observations(program, 3, 20)
    with runtimes.load(program, "native") as policy, runtimes.load(program, "native") as other:
        for running in (policy, other):
            running.step_batch(xs[0])
        wrong, room = xs[1].copy(), np.full((20, *policy.action_shape), 77, policy.action_dtype)
        wrong[18, 1] = np.nan
        for refused in (wrong, wrong[:19]):  # in other lanes than there are, too
            with pytest.raises(StepError) as error:
                policy.step_batch(refused, room[: len(refused)])
            assert error.value.status == Status.BAD_OBSERVATION and (room == 77).all()
        wrong[18] = 3e38
        with pytest.raises(StepError) as error:
            policy.step_batch(wrong, room)
        assert error.value.status in (Status.BAD_STATE, Status.BAD_OUTPUT)
        assert (room[18] == 77).all()
        expected = other.step_batch(xs[1])
        good = np.arange(20) != 18
        assert room[good].tobytes() == expected[good].tobytes()
        for lane, running in ((18, other), (18, policy)):
            running.reset(lane)
        assert policy.step_batch(xs[2]).tobytes() == other.step_batch(xs[2]).tobytes()


def test_who_is_refused_behind_lanes_that_are_done_stops_all() -> None:
    builder = Builder("a wide observation")
    x = builder.input("observation", (1, 300))
    weight = np.random.default_rng(0).standard_normal((3, 300))
    y = builder.add(Gemm, x=x, weight=builder.constant(weight), bias="")
    program = builder.build({"logits": y}, Contract((Field("obs", (300,)),), Discrete((3,))))
    assert looked_at_by_turns(program)
    xs = observations(program, 1, 40)[0]
    with runtimes.load(program, "native") as policy:
        expected, room = policy.step_batch(xs), np.full(40, 77, policy.action_dtype)
        for wrong, status in ((np.nan, Status.BAD_OBSERVATION), (3e38, Status.BAD_OUTPUT)):
            bad = xs.copy()
            bad[38] = wrong
            with pytest.raises(StepError) as error:
                policy.step_batch(bad, room)
            assert error.value.status == status
            done = (np.arange(40) != 38) & (status == Status.BAD_OUTPUT)
            assert (room == np.where(done, expected, 77)).all()
        assert policy.step_batch(xs, room) is room and (room == expected).all()


def test_a_mask_without_a_choice_stops_all() -> None:
    program = zoo.program("masked")
    xs = observations(program, 1, 18)[0]
    mask = program.contract.mask
    assert mask is not None
    with runtimes.load(program, "native") as policy:
        wrong, room = xs.copy(), np.full((18, *policy.action_shape), 77, policy.action_dtype)
        wrong[17, mask.start : mask.start + sum(mask.sizes)] = 1.0 if mask.forbids else 0.0
        with pytest.raises(StepError) as error:
            policy.step_batch(wrong, room)
        assert error.value.status == Status.NO_CHOICE and (room == 77).all()
        policy.step_batch(xs, room)
        assert (room != 77).all()
