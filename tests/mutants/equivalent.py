# SPDX-License-Identifier: MIT
"""Faults that change nothing anybody can see, each with the reason: ``equivalent.txt``.

A line there is ``path | text of the line | before -> after | reason``; the text instead of a
number, so that it holds while other lines move. ``before -> after #2`` is the second such piece.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tests.mutants.mutations import Mutation

LIST = Path(__file__).with_name("equivalent.txt")


Key = tuple[str, str, str]


def as_listed(tree: Path, mutation: Mutation) -> Key:
    """Path, text of the line, and change, as the list has them."""
    line = (tree / mutation.path).read_text(encoding="utf-8").split("\n")[mutation.line - 1]
    before = line[: mutation.column].count(mutation.before)
    change = f"{mutation.before} -> {mutation.after}" + (f" #{before + 1}" if before else "")
    return mutation.path, line.strip(), change


def why_equivalent(tree: Path, mutation: Mutation) -> str | None:
    """Why the fault changes nothing, where it is listed."""
    return listed().get(as_listed(tree, mutation))


@cache
def listed() -> dict[Key, str]:
    """The reasons by path, text of the line and change."""
    found = {}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            path, *rest = re.split(r"(?<!->) \| ", line)  # what a piece becomes may be "|"
            text, change, reason = " | ".join(rest[:-2]), rest[-2], rest[-1]
            found[path, text, change] = reason
    return found
