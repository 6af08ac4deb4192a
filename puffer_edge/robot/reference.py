# SPDX-License-Identifier: MIT
"""The oracle of a contract in numpy: what generated code has to equal bit for bit.

Every operation is one of float32, rounded: ``(bound(raw - offset)) * scale``, then the bounds of
the whole; of the action ``bound(bound(raw) * scale + offset)``, a product and a sum.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from puffer_edge.arrays import Array32
from puffer_edge.errors import StepError, UsageError
from puffer_edge.ir import Status
from puffer_edge.robot.contract import ORIENTATION, RobotContract, Term
from puffer_edge.robot.sine import turn


class Packer:
    """Sensors to observations and actions to targets, step by step.

    Args:
        contract: a checked one.
    """

    def __init__(self, contract: RobotContract) -> None:
        self.contract = contract
        self.reset()

    def reset(self) -> None:
        """Forgets histories, the last action and the phases."""
        self._past: dict[str, deque[Array32]] = {
            term.name: deque(maxlen=term.history) for term in self.contract.observation}
        self._last: Array32 = np.zeros(self.contract.action.size, np.float32)
        self._phases = {term.name: np.float32(0) for term in self.contract.observation
                        if term.kind == "phase"}

    def pack(self, sensors: Mapping[str, Any]) -> Array32:
        """The observation of a step, which is remembered.

        Args:
            sensors: by member, as ``RobotContract.sensors`` names and sizes them, in SI units.

        Returns:
            [observation_size] float32.

        Raises:
            StepError: a number of the sensors is NaN or infinite, or so large that its term is;
                nothing is remembered then.
            UsageError: a member is missing, or of another size.
        """
        given = {name: self._member(sensors, name, size)
                 for name, size in self.contract.sensors.items()}
        with np.errstate(over="ignore"):
            seen = [self._scaled(term, self._raw(term, given))
                    for term in self.contract.observation]
        for term, values in zip(self.contract.observation, seen, strict=True):
            if not np.isfinite(values).all():
                raise StepError(f"{term.name} is beyond float32", Status.BAD_OBSERVATION)
        for term, values in zip(self.contract.observation, seen, strict=True):
            self._remember(term, values)
        observation = np.empty(self.contract.observation_size, np.float32)
        for term, age, position in self.contract.blocks():
            observation[position:position + term.size] = self._past[term.name][-1 - age]
        return observation

    def _remember(self, term: Term, seen: Array32) -> None:
        past = self._past[term.name]
        if not past:
            first = self.contract.history_start == "first"
            past.extend([seen if first else np.zeros_like(seen)] * term.history)
        past.append(seen)
        if term.kind == "phase":
            then = self._phases[term.name] + np.float32(self.contract.period / term.period)
            self._phases[term.name] = then - np.float32(1) if then >= 1 else then

    def unpack(self, action: Sequence[float] | Array32) -> dict[str, Array32]:
        """Targets by kind, [joints] each, NaN where a joint has none of that kind.

        Args:
            action: [size], what the policy gave.
        """
        said = self.contract.action
        raw = _bounded(np.asarray(action, np.float32).reshape(said.size), said.raw_low,
                       said.raw_high)
        target = raw
        if said.scale:
            target = target * _array(said.scale)
        if said.offset:
            target = target + _array(said.offset)
        target = _bounded(target, said.low, said.high)
        self._last = raw if said.remembered == "raw" else target
        targets: dict[str, Array32] = {}
        for i, kind in enumerate(said.kind):
            if kind not in targets:
                targets[kind] = np.full(self.contract.joints, np.nan, np.float32)
            targets[kind][said.joint_map[i]] = target[i]
        return targets

    def _member(self, sensors: Mapping[str, Any], name: str, size: int) -> Array32:
        if name not in sensors:
            raise UsageError(f"the sensors have no {name}",
                             hint=f"give {', '.join(self.contract.sensors)}")
        numbers = np.asarray(sensors[name], np.float32).reshape(-1)
        if numbers.size != size:
            raise UsageError(f"{name} has {numbers.size} numbers, where there are {size}")
        if not np.isfinite(numbers).all():
            raise StepError(f"{name} is NaN or infinite", Status.BAD_OBSERVATION)
        return numbers

    def _raw(self, term: Term, given: Mapping[str, Array32]) -> Array32:
        if term.kind == "sensor":
            return given[term.name]
        if term.kind == "projected_gravity":
            return self._gravity(given[ORIENTATION])
        if term.kind == "last_action":
            return self._last
        if term.kind == "phase":
            return np.array(turn(self._phases[term.name]), np.float32)
        return given[term.kind][list(term.joint_map)]

    def _gravity(self, orientation: Array32) -> Array32:
        """The last row of the rotation's matrix, negative: (0, 0, -1) seen by the robot."""
        w, x, y, z = (orientation if self.contract.quaternion == "wxyz" else
                      np.roll(orientation, 1))
        one, two = np.float32(1), np.float32(2)
        return np.array([two * (w * y - x * z), -(two * (y * z + w * x)),
                         two * (x * x + y * y) - one], np.float32)

    def _scaled(self, term: Term, raw: Array32) -> Array32:
        value = raw - _array(term.offset) if term.offset else raw
        value = _bounded(value, term.low, term.high)
        if term.scale:
            value = value * _array(term.scale)
        contract = self.contract
        if contract.low < contract.high:
            value = _bounded(value, (contract.low,) * term.size, (contract.high,) * term.size)
        return value.astype(np.float32)


def _bounded(value: Array32, low: Sequence[float], high: Sequence[float]) -> Array32:
    """Each number where it lies between its bounds, else the nearer one."""
    if not len(low):
        return value
    lows, highs = _array(low), _array(high)
    value = np.where(value < lows, lows, value)
    return np.where(value > highs, highs, value)


def _array(numbers: Sequence[float]) -> Array32:
    return np.array(numbers, np.float32)
