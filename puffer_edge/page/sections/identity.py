# SPDX-License-Identifier: MIT
"""What it is: the file, its contract, and all that was assumed, with the option that decides."""

from __future__ import annotations

from markupsafe import Markup

from puffer_edge.page.markup import Child, joined, section, table, tag
from puffer_edge.page.reading import Place


def identity(report: Place) -> Markup:
    """A list of facts, and the notes."""
    about = report["about"]
    rows: list[tuple[str, Child]] = [
        ("Policy file", about["kind"]), ("SHA-256 of it", about["sha256"]),
        ("Scheme", about["scheme"]), ("Exported for", about["target"]),
        ("Board", about["board"]), ("Made by", about["tool"]),
        ("Observation", _shapes(about["observation"])), ("Action", _action(about["action"])),
        ("Remembers", _shapes(about["states"])), ("Parameters", about["parameters"]),
        ("Multiply-accumulates per step", about["macs"]), ("Second reader", report["reading"])]
    facts = [tag("div", tag("dt", name), tag("dd", what)) for name, what in rows if what]
    return section("What it is", tag("dl", *facts) if facts else None, _notes(report["notes"]),
                   anchor="identity")


def _shapes(fields: Place) -> Markup:
    """Names with their shapes."""
    return joined(*(part for index, field in enumerate(fields) for part in (
        ", " if index else None, field["name"], " [", *_with_crosses(field["shape"]), "]")))


def _with_crosses(sizes: Place) -> list[Child]:
    return [part for index, size in enumerate(sizes)
            for part in (" × " if index else None, size)]


def _action(action: Place) -> Markup:
    if action["kind"].value == "discrete":
        return joined("one of ", *_with_crosses(action["sizes"]), " choices")
    if action["kind"].value == "hybrid":
        return joined(_action(action["continuous"]), "; ", _action(action["discrete"]))
    return joined(action["size"], " numbers") if action["size"] else Markup("")


def _notes(notes: Place) -> Markup:
    """What the file does not say comes first."""
    def danger(note: Place) -> int:
        return {"warning": 0, "assumed": 1}.get(str(note["kind"].value), 2)

    rows: list[list[Child]] = []
    for note in sorted(notes, key=danger):
        accepted = " (accepted)" if note["accepted"].value else ""
        rows.append([joined(note["kind"], accepted), note["text"], note["option"]])
    return table("What was assumed, dropped and folded; an assumption has the option that decides "
                 "it", ["Kind", "What", "Option"], rows, numeric=9) if rows else Markup("")
