# SPDX-License-Identifier: MIT
"""``deploy.yaml`` of unitree_rl_lab, as its C++ controller reads it.

Per term: the raw numbers, bounded, times the scale; terms keep their own histories, the oldest step
first, which the first step fills (``ObservationTermCfg``). The action times scale, plus offset,
bounded (``JointAction``). What the robot gives is in the policy's order: ``joint_ids_map`` has the
robot's joint of each.
"""

from __future__ import annotations

from typing import Any

from puffer_edge.robot.contract import Action, ActionKind, RobotContract, Term, TermKind
from puffer_edge.robot.readers.keys import Table

KINDS: dict[str, TermKind] = {
    "joint_pos_rel": "joint_position", "joint_vel_rel": "joint_velocity", "joint_vel":
    "joint_velocity", "joint_pos": "joint_position", "projected_gravity": "projected_gravity",
    "last_action": "last_action", "gait_phase": "phase"}
UNITS: dict[str, str] = {"joint_position": "rad", "joint_velocity": "rad/s",
                         "base_ang_vel": "rad/s", "base_lin_vel": "m/s"}


def knows(plain: Any) -> bool:
    """Whether the file is one."""
    return isinstance(plain, dict) and {"joint_ids_map", "step_dt", "observations",
                                        "actions"} <= set(plain)


def read(plain: Any, where: str) -> RobotContract:
    """The contract, not checked yet."""
    table = Table(plain, where)
    joint_map = table.wholes("joint_ids_map")
    size = len(joint_map)
    pose = table.numbers("default_joint_pos", size)
    actions = table.table("actions")
    if len(actions.plain) != 1:
        raise actions.refuse(", ".join(map(str, actions.plain)), "are not one action")
    name = next(iter(actions.plain))
    action = _action(actions.table(name), name, joint_map, table)
    observations = table.table("observations")
    commands = table.table("commands") if table.has("commands") else None
    terms = tuple(_term(observations.table(key), key, joint_map, pose, action.size, commands)
                  for key in observations.plain)
    listed = table.plain.get("stiffness")  # one of each joint of the robot
    joints = len(listed) if isinstance(listed, list) else max(joint_map, default=-1) + 1
    return RobotContract("", table.number("step_dt"), terms, action, joints)


def _term(table: Table, name: str, joint_map: tuple[int, ...], pose: tuple[float, ...],
          actions: int, commands: Table | None) -> Term:
    kind = KINDS.get(name, "sensor")
    size = {"projected_gravity": 3, "last_action": actions, "phase": 2}.get(kind, 0)
    offset: tuple[float, ...] = ()
    chosen: tuple[int, ...] = ()
    if kind in ("joint_position", "joint_velocity"):
        places = _places(table, len(joint_map))
        chosen, size = tuple(joint_map[i] for i in places), len(places)
        if name == "joint_pos_rel":
            if not pose:
                raise table.refuse("offset", "cannot be told: default_joint_pos is missing")
            offset = tuple(pose[i] for i in places)
    size = size or _length(table)
    low, high = _clip(table, size)
    if name == "velocity_commands" and commands is not None and not low:
        low, high = _command_bounds(commands, size)
    period = table.table("params").number("period") if kind == "phase" else 0.0
    return Term(name, kind, size, UNITS.get(kind, UNITS.get(name, "")), offset, low, high,
                table.numbers("scale", size), table.whole("history_length", 1), chosen, period)


def _places(table: Table, joints: int) -> tuple[int, ...]:
    """Which of the policy's joints a term sees: all, or those of ``params.asset_cfg``."""
    if table.has("params") and isinstance(table.plain["params"], dict):
        asset = table.plain["params"].get("asset_cfg")
        if isinstance(asset, dict) and isinstance(asset.get("joint_ids"), list):
            places = Table(asset, table.where, table.at("params.asset_cfg")).wholes("joint_ids")
            if bad := [place for place in places if place >= joints]:
                raise table.refuse("params.asset_cfg.joint_ids", f"has {bad[0]} of {joints}")
            return places
    return tuple(range(joints))


def _length(table: Table) -> int:
    """A sensor has as many numbers as its scale."""
    scale = table.plain.get("scale")
    if not isinstance(scale, list) or not scale:
        raise table.refuse("scale", "is no list, so nothing tells how many numbers the term has")
    return len(scale)


def _clip(table: Table, size: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if not table.has("clip"):
        return (), ()
    low, high = _pair(table, "clip")
    return (low,) * size, (high,) * size


def _pair(table: Table, key: str) -> tuple[float, float]:
    if not table.has(key):
        raise table.refuse(key, "is missing")
    low, high = table.numbers(key, 2)
    return low, high


def _command_bounds(commands: Table, size: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The controller bounds what the joystick asks for by the ranges of training."""
    if not commands.has("base_velocity") or size != 3:
        return (), ()
    ranges = commands.table("base_velocity").table("ranges")
    pairs = [_pair(ranges, axis) for axis in ("lin_vel_x", "lin_vel_y", "ang_vel_z")]
    return tuple(low for low, _ in pairs), tuple(high for _, high in pairs)


def _action(table: Table, name: str, joint_map: tuple[int, ...], whole: Table) -> Action:
    size = len(joint_map)
    kinds: dict[str, ActionKind] = {
        "JointPositionAction": "position", "JointVelocityAction": "velocity",
        "JointEffortAction": "torque"}
    if name not in kinds:
        raise table.refuse("", f"is an action of a kind that is not known: {name!a:.60}")
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    if table.has("clip"):
        pairs = table.plain["clip"]
        if not isinstance(pairs, list) or len(pairs) != size:
            raise table.refuse("clip", f"is no list of {size} pairs")
        bounds = [_pair(Table({"clip": pair}, table.where, table.name), "clip") for pair in pairs]
        low, high = tuple(a for a, _ in bounds), tuple(b for _, b in bounds)
    return Action(size, (kinds[name],) * size, joint_map,
                  scale=table.numbers("scale", size), offset=table.numbers("offset", size),
                  low=low, high=high, stiffness=_gains(whole, "stiffness", joint_map),
                  damping=_gains(whole, "damping", joint_map))


def _gains(table: Table, key: str, joint_map: tuple[int, ...]) -> tuple[float, ...]:
    """The file has gains in the robot's order, as the controller reads them."""
    if not table.has(key):
        return ()
    listed = table.plain[key]
    gains = table.numbers(key, len(listed) if isinstance(listed, list) else 0)
    if bad := [joint for joint in joint_map if joint >= len(gains)]:
        raise table.refuse(key, f"has {len(gains)} numbers, none for joint {bad[0]}")
    return tuple(gains[joint] for joint in joint_map)
