# SPDX-License-Identifier: MIT
"""What exploy writes into an ONNX file: inputs and outputs by name, and JSON about them.

``obj.ROBOT.joints.pos``, ``cmd.se2_velocity.NAME``, ``output.joint_targets.NAME.pos`` and the like
tell what each is; ``memory.NAME.in`` is carried to ``memory.NAME.out``. Scales and the default pose
are in the network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.robot.contract import Action, ActionKind, RobotContract, Term, TermKind
from puffer_edge.robot.readers import joints
from puffer_edge.robot.readers.joints import Joints
from puffer_edge.robot.readers.keys import Table, parsed

JOINTS = re.compile(r"(obj\.[^.]+\.joints)\.(pos|vel)")
TARGETS = re.compile(r"(output\.joint_targets\.[^.]+)\.(pos|vel|effort)")
MEMORY = re.compile(r"memory\..*\.in")
MOVING: dict[str, TermKind] = {"pos": "joint_position", "vel": "joint_velocity"}
KINDS: dict[str, ActionKind] = {"pos": "position", "vel": "velocity", "effort": "torque"}
ENDS = {"pos_b_rt_w_in_w": ("m", "xyz"), "w_Q_b": ("", "wxyz"),
        "lin_vel_b_rt_w_in_b": ("m/s", "xyz"), "ang_vel_b_rt_w_in_b": ("rad/s", "xyz")}
"""Unit and elements by the last word of an input's name."""
AXES = ("lin_vel_x", "lin_vel_y", "ang_vel_z")


def knows(texts: Mapping[str, str]) -> bool:
    """Whether the metadata are these."""
    return "exploy_version" in texts


def read(texts: Mapping[str, str], inputs: Mapping[str, int], outputs: Mapping[str, int],
         rate: float, where: str) -> RobotContract:
    """The contract, not checked yet.

    Args:
        texts: the metadata, JSON each.
        inputs: numbers of each, in the file's order.
        outputs: the same.
        rate: steps per second instead of the file's; 0 for the file's.
        where: the file.

    Raises:
        UsageError: there is no rate.
        FileFormatError: the metadata contradict the network, or no output is a target of joints.
    """
    about = Table({key: parsed(text, key, where) for key, text in texts.items()
                   if key.startswith(("obj.", "cmd.", "output."))
                   or key in ("update_rate", "base_names")}, where, "metadata")
    order = Joints()
    terms = tuple(_term(name, size, about, order) for name, size in inputs.items()
                  if not MEMORY.fullmatch(name))
    return RobotContract("", 1 / (rate or _rate(about)), terms, _action(outputs, about, order),
                         len(order.names), tuple(order.names))


def _rate(about: Table) -> float:
    if not about.has("update_rate"):
        raise UsageError("the file does not tell how often the policy steps", where=about.where,
                         hint="give --rate 50, or the environment's")
    rate = about.number("update_rate")
    if rate <= 0:
        raise about.refuse("update_rate", f"is {rate} Hz")
    return rate


def _term(name: str, size: int, about: Table, order: Joints) -> Term:
    if found := JOINTS.fullmatch(name):
        names = about.table(found[1]).texts("joint_names")
        return joints.term(name, MOVING[found[2]], size, "rad" if found[2] == "pos" else "rad/s",
                           names, order, about.where)
    unit, elements = ENDS.get(name.rsplit(".", 1)[-1], ("", ""))
    said = about.table(name) if name.startswith("cmd.") and about.has(name) else None
    if said is not None and said.has("joint_names"):
        return joints.term(name, "sensor", size, "rad", said.texts("joint_names"), order,
                           about.where)
    term = joints.term(name, "sensor", size, unit, tuple(elements), order, about.where)
    if said is None or not said.has("ranges"):
        return term
    pairs = [said.table("ranges").numbers(axis, 2) for axis in AXES]
    if size != 3 or not all(pairs):
        raise said.refuse("ranges", f"are no bounds of {size} numbers")
    return Term(term.name, "sensor", 3, "m/s, m/s, rad/s", low=tuple(low for low, _ in pairs),
                high=tuple(high for _, high in pairs))


def _action(outputs: Mapping[str, int], about: Table, order: Joints) -> Action:
    """The target that comes first: in exploy's order positions do, before what is 0 beside them."""
    for name, size in outputs.items():
        if found := TARGETS.fullmatch(name):
            said = about.table(found[1])
            names = said.texts("names")
            if len(names) != size:
                raise said.refuse("names", f"has {len(names)} joints for {size} numbers of {name}")
            return Action(size, (KINDS[found[2]],) * size, order.places(names),
                          stiffness=said.numbers("stiffness", size),
                          damping=said.numbers("damping", size))
    raise FileFormatError("no output is a target of joints", where=about.where)
