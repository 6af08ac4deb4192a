# SPDX-License-Identifier: MIT
"""What mjlab, Isaac Lab and those who build on them write into an ONNX file's metadata.

Names of terms and joints, the default pose, gains and the action's scale, as lists with commas.
Scales of the terms are not there, as these environments have none by default; nor is the rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.readers.text import printable
from puffer_edge.robot.contract import Action, ActionKind, RobotContract, Term, TermKind
from puffer_edge.robot.readers.keys import Table

THREE = ("base_lin_vel", "base_ang_vel", "projected_gravity", "velocity_commands", "command",
         "gravity", "imu_lin_vel", "imu_ang_vel")
KINDS: dict[str, TermKind] = {
    "joint_pos": "joint_position", "joint_pos_rel": "joint_position",
    "joint_vel": "joint_velocity", "joint_vel_rel": "joint_velocity",
    "actions": "last_action", "last_action": "last_action",
    "projected_gravity": "projected_gravity"}
NEEDED = ("joint_names", "observation_names", "default_joint_pos", "action_scale")


def knows(texts: Mapping[str, str]) -> bool:
    """Whether the metadata are these."""
    return all(key in texts for key in NEEDED)


def read(texts: Mapping[str, str], size: int, rate: float, where: str) -> RobotContract:
    """The contract, not checked yet.

    Args:
        texts: the metadata.
        size: elements of the network's observation.
        rate: steps per second, which the file does not tell; 0 where nobody does.
        where: the file.

    Raises:
        UsageError: there is no rate.
        FileFormatError: the sizes of two terms or more cannot be told.
    """
    if rate <= 0:
        raise UsageError("the file does not tell how often the policy steps", where=where,
                         hint="give --rate 50, or the environment's")
    names = tuple(_split(texts["joint_names"]))
    table = Table({key: _numbers(texts[key], key, where) for key in
                   ("default_joint_pos", "action_scale", "joint_stiffness", "joint_damping")
                   if key in texts}, where, "metadata")
    joints, pose = len(names), table.numbers("default_joint_pos", len(names))
    terms = sized([_term(name, joints, pose) for name in _split(texts["observation_names"])],
                   size, where)
    kind: ActionKind = "position"
    action = Action(joints, (kind,) * joints, tuple(range(joints)),
                    scale=table.numbers("action_scale", joints), offset=pose,
                    stiffness=table.numbers("joint_stiffness", joints),
                    damping=table.numbers("joint_damping", joints))
    return RobotContract("", 1 / rate, tuple(terms), action, joints, names)


def _term(name: str, joints: int, pose: tuple[float, ...]) -> Term:
    kind = KINDS.get(name, "sensor")
    if kind in ("joint_position", "joint_velocity"):
        position = kind == "joint_position"
        return Term(name, kind, joints, "rad" if position else "rad/s",
                    offset=pose if position else (), joint_map=tuple(range(joints)))
    sizes = {"last_action": joints, "projected_gravity": 3}
    return Term(name, kind, sizes.get(kind, 3 if name in THREE else 0))


def sized(terms: list[Term], size: int, where: str) -> list[Term]:
    """What one term of unknown size takes is what the others leave of the network's input."""
    unknown = [term for term in terms if not term.size]
    left = size - sum(term.size for term in terms)
    if len(unknown) > 1:
        names = printable(", ".join(term.name for term in unknown), 200)
        raise FileFormatError(
            f"the sizes of {names} cannot be told", where=where,
            hint="write a contract.toml; `puffer-edge contract --example` prints one")
    if unknown and left <= 0:
        raise FileFormatError(f"nothing of the network's {size} inputs is left for "
                              f"{printable(unknown[0].name)}", where=where)
    return [term if term.size else _widened(term, left) for term in terms]


def _widened(term: Term, size: int) -> Term:
    """Of so many numbers; what was said of one is said of all."""
    lists = {key: values * size for key in ("low", "high", "scale")
             if len(values := getattr(term, key)) == 1}
    return replace(term, size=size, **lists)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str, key: str, where: str) -> list[float] | float:
    try:
        numbers = [float(part) for part in _split(text)]
    except ValueError:
        raise FileFormatError(f"metadata.{key} is {text!a:.60}, no list of numbers",
                              where=where) from None
    return numbers[0] if len(numbers) == 1 else numbers
