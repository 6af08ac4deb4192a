# SPDX-License-Identifier: MIT
"""``contract.toml``: the form that a person writes."""

from __future__ import annotations

import math
import sys
from typing import Any

from puffer_edge.errors import FileFormatError
from puffer_edge.robot.contract import (
    JOINT_POSITION,
    JOINT_VELOCITY,
    Action,
    RobotContract,
    Term,
)
from puffer_edge.robot.readers.keys import Table, shown

KINDS = ("sensor", "joint_position", "joint_velocity", "projected_gravity", "last_action", "phase")
TERM = ("name", "kind", "size", "unit", "offset", "clip", "low", "high", "scale", "history",
        "joints", "degrees", "period", "elements")
ACTION = ("size", "kind", "joints", "raw-clip", "raw-low", "raw-high", "scale", "offset", "clip",
          "low", "high", "last-action", "stiffness", "damping")
CONTRACT = ("name", "rate", "period", "joints", "quaternion", "history-order", "newest-first",
            "history-start", "clip", "observation", "action")


def read_toml(text: str, where: str) -> RobotContract:
    """The contract that a TOML file describes, not checked yet.

    Raises:
        FileFormatError: it is no TOML, has a key that is not known, lacks one, or has a value of
            another type.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        plain = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"this is not TOML: {error}", where=where) from None
    table = Table(plain, where)
    table.only(CONTRACT)
    names, joints = _joints(table)
    terms = table.plain.get("observation")
    if not isinstance(terms, list):
        raise FileFormatError("there are no [[observation]] tables", where=where)
    action = _action(table.table("action"), names, joints)
    low, high = _bounds(table)
    return RobotContract(
        table.text("name", ""), _period(table),
        tuple(_term(Table(each, where, f"observation[{i}]"), names, joints, action.size)
              for i, each in enumerate(terms)),
        action, joints, names,
        quaternion=table.one_of("quaternion", ("wxyz", "xyzw"), "wxyz"),
        history_order=table.one_of("history-order", ("term", "time"), "term"),
        newest_first=_flag(table, "newest-first"),
        history_start=table.one_of("history-start", ("first", "zeros"), "first"),
        low=low, high=high)


def _joints(table: Table) -> tuple[tuple[str, ...], int]:
    if isinstance(table.plain.get("joints"), list):
        names = table.texts("joints")
        return names, len(names)
    return (), table.whole("joints", 0)


def _period(table: Table) -> float:
    if table.has("rate") == table.has("period"):
        raise FileFormatError("give either the rate in Hz or the period in seconds",
                              where=table.where)
    if table.has("period"):
        return table.number("period")
    rate = table.number("rate")
    if rate <= 0:
        raise table.refuse("rate", f"is {rate} Hz")
    return 1 / rate


def _term(table: Table, names: tuple[str, ...], joints: int, actions: int) -> Term:
    table.only(TERM)
    name = table.text("name")
    kind = table.one_of("kind", KINDS, name if name in KINDS else "sensor")
    moving = kind in (JOINT_POSITION, JOINT_VELOCITY)
    joint_map = _map(table, names, joints) if moving else ()
    fixed = {"projected_gravity": 3, "phase": 2, "last_action": actions}
    size = table.whole("size", len(joint_map) if moving else fixed.get(kind))
    scale = table.numbers("scale", size)
    if _flag(table, "degrees"):
        scale = tuple(each * 180 / math.pi for each in scale or (1.0,) * size)
    low, high = _element_bounds(table, "clip", size)
    return Term(name, kind, size, table.text("unit", ""), table.numbers("offset", size), low, high,
                scale, table.whole("history", 1), joint_map, table.number("period", 0.0),
                table.texts("elements") if table.has("elements") else ())


def _action(table: Table, names: tuple[str, ...], joints: int) -> Action:
    table.only(ACTION)
    joint_map = _map(table, names, joints)
    size = table.whole("size", len(joint_map))
    kinds: Any = table.plain.get("kind", "position")
    words = ("position", "velocity", "torque")
    listed = kinds if isinstance(kinds, list) else [kinds] * size
    kind = tuple(Table({"kind": each}, table.where, table.name).one_of("kind", words, "")
                 for each in listed)
    raw_low, raw_high = _element_bounds(table, "raw-clip", size, "raw-low", "raw-high")
    low, high = _element_bounds(table, "clip", size)
    return Action(size, kind, joint_map, raw_low, raw_high, table.numbers("scale", size),
                  table.numbers("offset", size), low, high,
                  table.one_of("last-action", ("raw", "target"), "raw"),
                  table.numbers("stiffness", size), table.numbers("damping", size))


def _map(table: Table, names: tuple[str, ...], joints: int) -> tuple[int, ...]:
    """Joints by name or by number; all in the robot's order where none are given."""
    given = table.plain.get("joints")
    if given is None:
        return tuple(range(joints))
    if isinstance(given, list) and given and isinstance(given[0], str):
        listed = table.texts("joints")
        if unknown := [name for name in listed if name not in names]:
            raise table.refuse("joints", f"has {unknown[0]!a:.60}, which is none of the robot's")
        return tuple(names.index(name) for name in listed)
    return table.wholes("joints")


def _element_bounds(table: Table, pair: str, size: int, low: str = "low", high: str = "high"
                    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """``clip = [low, high]`` for all elements, or ``low`` and ``high`` of each."""
    if not table.has(pair):
        return table.numbers(low, size), table.numbers(high, size)
    if table.has(low) or table.has(high):
        raise table.refuse(pair, f"and {low} or {high} say the same")
    bounds = table.numbers(pair, 2)
    return (bounds[0],) * size, (bounds[1],) * size


def _bounds(table: Table) -> tuple[float, float]:
    if not table.has("clip"):
        return 0.0, 0.0
    low, high = table.numbers("clip", 2)
    if low >= high:
        raise table.refuse("clip", f"has the bounds {low} and {high}")
    return low, high


def _flag(table: Table, key: str) -> bool:
    value = table.plain.get(key, False)
    if not isinstance(value, bool):
        raise table.refuse(key, f"is {shown(value)}, neither true nor false")
    return value
