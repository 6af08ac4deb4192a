# SPDX-License-Identifier: MIT
"""A contract as ``contract.toml``: what :mod:`robot.readers.own` reads as the same contract."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from puffer_edge.errors import OutputError
from puffer_edge.robot.contract import Action, RobotContract, Term

FILE = "contract.toml"


def to_toml(contract: RobotContract) -> str:
    """The text; equal contracts give equal texts."""
    lines = [f"name = {_word(contract.name)}"] if contract.name else []
    lines += [f"period = {contract.period!r}",
              f"joints = {_list(contract.joint_names) or contract.joints}",
              f'quaternion = "{contract.quaternion}"',
              f'history-order = "{contract.history_order}"',
              f"newest-first = {str(contract.newest_first).lower()}",
              f'history-start = "{contract.history_start}"']
    if contract.low < contract.high:
        lines.append(f"clip = [{contract.low!r}, {contract.high!r}]")
    for term in contract.observation:
        lines += ["", "[[observation]]", *_term(term)]
    lines += ["", "[action]", *_action(contract.action)]
    return "\n".join(lines) + "\n"


def write(contract: RobotContract, path: Path) -> None:
    """The file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(to_toml(contract), encoding="ascii")
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from error


def _term(term: Term) -> list[str]:
    lines = [f"name = {_word(term.name)}", f'kind = "{term.kind}"', f"size = {term.size}"]
    lines += [f"unit = {_word(term.unit)}"] if term.unit else []
    lines += [f"joints = {_list(term.joint_map)}"] if term.joint_map else []
    lines += [f"elements = {_list(term.elements)}"] if term.elements else []
    lines += _numbers(term, ("offset", "low", "high", "scale"))
    lines += [f"history = {term.history}"] if term.history > 1 else []
    return lines + ([f"period = {term.period!r}"] if term.period else [])


def _action(action: Action) -> list[str]:
    lines = [f"size = {action.size}", f"kind = {_list(action.kind)}",
             f"joints = {_list(action.joint_map)}"]
    for key, name in (("raw_low", "raw-low"), ("raw_high", "raw-high")):
        if getattr(action, key):
            lines.append(f"{name} = {_list(getattr(action, key))}")
    lines += _numbers(action, ("scale", "offset", "low", "high"))
    lines.append(f'last-action = "{action.remembered}"')
    return lines + _numbers(action, ("stiffness", "damping"))


def _numbers(part: Term | Action, keys: Sequence[str]) -> list[str]:
    return [f"{key} = {_list(getattr(part, key))}" for key in keys if getattr(part, key)]


def _list(values: Sequence[Any]) -> str:
    """One value where all numbers are equal, else all of them; empty where there are none."""
    if not values:
        return ""
    if len(set(values)) == 1 and isinstance(values[0], float):
        return repr(values[0])
    return "[" + ", ".join(_word(value) if isinstance(value, str) else repr(value)
                           for value in values) + "]"


def _word(text: str) -> str:
    return json.dumps(text)
