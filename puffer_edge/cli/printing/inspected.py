# SPDX-License-Identifier: MIT
"""What a policy file is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from puffer_edge.cli.printing.console import notes, say
from puffer_edge.cli.printing.contract import action_words

if TYPE_CHECKING:
    from puffer_edge.inspection import Inspection


def inspected(policy: Path, found: Inspection) -> None:
    """Prints an inspection."""
    say(f"[bold]{escape(str(policy))}[/]: {escape(found.source)}")
    fields = ", ".join(f"{name} {shape}" for name, shape in found.observation.items())
    say(f"observation {escape(fields)}; action {action_words(found.action)}")
    if found.states:
        states = ", ".join(f"{name} {shape}" for name, shape in found.states.items())
        say(escape(f"state {states}"))
    table = Table(title="what export writes", title_justify="left")
    for column in ("op", "layer", "input", "output", "activation"):
        table.add_column(column, overflow="fold")
    for column in ("parameters", "MACs"):
        table.add_column(column, justify="right")
    for layer in found.layers:
        table.add_row(layer.op, escape(ascii(layer.layer)[1:-1]), _shapes(layer.input_shapes),
                      _shapes(layer.output_shapes), layer.activation or "",
                      f"{layer.parameters:,}", f"{layer.macs:,}")
    table.add_section()
    table.add_row("", "", "", "", "", f"{found.parameters:,}", f"{found.macs:,}")
    say(table)
    sizes = Table(title="estimated for a Cortex-M (verify measures)", title_justify="left")
    sizes.add_column("scheme")
    sizes.add_column("flash, bytes", justify="right")
    sizes.add_column("RAM, bytes", justify="right")
    for estimate in found.estimates:
        sizes.add_row(estimate.scheme, f"{estimate.flash:,}", f"{estimate.ram:,}")
    say(sizes)
    if found.metadata:
        texts = Table(title="beside the policy in the file", title_justify="left")
        texts.add_column("name", overflow="fold")
        texts.add_column("text", overflow="fold")
        for name, text in found.metadata.items():
            texts.add_row(escape(ascii(name)[1:-1]), escape(ascii(text[:400])[1:-1]))
        say(texts)
    notes([note.to_json() for note in found.notes])


def _shapes(shapes: list[list[int]]) -> str:
    return ", ".join("x".join(map(str, shape)) for shape in shapes)
