# SPDX-License-Identifier: MIT
"""``puffer-edge compare``: two artefacts side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puffer_edge.cli.shared import Json


def compare(
    first: Annotated[Path, typer.Argument(
        help="Directory that export wrote.", metavar="DIRECTORY")],
    second: Annotated[Path, typer.Argument(
        help="Another one.", metavar="DIRECTORY")],
    as_json: Json = False,
) -> None:
    """Shows two artefacts side by side: sizes, errors, and what verify and run found.

    What verify measures is there where it has run.
    """
    from dataclasses import asdict

    from rich.markup import escape
    from rich.table import Table

    from puffer_edge.cli.printing.console import say, say_json
    from puffer_edge.page.comparing import compare as rows_of
    from puffer_edge.verification.report import shown

    rows = rows_of(first, second)
    if as_json:
        say_json([asdict(row) for row in rows])
        return
    table = Table()
    for title in ("", str(first), str(second), "ratio"):
        table.add_column(escape(title), overflow="fold", justify="right" if title else "left")
    for row in rows:
        cells = [value if isinstance(value, str) else shown(value)
                 for value in (row.first, row.second)]
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        table.add_row(escape(row.what), *map(escape, cells), ratio)
    say(table)
