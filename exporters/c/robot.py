# SPDX-License-Identifier: MIT
"""``policy_robot.h``: a robot's contract in C, the bits of ``puffer_edge.robot.reference``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from puffer_edge.exporters.c.text import number, remark, wrapped
from puffer_edge.exporters.licence import in_c
from puffer_edge.ir import Program
from puffer_edge.robot import Action, RobotContract, Term
from puffer_edge.robot.checking import macro
from puffer_edge.robot.identity import identity
from puffer_edge.robot.showing import row_of
from puffer_edge.robot.sine import SINE
from puffer_edge.templates import template

FILE = "policy_robot.h"
UNITS = {"position": "rad", "velocity": "rad/s", "torque": "Nm"}


def robot_header(contract: RobotContract, program: Program, name: str) -> str:
    """The text of the header.

    Args:
        contract: one that fits the policy, see ``robot.check_fit``.
        program: the policy.
        name: its name in C.
    """
    tables: list[dict[str, Any]] = []
    action_tables: list[dict[str, Any]] = []
    kinds = list(dict.fromkeys(contract.action.kind))
    if len(kinds) > 1:
        action_tables.append(_table("uint8_t", "kind",
                                    [kinds.index(kind) for kind in contract.action.kind]))
    joint = _joint(contract.action.joint_map, "joint", action_tables)
    histories = any(term.history > 1 for term in contract.observation)
    return in_c(template("puffer_edge.exporters.c", "robot.h.j2").render(
        name=name, NAME=name.upper(), about=f", {remark(contract.name)}" if contract.name else "",
        period_us=round(contract.period * 1e6), size=contract.observation_size,
        order=_order(contract) if histories else "", rows=[remark(row_of(term))
                                                           for term in contract.observation],
        hash=identity(contract), joints=contract.joints,
        joint_names=[macro(joint) for joint in contract.joint_names],
        sensors=[{"name": member, "size": size, "remark": _measured(contract, member)}
                 for member, size in contract.sensors.items()],
        targets=[{"name": kind, "remark": f" /* {UNITS[kind]} */"} for kind in kinds],
        gains=[{"name": key.upper(),
                "numbers": wrapped(map(number, values)).replace("\n", " \\\n")}
               for key in ("stiffness", "damping")
               if (values := _by_joint(contract, getattr(contract.action, key)))],
        frame=sum(term.size for term in contract.observation), actions=contract.action.size,
        remembers=any(term.kind == "last_action" for term in contract.observation),
        terms=_terms(contract, program, tables), tables=tables, action_tables=action_tables,
        histories=histories, starts_with_first=contract.history_start == "first",
        newest_first=contract.newest_first, quaternion=contract.quaternion,
        gravity=any(term.kind == "projected_gravity" for term in contract.observation),
        phases=any(term.kind == "phase" for term in contract.observation),
        sine=[number(c) for c in SINE], joint=joint,
        one_kind=kinds[0] if len(kinds) == 1 else "",
        action_lines=_action_lines(contract.action, contract, action_tables)))


def structs_bytes(contract: RobotContract) -> int:
    """Of the three structs that the header adds to the policy's: ``robot``, sensors and targets."""
    terms, actions = contract.observation, contract.action.size
    rings = [term.width for term in terms if term.history > 1]
    phases = sum(term.kind == "phase" for term in terms)
    words = sum(term.size for term in terms) + contract.observation_size + actions
    words += actions * any(term.kind == "last_action" for term in terms)
    words += sum(rings) + len(rings) + phases  # the place of the newest takes half of its word
    if phases or not rings:
        words += 1  # whether it was started, which else lies behind the last of those places
    targets = len(set(contract.action.kind)) * contract.joints
    return 4 * (words + sum(contract.sensors.values()) + targets)


def _terms(contract: RobotContract, program: Program, tables: list[dict[str, Any]],
           ) -> list[dict[str, Any]]:
    frame = sum(term.size for term in contract.observation)
    found, at, position = [], 0, 0
    for term in contract.observation:
        by_term = contract.history_order == "term" or term.history == 1
        first = position if contract.history_order == "term" else at
        field, start = _place(program, first)
        found.append({
            "name": term.name, "kind": term.kind, "size": term.size, "history": term.history,
            "at": at, "raw": _raw(term, at, tables), "lines": _scaled(term, contract, tables),
            "step": number(np.float32(contract.period / term.period)) if term.period else "",
            "field": field, "start": start, "stride": term.size if by_term else frame})
        at += term.size
        position += term.width
    return found


