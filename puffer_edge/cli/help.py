# SPDX-License-Identifier: MIT
"""``--help``, a line per option, so that what a command takes can be seen at once.

Typer's own help draws boxes and gives defaults and types lines of their own: ``export`` would
take 110.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.markup import escape
from rich.table import Table
from typer.core import TyperCommand, TyperGroup

from puffer_edge.cli.printing.console import say
from puffer_edge.cli.shared import GENERAL

WIDTH = 100


class Command(TyperCommand):
    """A command whose help is short."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints the help."""
        parameters: list[Any] = list(self.get_params(ctx))
        arguments = [each for each in parameters if each.param_type_name == "argument"]
        usage = " ".join([ctx.command_path, "[OPTIONS]", *map(_metavar, arguments)])
        _about(usage, self.help)
        _section("Arguments", ((_metavar(each), each.help) for each in arguments))
        options: dict[str, list[tuple[str, str]]] = {}
        for each in parameters:
            if each.param_type_name == "option" and not each.hidden:
                panel = getattr(each, "rich_help_panel", None) or GENERAL
                options.setdefault(panel, []).append((_names(each), each.help))
        for panel, rows in options.items():
            _section(panel, rows)


class Group(TyperGroup):
    """The program itself."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints the help."""
        _about(f"{ctx.command_path} [OPTIONS] COMMAND [ARGS]...", self.help)
        options: list[Any] = list(self.get_params(ctx))
        _section("Options", ((_names(each), each.help) for each in options))
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        _section("Commands", ((name, command.help.split("\n")[0]) for name, command in commands
                              if command is not None and command.help))
        say()
        say(escape(self.epilog or ""), width=WIDTH)


def _about(usage: str, text: str | None) -> None:
    say(f"[bold]Usage:[/] {escape(usage)}", width=WIDTH)
    say()
    paragraphs = (text or "").split("\n\n")
    say(escape("\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)), width=WIDTH)
    say()


def _section(title: str, rows: Iterable[tuple[str, str]]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for names, text in rows:
        table.add_row(f"  [bold cyan]{escape(names)}[/]", escape(text or ""))
    if table.row_count:
        say(f"[bold]{title}[/]")
        say(table, width=WIDTH)


def _names(option: Any) -> str:
    """As ``-o, --output DIR``; both sides of a switch."""
    short = sorted(option.opts, key=lambda name: name.startswith("--"))
    sides = " / ".join(filter(None, (", ".join(short), ", ".join(option.secondary_opts))))
    return sides if option.is_flag or option.count else f"{sides} {_metavar(option)}"


def _metavar(parameter: Any) -> str:
    return parameter.metavar or str(parameter.name).upper()
