# SPDX-License-Identifier: MIT
"""What holosoma writes into an ONNX file: joints, gains, and the whole of its settings as JSON.

As its ``ObservationManager`` computes them: a term's numbers times its scale, then its bounds, then
its history, which begins with zeros; terms by the alphabet; all in ``clip_observations``. As its
``JointPositionActionTerm``: the action in ``action_clip_value``, times the scale, plus the pose.
"""

from __future__ import annotations

from collections.abc import Mapping

from puffer_edge.robot.contract import Action, ActionKind, RobotContract, Term, TermKind
from puffer_edge.robot.readers.keys import Table, parsed
from puffer_edge.robot.readers.metadata import sized

KINDS: dict[str, TermKind] = {
    "dof_pos": "joint_position", "dof_vel": "joint_velocity", "actions": "last_action",
    "projected_gravity": "projected_gravity"}
SIZES = {"projected_gravity": 3, "base_lin_vel": 3, "base_ang_vel": 3, "command_lin_vel": 2,
         "command_ang_vel": 1, "sin_phase": 2, "cos_phase": 2}
UNITS = {"dof_pos": "rad", "dof_vel": "rad/s", "base_ang_vel": "rad/s", "base_lin_vel": "m/s",
         "command_ang_vel": "rad/s", "command_lin_vel": "m/s"}
CONTROL: dict[str, ActionKind] = {"P": "position", "V": "velocity", "T": "torque"}
GROUP = "actor_obs"


def knows(texts: Mapping[str, str]) -> bool:
    """Whether the metadata are these."""
    return {"dof_names", "experiment_config"} <= set(texts)


def read(texts: Mapping[str, str], size: int, rate: float, where: str) -> RobotContract:
    """The contract, not checked yet.

    Args:
        texts: the metadata, JSON each.
        size: numbers of the network's observation.
        rate: steps per second instead of the file's; 0 for the file's.
        where: the file.

    Raises:
        FileFormatError: a setting is missing, or the sizes of two terms or more cannot be told.
    """
    about = Table({key: parsed(texts[key], key, where) for key in
                   ("dof_names", "kp", "kd", "experiment_config") if key in texts}, where,
                  "metadata")
    settings, names = about.table("experiment_config"), about.texts("dof_names")
    robot = settings.table("robot")
    angles = robot.table("init_state").table("default_joint_angles")
    pose = tuple(angles.number(name) for name in names)
    observation = settings.table("observation")
    group = observation.table("groups").table(GROUP)
    history = group.whole("history_length", 1)
    terms = group.table("terms")
    found = [_term(terms.table(name), name, names, pose, history) for name in sorted(terms.plain)]
    bound = observation.number("clip_observations", 100.0)
    if bound <= 0:
        raise observation.refuse("clip_observations", f"is {bound}")
    return RobotContract(
        "", 1 / (rate or _rate(settings)), tuple(sized(found, size, where)),
        _action(about, robot, pose, len(names)), len(names), names, history_start="zeros",
        low=-bound, high=bound)


def _term(table: Table, name: str, names: tuple[str, ...], pose: tuple[float, ...],
          history: int) -> Term:
    word = table.text("func", name).rsplit(":", 1)[-1]
    kind, joints = KINDS.get(word, "sensor"), len(names)
    moving = kind in ("joint_position", "joint_velocity")
    size = joints if moving or kind == "last_action" else SIZES.get(word, 0)
    scale = table.plain.get("scale", 1.0)
    if not size and isinstance(scale, list):
        size = len(scale)
    scales = table.numbers("scale", size) if isinstance(scale, list) else (
        (table.number("scale", 1.0),) * (size or 1))
    low, high = _bounds(table, scales)
    return Term(name, kind, size, UNITS.get(word, ""), pose if word == "dof_pos" else (), low, high,
                scales, history, tuple(range(joints)) if moving else ())


def _bounds(table: Table, scales: tuple[float, ...]
            ) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The file's bounds are of the scaled number, a contract's of the number before."""
    if not table.has("clip"):
        return (), ()
    low, high = table.numbers("clip", 2)
    if not all(scale > 0 for scale in scales):
        raise table.refuse("clip", "bounds what was multiplied by no positive number")
    return tuple(low / scale for scale in scales), tuple(high / scale for scale in scales)


def _action(about: Table, robot: Table, pose: tuple[float, ...], size: int) -> Action:
    control = robot.table("control")
    kind = CONTROL[control.one_of("control_type", CONTROL, "P")]
    stiffness = about.numbers("kp", size)
    scale = (control.number("action_scale"),) * size
    if control.plain.get("action_scales_by_effort_limit_over_p_gain") is True:
        efforts = robot.numbers("dof_effort_limit_list", size)
        if not efforts or not stiffness:
            raise control.refuse("action_scales_by_effort_limit_over_p_gain",
                                 "needs dof_effort_limit_list and kp")
        scale = tuple(each * effort / gain if gain else 0.0
                      for each, effort, gain in zip(scale, efforts, stiffness, strict=True))
    clip = control.number("action_clip_value") if control.plain.get("clip_actions") is True else 0.0
    return Action(size, (kind,) * size, tuple(range(size)),
                  raw_low=(-clip,) * size if clip > 0 else (),
                  raw_high=(clip,) * size if clip > 0 else (), scale=scale,
                  offset=pose if kind == "position" else (), stiffness=stiffness,
                  damping=about.numbers("kd", size))


def _rate(settings: Table) -> float:
    engine = settings.table("simulator").table("config").table("sim")
    fps, decimation = engine.number("fps"), engine.whole("control_decimation")
    if fps <= 0 or not decimation:
        raise engine.refuse("fps", f"is {fps} Hz, of which each {decimation}th is a step")
    return fps / decimation
