"""The targets and boards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from puffer_edge.cli.printing.console import say
from puffer_edge.exporters.micropython import boards
from puffer_edge.targets import ALIASES, EXPORTED, MICROPYTHON, Platform, Target


def as_data() -> dict[str, Any]:
    """Targets by name; the boards are with MicroPython."""
    found: dict[str, Any] = {name: asdict(target) | {"aliases": _also(name, ALIASES)}
                             for name, target in EXPORTED.items()}
    found[MICROPYTHON.name]["boards"] = {
        name: asdict(board) | {"aliases": _also(name, boards.ALIASES)}
        for name, board in boards.BOARDS.items()}
    return found


def listed() -> None:
    """Prints them."""
    table = Table(title="export --target", title_justify="left")
    for column in ("target", "core", "float", "emulated by", "also called"):
        table.add_column(column)
    for name, target in EXPORTED.items():
        table.add_row(name, target.title, *_core(target), ", ".join(_also(name, ALIASES)))
    say(table)
    table = Table(title="--board, for micropython, and firmware where there is a core",
                  title_justify="left")
    for column in ("board", "", "kernels", "core for firmware in C", "also called"):
        table.add_column(column)
    for name, board in boards.BOARDS.items():
        table.add_row(name, board.title, ", ".join(board.grades), board.core,
                      ", ".join(_also(name, boards.ALIASES)))
    say(table)


def _core(target: Platform) -> tuple[str, str]:
    """Floating point, and what runs it for verify."""
    if not isinstance(target, Target):
        return "", "its own runtime"
    emulators = [emulator for emulator, present in
                 (("unicorn", target.unicorn_cpu), ("qemu", target.qemu_machine)) if present]
    return ("FPU" if target.hard_float else "software",
            ", ".join(emulators) or "runs natively")


def _also(name: str, aliases: dict[str, str]) -> list[str]:
    return [alias for alias, meant in aliases.items() if meant == name]
