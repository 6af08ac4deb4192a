# SPDX-License-Identifier: MIT
"""The table of docs/reference/formats.md, made of the rows; run me to write it."""

from __future__ import annotations

from pathlib import Path

from tests.frontends.support import ROWS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "formats.md"
START, END = "<!-- sources: python -m tests.frontends.support.table -->", "<!-- end of sources -->"


def table() -> str:
    """One line per trainer and kind of file."""
    groups: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for row in ROWS:
        policies, needs = groups.setdefault((row.trainer, row.file), ([], []))
        policies.append(row.policy)
        needs.extend(part for part in row.needs.split(", ") if part and part not in needs)
    lines = ["| source | file | policies | options that you may need |", "|---|---|---|---|"]
    lines += [f"| {trainer} | {file} | {'; '.join(policies)} | {', '.join(needs)} |"
              for (trainer, file), (policies, needs) in groups.items()]
    return "\n".join(lines)


def replaced(text: str) -> str:
    """The page with the present table."""
    before, rest = text.split(START)
    return f"{before}{START}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
