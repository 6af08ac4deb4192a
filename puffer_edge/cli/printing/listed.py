# SPDX-License-Identifier: MIT
"""The targets and boards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table

from puffer_edge.boards import Board, Memory, aliases, boards
from puffer_edge.cli.printing.console import say
from puffer_edge.exporters.micropython.boards import ALSO, profiles
from puffer_edge.firmware.frameworks import frameworks_of
from puffer_edge.targets import ALIASES, EXPORTED, MICROPYTHON, Platform, Target


def as_data() -> dict[str, Any]:
    """Targets by name; the boards are with MicroPython."""
    found: dict[str, Any] = {name: asdict(target) | {"aliases": _also(name, ALIASES)}
                             for name, target in EXPORTED.items()}
    found[MICROPYTHON.name]["boards"] = {
        name: asdict(board) | {"aliases": _also(name, {**aliases(), **ALSO})}
        for name, board in profiles().items()}
    return found


def listed() -> None:
    """Prints them."""
    table = Table(title="export --target", title_justify="left")
    for column in ("target", "core", "float", "emulated by", "also called"):
        table.add_column(column)
    for name, target in EXPORTED.items():
        table.add_row(name, target.title, *_core(target), ", ".join(_also(name, ALIASES)))
    say(table)
    table = Table(title="--board, for micropython; `puffer-edge boards` lists all boards",
                  title_justify="left")
    for column in ("board", "", "kernels"):
        table.add_column(column)
    for name, profile in profiles().items():
        table.add_row(name, profile.title, ", ".join(profile.grades))
    say(table)


def boards_listed() -> None:
    """Prints the boards."""
    table = Table(title="--board", title_justify="left")
    for column in ("board", "core", "MHz", "float", "flash", "RAM"):
        table.add_column(column, no_wrap=True,
                         justify="right" if column in ("MHz", "flash", "RAM") else "left")
    for name, board in boards().items():
        table.add_row(name, board.core.name, f"{board.core.clock / 1e6:,.0f}",
                      board.core.float_unit, _left(board.flash), _left(board.ram))
    say(table)
    say("flash and RAM: what the usual framework leaves.\n"
        "`puffer-edge boards NAME` tells more, and the source of each number.")


def board_shown(board: Board) -> None:
    """Prints one board with the sources of its numbers."""
    say(escape(f"{board.name}: {board.title}, {board.chip}"))
    say(escape(f"also called: {', '.join(board.aliases)}"))
    say(escape(f"projects for: {', '.join(frameworks_of(board))}"))
    for table, part in asdict(board).items():
        if isinstance(part, dict):
            said = ", ".join(f"{key.replace('_', ' ')} {_shown(value)}"
                             for key, value in part.items() if key != "source")
            source = f"\n  {part['source']}" if "source" in part else ""
            say(escape(f"{table.replace('_', '-')}: {said}{source}"), soft_wrap=True)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else (
        ", ".join(value) if isinstance(value, tuple | list) else value or "-")


def _left(memory: Memory) -> str:
    """Kilobytes or megabytes."""
    if not memory.size:
        return "a card"
    return f"{memory.left >> 10:,} KB" if memory.left < 10 << 20 else f"{memory.left >> 20:,} MB"


def _core(target: Platform) -> tuple[str, str]:
    """Floating point, and what runs it for verify."""
    if not isinstance(target, Target):
        return "", "its own runtime"
    return ("FPU" if target.hard_float else "software",
            ", ".join(target.emulators) or "runs natively")


def _also(name: str, aliases: dict[str, str]) -> list[str]:
    return [alias for alias, meant in aliases.items() if meant == name]
