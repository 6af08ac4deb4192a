# SPDX-License-Identifier: MIT
"""``config.yaml`` of rl_sar, with the robot's ``base.yaml``, as its C++ controller reads them.

Scales first, then every number is bounded by ``clip_obs`` (``RL::ComputeObservation``); the whole
observations of ``observations_history`` (0 is the newest) stand in its order, all before the first
step being 0 (``ObservationBuffer``). The action is bounded, remembered, and times the scale plus
the default pose a target of position; of wheels it is one of velocity (``RL::ComputeOutput``).
"""

from __future__ import annotations

from typing import Any

from puffer_edge.robot.contract import Action, ActionKind, RobotContract, Term
from puffer_edge.robot.readers.keys import Table


def knows(plain: Any) -> bool:
    """Whether the file is one: a single table, of a robot or of a policy."""
    if not isinstance(plain, dict) or len(plain) != 1:
        return False
    inner = next(iter(plain.values()))
    return isinstance(inner, dict) and {"observations", "action_scale"} <= set(inner)


def read(plain: Any, base: Any, where: str) -> RobotContract:
    """The contract, not checked yet; ``base`` is the robot's file, None where there is none."""
    name = next(iter(plain))
    merged = {**(next(iter(base.values())) if _single(base) else {}), **plain[name]}
    table = Table(merged, where, str(name))
    if not table.has("dt") or not table.has("decimation"):
        raise table.refuse("dt", "and decimation are missing: they stand in the robot's base.yaml, "
                                 "which lies in the folder above the policy's")
    joints = table.whole("num_of_dofs")
    joint_map = (table.wholes("joint_mapping") if table.has("joint_mapping")
                 else tuple(range(joints)))
    if len(joint_map) != joints:
        raise table.refuse("joint_mapping", f"has {len(joint_map)} joints of {joints}")
    wheels = set(table.wholes("wheel_indices")) if table.has("wheel_indices") else set()
    ages = table.wholes("observations_history") if table.has("observations_history") else ()
    steps = len(ages) or 1
    if ages not in ((), tuple(range(steps)), tuple(reversed(range(steps)))):
        raise table.refuse("observations_history", f"{list(ages)} is no run of steps")
    bound = table.number("clip_obs")
    if bound <= 0:
        raise table.refuse("clip_obs", f"is {bound}, which leaves nothing of an observation")
    return RobotContract(
        str(name), table.number("dt") * table.whole("decimation"),
        tuple(_term(each, table, steps, joint_map, wheels) for each in table.texts("observations")),
        _action(table, joint_map, wheels), joints,
        table.texts("joint_names") if table.has("joint_names") else (),
        history_order=table.one_of("observations_history_priority", ("time", "term"), "time"),
        newest_first=steps > 1 and ages[0] == 0, history_start="zeros", low=-bound, high=bound)


def _single(base: Any) -> bool:
    return isinstance(base, dict) and len(base) == 1 and isinstance(next(iter(base.values())), dict)


def _term(name: str, table: Table, history: int, joint_map: tuple[int, ...],
          wheels: set[int]) -> Term:
    joints = len(joint_map)
    if name in ("lin_vel", "ang_vel"):
        return Term(name, "sensor", 3, "m/s" if name == "lin_vel" else "rad/s",
                    scale=table.numbers(f"{name}_scale", 3), history=history)
    if name == "gravity_vec":
        return Term(name, "projected_gravity", 3, history=history)
    if name == "commands":
        return Term(name, "sensor", 3, scale=table.numbers("commands_scale", 3), history=history)
    if name == "dof_pos":
        scales = table.numbers("dof_pos_scale", joints)
        return Term(name, "joint_position", joints, "rad",
                    offset=table.numbers("default_dof_pos", joints),
                    scale=tuple(0.0 if i in wheels else each for i, each in enumerate(scales)),
                    history=history, joint_map=joint_map)
    if name == "dof_vel":
        return Term(name, "joint_velocity", joints, "rad/s",
                    scale=table.numbers("dof_vel_scale", joints), history=history,
                    joint_map=joint_map)
    if name == "actions":
        return Term(name, "last_action", joints, history=history)
    raise table.refuse("observations", f"has {name!a:.60}, which is computed from a recorded "
                                       "motion and cannot be packed from sensors")


def _action(table: Table, joint_map: tuple[int, ...], wheels: set[int]) -> Action:
    size = len(joint_map)
    kind: tuple[ActionKind, ...] = tuple(
        "velocity" if i in wheels else "position" for i in range(size))
    pose = table.numbers("default_dof_pos", size) or (0.0,) * size
    low, high = (() if table.plain.get(key) == [] else table.numbers(key, size)
                 for key in ("clip_actions_lower", "clip_actions_upper"))
    return Action(size, kind, joint_map, raw_low=low, raw_high=high,
                  scale=table.numbers("action_scale", size),
                  offset=tuple(0.0 if i in wheels else each for i, each in enumerate(pose)),
                  stiffness=table.numbers("rl_kp", size), damping=table.numbers("rl_kd", size))
