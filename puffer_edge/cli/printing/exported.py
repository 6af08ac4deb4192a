# SPDX-License-Identifier: MIT
"""What export wrote."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from puffer_edge.cli.printing.console import notes, say
from puffer_edge.cli.printing.contract import action_words

if TYPE_CHECKING:
    from puffer_edge.verification.originals import SecondReading


def exported(directory: Path, manifest: Mapping[str, Any],
             readings: Sequence[SecondReading] = ()) -> None:
    """Prints what export wrote, and the command that comes next, ready to be pasted."""
    shown = str(directory) if directory.is_absolute() else os.path.join(".", directory)
    say(f"written to [bold]{escape(shown)}{os.sep}[/]", soft_wrap=True)
    from puffer_edge.exporters.finding import EXPORTERS

    memory = manifest["memory"]
    main = EXPORTERS[manifest["target"]].main_file
    table = Table(title=escape(f"{directory}/{main}"), title_justify="left", show_header=False)
    table.add_row("policy", escape(f"{manifest['name']}: {manifest['source']['kind']}"))
    table.add_row("observation", ", ".join(
        f"{field['name']}{field['shape']}" for field in manifest["observation"]["fields"]))
    if "normaliser" in manifest["observation"]:
        table.add_row("", "raw values, which the policy normalises itself")
    table.add_row("action", action_words(manifest["action"]))
    if "shield" in manifest:
        table.add_row("shield", "; ".join(manifest["shield"]["words"]))
    if "contract" in manifest:
        table.add_row("robot", f"policy_robot.h, of the contract {manifest['contract'][:16]}")
    if "black_box" in manifest:
        box = manifest["black_box"]
        table.add_row("black box (RAM)", f"policy_blackbox.h, {box['bytes']:,} bytes, "
                                         f"{box['steps']:,} steps")
    table.add_row("multiply-accumulates", f"{manifest['macs']:,} per step")
    table.add_row("scheme", manifest["scheme"])
    table.add_row("weights (flash)", f"{memory['weights_bytes']:,} bytes")
    built = manifest.get("micropython")
    if built:
        table.add_row("arrays (RAM)", f"{memory['struct_bytes']:,} bytes, with the weights; "
                                      f"{built['romfs_bytes']:,} from a ROMFS")
    else:
        table.add_row("struct (RAM)", f"{memory['struct_bytes']:,} bytes, of it arena "
                                      f"{memory['arena_bytes']:,} "
                                      f"(unshared {memory['arena_without_sharing_bytes']:,})")
    if built:
        size = f", {built['kernel_bytes']:,} bytes of .mpy" if built["kernel_bytes"] else ""
        table.add_row("kernels", escape(f"{built['kernels']} for the board {built['board']}{size}"))
    say(table)
    if "quantization" in manifest:
        _quantized(manifest["quantization"])
    for reading in readings:
        read_again(reading)
    notes(manifest["notes"])
    say(f"next: [bold]puffer-edge verify {escape(shlex.quote(shown))}[/]",
                   soft_wrap=True)


def read_again(reading: SecondReading) -> None:
    """Prints who judged what was read, and what came of it."""
    colour = "green" if reading.verdict == "agrees" else "bold yellow"
    say(f"[{colour}]second reader[/]: {escape(str(reading))}", soft_wrap=True)


def _quantized(found: Mapping[str, Any]) -> None:
    layers = Table(title="error of the action that each layer adds", title_justify="left")
    for column in ("layer", "scheme"):
        layers.add_column(column, overflow="fold")
    layers.add_column("mean error", justify="right")
    for row in found["layers"]:
        layers.add_row(escape(ascii(row["layer"])[1:-1]), row["scheme"], f"{row['error']:.2g}")
    say(layers)
    ranges = Table(title="ranges, and what the held-back half was", title_justify="left")
    ranges.add_column("value", overflow="fold")
    for column in ("integers stand for", "held back", "bits", "clipped", "in steps"):
        ranges.add_column(column, justify="right")
    for row in found["ranges"]:
        ranges.add_row(escape(ascii(row["value"])[1:-1]), f"{row['low']:.3g} to {row['high']:.3g}",
                       f"{row['smallest']:.3g} to {row['largest']:.3g}", str(row["bits"]),
                       f"{row['clipped']:.2%}", f"{row['steps']:.2%}")
    say(ranges)
