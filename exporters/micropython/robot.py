# SPDX-License-Identifier: MIT
"""``policy_robot.py``: a robot's contract for MicroPython, the bits of ``robot.reference``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from puffer_edge.exporters.licence import without_licence
from puffer_edge.robot import RobotContract, Term
from puffer_edge.robot.identity import identity
from puffer_edge.robot.showing import row_of
from puffer_edge.robot.sine import SINE

FILE = "policy_robot.py"


def robot_module(contract: RobotContract, name: str) -> str:
    """The text of the module.

    Args:
        contract: one that fits the policy, see ``robot.check_fit``.
        name: of the policy.
    """
    action = contract.action
    kinds = list(dict.fromkeys(action.kind))
    bounded = contract.low < contract.high
    lines = [
        f'"""What lies between the policy {name} and a robot; made by puffer-edge.', "",
        *(f"{row_of(term)}" for term in contract.observation), '"""', "",
        _runtime(), "", "",
        f'HASH = "{identity(contract)}"',
        f"PERIOD_US = {round(contract.period * 1e6)}",
        f"SIZE, JOINTS = {contract.observation_size}, {contract.joints}",
        f"JOINT_NAMES = {_texts(contract.joint_names)}",
        f"SENSORS = {_listed(repr(member) for member in contract.sensors.items())}",
        f"ORIENTATION = {tuple(contract.quaternion.index(axis) for axis in 'wxyz')}",
        f"LOW, HIGH = {_numbers((contract.low,) if bounded else ())}, "
        f"{_numbers((contract.high,) if bounded else ())}",
        f"FIRST, NEWEST_FIRST = {contract.history_start == 'first'}, {contract.newest_first}",
        f"SINE = {_numbers(SINE)}",
        "# name, kind, size, offset, low, high, scale, steps, joints, start, stride, advance",
        "TERMS = (", *_terms(contract), ")",
        f"KINDS = {_texts(kinds)}",
        f"ACTION_KINDS = {bytes(kinds.index(kind) for kind in action.kind)!r}",
        f"ACTION_JOINTS = {tuple(action.joint_map)}",
        f"RAW_LOW, RAW_HIGH = {_numbers(action.raw_low)}, {_numbers(action.raw_high)}",
        f"ACTION_SCALE = {_numbers(action.scale)}", f"ACTION_OFFSET = {_numbers(action.offset)}",
        f"ACTION_LOW, ACTION_HIGH = {_numbers(action.low)}, {_numbers(action.high)}",
        f'REMEMBERED = "{action.remembered}"',
        f"STIFFNESS, DAMPING = {_numbers(action.stiffness)}, {_numbers(action.damping)}"]
    return "\n".join(lines) + "\n"


def arrays_bytes(contract: RobotContract) -> int:
    """Of the arrays that a ``Robot`` keeps, without what MicroPython keeps of each."""
    frame = sum(term.size for term in contract.observation)
    pasts = sum(term.width for term in contract.observation if term.history > 1)
    targets = len(set(contract.action.kind)) * contract.joints
    return 4 * (sum(contract.sensors.values()) + targets + contract.observation_size + frame
                + 2 * contract.action.size + pasts)


def _runtime() -> str:
    """The device code, a file after the other."""
    from importlib.resources import files

    folder = files("puffer_edge.runtimes") / "micropython" / "robot"
    texts = [without_licence((folder / f"{name}.py").read_text("utf-8")).strip()
             for name in ("numbers", "turning", "robot")]
    return "\n\n\n".join(texts)


def _terms(contract: RobotContract) -> Iterable[str]:
    frame = sum(term.size for term in contract.observation)
    at = position = 0
    for term in contract.observation:
        by_term = contract.history_order == "term"
        yield (f'    ("{term.name}", "{term.kind}", {term.size}, {_numbers(term.offset)}, '
               f"{_numbers(term.low)}, {_numbers(term.high)}, {_numbers(term.scale)}, "
               f"{term.history}, {tuple(term.joint_map)}, {position if by_term else at}, "
               f"{term.size if by_term else frame}, {_advance(term, contract)}),")
        at += term.size
        position += term.width


def _advance(term: Term, contract: RobotContract) -> str:
    return _numbers((contract.period / term.period,)) if term.period else "()"


def _numbers(values: Sequence[float] | Sequence[np.float32]) -> str:
    """As bytes: how a port reads a decimal may be off by a bit."""
    return f"floats({np.array(values, '<f4').tobytes()!r})" if values else "()"


def _texts(words: Iterable[str]) -> str:
    return _listed(f'"{word}"' for word in words)


def _listed(items: Iterable[str]) -> str:
    parts = list(items)
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
