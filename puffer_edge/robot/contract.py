# SPDX-License-Identifier: MIT
"""What lies between a network and a robot: observations in order, and what an action means.

Everything is computed in float32, each operation rounded, in the order that the docstrings give;
``reference`` does so in numpy, and generated code in C.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

TermKind = Literal["sensor", "joint_position", "joint_velocity", "projected_gravity",
                   "last_action", "phase"]
ActionKind = Literal["position", "velocity", "torque"]

ORIENTATION = "orientation"
JOINT_POSITION = "joint_position"
JOINT_VELOCITY = "joint_velocity"
"""Of the sensors, the members that terms of other kinds read."""


@dataclass(frozen=True)
class Term:
    """A part of the observation: ``clip(raw - offset) * scale`` per element.

    Attributes:
        name: of the term; of a sensor also the member of the struct of sensors.
        kind: sensor: numbers that the robot gives under this name; joint_position and
            joint_velocity: one of each joint of ``joint_map``, in rad and rad/s;
            projected_gravity: the direction of gravity in the robot's frame, from its orientation;
            last_action: what ``Action.remembered`` says, 0 after a reset; phase: sine and cosine of
            a clock that turns once per ``period`` and is at 0 in the first step.
        size: number of elements of one step.
        unit: of what the robot gives, for readers.
        offset: [size] or [], what is subtracted first, such as the default pose.
        low, high: [size] or [], bounds of that.
        scale: [size] or [], what the bounded number is multiplied by.
        history: how many steps are seen, this one among them.
        joint_map: [size], the robot's joint of each element; of joints only.
        period: seconds; of a phase only.
        elements: [size] or [], what each number is, as x, y, z; another order is another contract.
    """

    name: str
    kind: TermKind
    size: int
    unit: str = ""
    offset: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    history: int = 1
    joint_map: tuple[int, ...] = ()
    period: float = 0.0
    elements: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Elements of the observation that it takes."""
        return self.size * self.history


@dataclass(frozen=True)
class Action:
    """What the policy's action means: ``clip(bound(raw) * scale + offset)`` per element.

    Attributes:
        size: elements of the policy's action.
        kind: [size], what the number is a target of.
        raw_low, raw_high: [size] or [], bounds of the policy's action itself.
        scale, offset: [size] or [].
        low, high: [size] or [], bounds of the target, in rad, rad/s or Nm.
        joint_map: [size], the robot's joint of each element.
        remembered: what a last_action sees: the policy's action within its own bounds (raw), or the
            target.
        stiffness, damping: [size] or [], of each element's joint, for the robot's controller.
    """

    size: int
    kind: tuple[ActionKind, ...]
    joint_map: tuple[int, ...]
    raw_low: tuple[float, ...] = ()
    raw_high: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    remembered: Literal["raw", "target"] = "raw"
    stiffness: tuple[float, ...] = ()
    damping: tuple[float, ...] = ()


@dataclass(frozen=True)
class RobotContract:
    """The whole of it.

    Attributes:
        name: of the robot or task, for readers.
        period: seconds from one step to the next.
        observation: terms, in the order in which the network sees them.
        action: what comes out.
        joints: how many the robot has.
        joint_names: [joints] or [], in the robot's order.
        quaternion: order of the numbers of ``orientation``, which turns the robot's frame into the
            world's.
        history_order: term: all steps of a term, then the next term; time: all terms of a step,
            then the next step, where all terms have the same history.
        newest_first: else the oldest step comes first.
        history_start: what a history holds at the first step: that step again and again (first), or
            zeros before it.
        low, high: bounds of every element of the observation, after its scale; equal where there
            are none.
    """

    name: str
    period: float
    observation: tuple[Term, ...]
    action: Action
    joints: int
    joint_names: tuple[str, ...] = ()
    quaternion: Literal["wxyz", "xyzw"] = "wxyz"
    history_order: Literal["term", "time"] = "term"
    newest_first: bool = False
    history_start: Literal["first", "zeros"] = "first"
    low: float = 0.0
    high: float = 0.0

    @property
    def observation_size(self) -> int:
        """Elements that the network sees."""
        return sum(term.width for term in self.observation)

    @property
    def sensors(self) -> dict[str, int]:
        """Size of each member of the struct of sensors, in its order."""
        found: dict[str, int] = {}
        for term in self.observation:
            if term.kind == "sensor":
                found[term.name] = term.size
            elif term.kind == "projected_gravity":
                found[ORIENTATION] = 4
            elif term.kind in (JOINT_POSITION, JOINT_VELOCITY):
                found[term.kind] = self.joints
        return found

    def blocks(self) -> Iterator[tuple[Term, int, int]]:
        """Each term with an age in steps (0 is now) and where its elements of that age begin."""
        position = 0
        if self.history_order == "term":
            for term in self.observation:
                for age in self._ages(term):
                    yield term, age, position
                    position += term.size
        else:
            for age in self._ages(self.observation[0]):
                for term in self.observation:
                    yield term, age, position
                    position += term.size

    def _ages(self, term: Term) -> Iterator[int]:
        ages = range(term.history)
        return iter(ages if self.newest_first else reversed(ages))
