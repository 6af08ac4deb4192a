# SPDX-License-Identifier: MIT
"""A robot's contract as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from puffer_edge.cli.printing.console import say
from puffer_edge.robot import RobotContract
from puffer_edge.robot.identity import identity
from puffer_edge.robot.showing import about, numbers


def shown(contract: RobotContract) -> None:
    """Prints it."""
    order = {"term": "all steps of a term, then the next term",
             "time": "all terms of a step, then the next step"}[contract.history_order]
    table = Table(title=escape(f"observation: {contract.observation_size} numbers "
                               f"every {contract.period * 1000:g} ms"), title_justify="left")
    for column in ("from", "term", "kind", "unit", "size", "steps", "what is done with it"):
        table.add_column(column, no_wrap=column == "term",
                         justify="right" if column in ("from", "size", "steps") else "left")
    position = 0
    for term in contract.observation:
        table.add_row(str(position), escape(term.name), term.kind, escape(term.unit),
                      str(term.size), str(term.history), escape(about(term)))
        position += term.width if contract.history_order == "term" else term.size
    say(table)
    if any(term.history > 1 for term in contract.observation):
        say(f"histories: {order}; the {'newest' if contract.newest_first else 'oldest'} first; "
            + ("the first step fills them" if contract.history_start == "first" else
               "zeros before the first step"))
    _action(contract)
    if contract.low < contract.high:
        say(f"every number is kept in [{contract.low:g}, {contract.high:g}]")
    if "orientation" in contract.sensors:
        say(f"orientation: {contract.quaternion}")
    say(f"hash: {identity(contract)}", soft_wrap=True)


def _action(contract: RobotContract) -> None:
    action = contract.action
    seen = "what the policy gave" if action.remembered == "raw" else "the target"
    table = Table(title=f"action: {action.size} numbers; a last_action is {seen}",
                  title_justify="left")
    columns = {"scale": action.scale, "offset": action.offset, "low": action.low,
               "high": action.high, "stiffness": action.stiffness, "damping": action.damping}
    said = {name: values for name, values in columns.items() if values}
    for column in ("", "joint", "target of", *said):
        table.add_column(column, justify="left" if column in ("joint", "target of") else "right")
    for i, joint in enumerate(action.joint_map):
        name = contract.joint_names[joint] if contract.joint_names else ""
        table.add_row(str(i), escape(f"{joint} {name}".strip()), action.kind[i],
                      *(numbers(values[i:i + 1]) for values in said.values()))
    say(table)


def compared(lines: Sequence[str]) -> None:
    """Prints what differs."""
    for line in lines:
        say(escape(line), soft_wrap=True)
    say(f"{len(lines)} differences" if lines else "the same contract")