def _place(program: Program, position: int) -> tuple[str, int]:
    """The field of the policy's observation that holds an element, and where in it."""
    begin = 0
    for field in program.contract.observation:
        if position < begin + field.size:
            return field.name, position - begin
        begin += field.size
    raise AssertionError("checked before: the sizes are equal")


def _raw(term: Term, at: int, tables: list[dict[str, Any]]) -> str:
    if term.kind == "sensor":
        return f"sensors->{term.name}[i]"
    if term.kind == "last_action":
        return "robot->last_action[i]"
    if term.kind in ("projected_gravity", "phase"):
        return f"robot->now[{at} + i]"
    return f"sensors->{term.kind}[{_joint(term.joint_map, f'{term.name}_joint', tables)}]"


def _scaled(term: Term, contract: RobotContract, tables: list[dict[str, Any]]) -> list[str]:
    lines = ([f"x = x - {_each(term.offset, f'{term.name}_offset', tables)};"] if term.offset
             else [])
    lines += _bounded(term.low, term.high, term.name, tables)
    if set(term.scale) - {1.0}:
        lines.append(f"x = x * {_each(term.scale, f'{term.name}_scale', tables)};")
    if contract.low < contract.high:
        lines += _bounded((contract.low,), (contract.high,), "", tables)
    return lines


def _action_lines(action: Action, contract: RobotContract, tables: list[dict[str, Any]],
                  ) -> list[str]:
    remembers = any(term.kind == "last_action" for term in contract.observation)
    keep = ["robot->last_action[i] = x;"] if remembers else []
    lines = _bounded(action.raw_low, action.raw_high, "raw", tables)
    if action.remembered == "raw":
        lines += keep
    if set(action.scale) - {1.0}:
        lines.append(f"x = x * {_each(action.scale, 'scale', tables)};")
    if action.offset:
        lines.append(f"x = x + {_each(action.offset, 'offset', tables)};")
    lines += _bounded(action.low, action.high, "target", tables)
    return lines + (keep if action.remembered == "target" else [])


def _bounded(low: Sequence[float], high: Sequence[float], name: str, tables: list[dict[str, Any]],
             ) -> list[str]:
    if not low:
        return []
    lows, highs = _each(low, f"{name}_low", tables), _each(high, f"{name}_high", tables)
    return [f"x = x < {lows} ? {lows} : x;", f"x = x > {highs} ? {highs} : x;"]


def _each(numbers: Sequence[float], name: str, tables: list[dict[str, Any]]) -> str:
    """A literal where all are equal, else an element of a table."""
    words = [number(value) for value in numbers]
    if len(set(words)) == 1:
        return words[0] if not words[0].startswith("-") else f"({words[0]})"
    tables.append(_table("float", name, words))
    return f"{name}[i]"


def _joint(joint_map: Sequence[int], name: str, tables: list[dict[str, Any]]) -> str:
    if tuple(joint_map) == tuple(range(len(joint_map))):
        return "i"
    tables.append(_table("uint16_t", name, joint_map))
    return f"{name}[i]"


def _table(ctype: str, name: str, items: Sequence[Any]) -> dict[str, Any]:
    return {"type": ctype, "name": name, "size": len(items),
            "numbers": wrapped(map(str, items), "        ")}


def _order(contract: RobotContract) -> str:
    what = ("all steps of a term, then the next term" if contract.history_order == "term" else
            "all terms of a step, then the next step")
    return f"; {what}, the {'newest' if contract.newest_first else 'oldest'} first"


def _measured(contract: RobotContract, member: str) -> str:
    units = {"orientation": f"{contract.quaternion}, of the robot's frame in the world's",
             "joint_position": "rad", "joint_velocity": "rad/s"}
    unit = units.get(member) or next(
        (term.unit for term in contract.observation if term.name == member), "")
    return f" /* {remark(unit)} */" if unit else ""


def _by_joint(contract: RobotContract, values: Sequence[float]) -> list[float]:
    """Numbers of the action's elements by joint, 0 for those without."""
    if not values:
        return []
    found = [0.0] * contract.joints
    for joint, value in zip(contract.action.joint_map, values, strict=True):
        found[joint] = value
    return found
