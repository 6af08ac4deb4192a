# SPDX-License-Identifier: MIT
"""A shield for a policy: what was asked for, in the numbers of its elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.errors import UsageError
from puffer_edge.ir import Continuous, Program
from puffer_edge.quantization.recording import Recording
from puffer_edge.robot import RobotContract
from puffer_edge.shield.checking import FLOAT_MAX, check, choices_of
from puffer_edge.shield.holding_back import parts
from puffer_edge.shield.novelty import add_novelty, bound, described
from puffer_edge.shield.shield import FAULTS, Guard, Limits, Reacting, Shield, Timing
from puffer_edge.shield.wish import Numbers, TermWish, Wish

DOUBTFUL = 1e-2
"""A rate of false alarms that may be so large is warned of."""


def fit(wish: Wish, program: Program, contract: RobotContract | None,
        recording: Recording | None) -> tuple[Shield, Program]:
    """The shield that was asked for, and the policy with the output that it reads.

    Args:
        wish: what was.
        program: the policy.
        contract: of its robot.
        recording: observations, raw, as in calibration.

    Raises:
        UsageError: a term is not known, or numbers do not fit the policy, or there is no recording
            where the range is made of one.
        FileFormatError: the numbers do not fit each other.
    """
    likelihood = None
    if wish.directions:
        if recording is None:
            raise UsageError("a likelihood is made of a recording, and there is none",
                             where=wish.where, hint="give --calibrate")
        program, likelihood, evidence = add_novelty(program, recording, wish.directions,
                                                    wish.allowance, wish.reach)
        program = program.noting("warning" if bound(evidence) > DOUBTFUL else "stated",
                                 described(evidence))
    return check(Shield(_guard(wish, program, contract, recording), _timing(wish, contract),
                        _limits(wish, program), _reacting(wish), likelihood), program,
                 wish.where), program


def _guard(wish: Wish, program: Program, contract: RobotContract | None,
           recording: Recording | None) -> Guard:
    low, high = _range(wish, program, recording)
    varies = np.zeros(low.size, np.int64)
    for term in wish.terms:
        places = places_of(term, program, contract, wish.where)
        if term.low is not None:
            low[places] = _spread(term.low, len(places), "low", wish.where)
        if term.high is not None:
            high[places] = _spread(term.high, len(places), "high", wish.where)
        if term.varies_within:
            varies[places] = term.varies_within
    return Guard(_floats(low), _floats(high), tuple(map(int, varies)) if varies.any() else (),
                 _microseconds(wish.max_age))


def _range(wish: Wish, program: Program, recording: Recording | None) -> tuple[Array, Array]:
    size = program.contract.observation_size
    low, high = np.full(size, -FLOAT_MAX), np.full(size, FLOAT_MAX)
    kind = wish.range or ("calibration" if recording is not None else "none")
    if kind == "declared":
        begin = 0
        for field in program.contract.observation:
            if field.low:
                low[begin:begin + field.size] = field.low
                high[begin:begin + field.size] = field.high
            begin += field.size
    if kind == "calibration":
        if recording is None:
            raise UsageError("the range of the observation is made of a recording, and there is "
                             "none", where=wish.where,
                             hint="give --calibrate, or range = \"declared\" or \"none\"")
        first, more, _ = parts(recording)
        seen = np.concatenate([first.observations, more.observations]).astype(np.float64)
        seen = seen if len(seen) else recording.observations
        low, high = np.quantile(seen, [wish.quantile, 1 - wish.quantile], axis=0)
        more = wish.margin * (high - low)
        low, high = low - more, high + more
    return low, high


def places_of(term: TermWish, program: Program, contract: RobotContract | None, where: str
              ) -> list[int]:
    """The elements of the observation that a term means; of a history all steps.

    Raises:
        UsageError: there is no such term or element.
    """
    size = program.contract.observation_size
    if term.elements:
        if outside := [place for place in term.elements if place >= size]:
            raise UsageError(f"there is no element {outside[0]} among {size}", where=where)
        return list(term.elements)
    if contract is not None:
        places = [position + i for each, _, position in contract.blocks() if each.name == term.name
                  for i in range(each.size)]
        if places:
            return places
    begin = 0
    for field in program.contract.observation:
        if field.name == term.name:
            return list(range(begin, begin + field.size))
        begin += field.size
    known = [field.name for field in program.contract.observation]
    known += [each.name for each in contract.observation] if contract is not None else []
    raise UsageError(f"the observation has no term {term.name!a:.60}", where=where,
                     hint=f"terms: {', '.join(known)}; or give elements = [0, 1]")


def _timing(wish: Wish, contract: RobotContract | None) -> Timing:
    period = wish.period or (contract.period if contract is not None else 0.0)
    if wish.jitter and not period:
        raise UsageError("jitter is a part of the period, which nobody tells", where=wish.where,
                         hint="give rate = 50 in [timing]")
    jitter = wish.jitter if wish.jitter else None
    return Timing(0 if jitter is None else _microseconds(period * (1 - jitter)),
                  0 if jitter is None else _microseconds(period * (1 + jitter)),
                  _microseconds(wish.deadline))


def _limits(wish: Wish, program: Program) -> Limits:
    choices = choices_of(program)
    moving = sum(size == 0 for size in choices)
    given = {"clip": wish.low, "slew": wish.slew, "low-pass": wish.low_pass}
    if not moving and (asked := [key for key, numbers in given.items() if numbers is not None]):
        raise UsageError(f"the policy chooses, and a choice has no {asked[0]}", where=wish.where,
                         hint="leave it out")
    if (wish.low is None) != (wish.high is None):
        raise UsageError("an action has both bounds or none", where=wish.where)
    low, high = (_each(side, moving, "the action's bounds", wish.where)
                 for side in (wish.low, wish.high))
    if wish.low is None and wish.slew is not None:  # else nothing keeps it where the policy stays
        low, high = _bounds_of(program)
    return Limits(low, high, _each(wish.slew, moving, "slew", wish.where),
                  _each(wish.low_pass, moving, "low-pass", wish.where),
                  _each(wish.safe, len(choices), "safe", wish.where))


def _bounds_of(program: Program) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The policy's own bounds."""
    low: list[float] = []
    high: list[float] = []
    for head in program.contract.heads.values():
        if isinstance(head, Continuous):
            low += head.low
            high += head.high
    return _floats(np.array(low)), _floats(np.array(high))


def _reacting(wish: Wish) -> Reacting:
    return Reacting(wish.first, wish.hold_steps, wish.then, wish.latch_after, wish.release_after,
                    sum(1 << FAULTS.index(word) for word in set(wish.count_only)))


def _each(numbers: Numbers | None, size: int, what: str, where: str) -> tuple[float, ...]:
    return () if numbers is None else _floats(_spread(numbers, size, what, where))


def _spread(numbers: Numbers, size: int, what: str, where: str) -> Array:
    if isinstance(numbers, tuple) and len(numbers) != size:
        raise UsageError(f"{len(numbers)} numbers for {what}, where there are {size} elements",
                         where=where)
    return np.broadcast_to(np.array(numbers, np.float64), (size,))


def _floats(numbers: npt.NDArray[np.float64] | Sequence[float]) -> tuple[float, ...]:
    bounded = np.clip(np.asarray(numbers, np.float64), -FLOAT_MAX, FLOAT_MAX)
    return tuple(float(x) for x in bounded.astype(np.float32))


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)
