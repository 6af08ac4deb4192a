# SPDX-License-Identifier: MIT
"""The YAML file that LEAPP writes beside its networks, as Isaac Lab 3 exports them.

``models`` has the inputs and outputs of each network, with a kind and names of their elements;
``pipeline`` what comes from outside (``inputs``) and what is carried from step to step
(``feedback_flow``). Scales and the default pose are in the networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.robot.contract import Action, ActionKind, RobotContract, Term, TermKind
from puffer_edge.robot.readers import joints
from puffer_edge.robot.readers.joints import Joints
from puffer_edge.robot.readers.keys import Table

KINDS: dict[str, TermKind] = {"state/joint/position": "joint_position",
                              "state/joint/velocity": "joint_velocity"}
UNITS = {"position": "m", "rotation": "", "effort": "Nm", "torques": "Nm",
         "linear_velocity": "m/s", "angular_velocity": "rad/s",
         "linear_acceleration": "m/s^2", "angular_acceleration": "rad/s^2"}
"""By the last word of a kind; of joints below."""
JOINT_UNITS = {"position": "rad", "velocity": "rad/s"}
TARGETS: dict[str, ActionKind] = {
    "target/joint/position": "position", "target/joint/velocity": "velocity",
    "target/joint/torques": "torque", "target/joint/effort": "torque"}
TIME = "__temporal_axis__"


def knows(plain: Any) -> bool:
    """Whether the file is one."""
    return isinstance(plain, dict) and {"models", "pipeline"} <= set(plain)


def read(plain: Any, rate: float, where: str) -> RobotContract:
    """The contract, not checked yet; ``rate`` in Hz is for files that do not tell it.

    Raises:
        UsageError: there is no rate.
        FileFormatError: not one output is a target of joints.
    """
    table = Table(plain, where)
    pipeline, models = table.table("pipeline"), table.table("models")
    order = Joints()
    terms = [_term(port, order) for port in _ports(models, pipeline, "inputs")]
    outputs = list(_ports(models, pipeline, "outputs"))
    targets = [port for port in outputs if port.plain.get("kind") in TARGETS]
    if len(targets) != 1:
        known = ", ".join(port.text("name") for port in targets) or "none"
        raise FileFormatError(f"one output is a target of joints in a contract; these are: {known}",
                              where=where, hint="write a contract.toml")
    action = _action(targets[0], order)
    return RobotContract("", _period(pipeline, rate), tuple(terms), action,
                         len(order.names), tuple(order.names), quaternion=_quaternion(terms))


def _ports(models: Table, pipeline: Table, side: str) -> Iterator[Table]:
    """What comes from outside, or goes there: network by network, each in its own order."""
    outside = pipeline.table(side)
    outside.only(models.plain)
    for name in models.plain:
        wanted = outside.texts(name) if outside.has(name) else ()
        listed = models.table(name).plain.get(side)
        if not isinstance(listed, list):
            raise models.refuse(name, f"has no {side}")
        ports = [Table(each, models.where, f"{models.at(name)}.{side}[{i}]")
                 for i, each in enumerate(listed)]
        names = [port.text("name") for port in ports]
        if lost := [each for each in wanted if each not in names]:
            raise outside.refuse(name, f"has {lost[0]!a:.60}, which the network has not")
        yield from (port for port, each in zip(ports, names, strict=True) if each in wanted)


def _term(port: Table, order: Joints) -> Term:
    kind = port.text("kind", "")
    word = kind.rsplit("/", 1)[-1]
    unit = (JOINT_UNITS if "/joint/" in kind else {}).get(word, UNITS.get(word, ""))
    return joints.term(port.text("name"), KINDS.get(kind, "sensor"), _size(port), unit,
                       _elements(port), order, port.where)


def _size(port: Table) -> int:
    """Numbers of a step; a batch of one stands first."""
    return prod(port.wholes("shape"))


def _elements(port: Table) -> tuple[str, ...]:
    """Names of the numbers, where one axis has names and there is no other."""
    axes = port.plain.get("element_names")
    if not isinstance(axes, list) or len(axes) != 1 or axes[0] == TIME or axes[0] is None:
        return ()
    return Table({"element_names": axes[0]}, port.where, port.name).texts("element_names")


def _quaternion(terms: list[Term]) -> Any:
    """As the first orientation has it; every term names its own, too."""
    found = ("".join(term.elements) for term in terms if term.size == 4)
    return next((order for order in found if order in ("wxyz", "xyzw")), "wxyz")


def _action(port: Table, order: Joints) -> Action:
    size, names = _size(port), _elements(port)
    if len(names) != size:
        raise port.refuse("element_names", f"has {len(names)} joints for {size} numbers")
    return Action(size, (TARGETS[port.text("kind")],) * size, order.places(names))


def _period(pipeline: Table, rate: float) -> float:
    if not rate and pipeline.has("configs") and pipeline.table("configs").has("frequency"):
        rate = pipeline.table("configs").number("frequency")
        if rate <= 0:
            raise pipeline.refuse("configs.frequency", f"is {rate} Hz")
    if rate <= 0:
        raise UsageError("the file does not tell how often the policy steps", where=pipeline.where,
                         hint="give --rate 50, or the environment's")
    return 1 / rate
