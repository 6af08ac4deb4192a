# SPDX-License-Identifier: MIT
"""Elements of HTML and SVG: text is escaped by construction."""

from __future__ import annotations

from markupsafe import Markup, escape

from puffer_edge.page.reading import Place

Child = Markup | Place | str | None
VOID = frozenset(("br", "input", "line", "rect", "path", "circle"))


def tag(name: str, *children: Child, **attributes: object) -> Markup:
    """An element.

    Args:
        name: of the element.
        children: text, which is escaped; elements; a :class:`Place`, which is shown with its
            source; None is left out.
        attributes: by name; ``class_`` and ``data_from`` become ``class`` and ``data-from``, a
            value of None is left out.
    """
    given = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items() if value is not None)
    if name in VOID:
        return Markup("<{}{}/>").format(Markup(name), given)  # in SVG the slash ends the element
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), given, joined(*children))


def joined(*children: Child) -> Markup:
    """Children one after another."""
    return Markup("").join(shown(child) if isinstance(child, Place) else escape(child)
                           for child in children if child is not None)


def shown(place: Place, name: str = "data", **attributes: object) -> Markup:
    """What lies at a place: a number says where it is from, in full; text is text."""
    if not place.is_number:
        return escape(place.text)
    key = "value" if name == "data" else "data_value"
    return tag(name, place.text, data_from=place.pointer, **{key: repr(place.value)}, **attributes)


MOST = 60
"""Rows of a table, so that the page of a deep policy can be mailed, too; report.json has all."""


def table(caption: str, heads: list[str], rows: list[list[Child]], numeric: int = 1,
          most: int = MOST) -> Markup:
    """A table whose columns from ``numeric`` on are aligned to the right; the first rows of it."""
    if len(rows) > most:
        caption, rows = f"{caption}: the first of them, report.json has all", rows[:most]
    def cell(kind: str, index: int, child: Child) -> Markup:
        scope = "row" if kind == "th" else None
        return tag(kind, child, class_="number" if index >= numeric else None, scope=scope)

    head = tag("tr", *(tag("th", text, scope="col",
                           class_="number" if index >= numeric else None)
                       for index, text in enumerate(heads)))
    body = [tag("tr", *(cell("th" if not index else "td", index, child)
                        for index, child in enumerate(row))) for row in rows]
    content = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", content, class_="wide", tabindex="0", role="region",
               aria_label=f"Table: {caption}")


def section(title: str, *children: Child, anchor: str) -> Markup:
    """A part of the page; nothing where it has no content."""
    if not any(children):
        return Markup("")
    return tag("section", tag("h2", title, id=f"{anchor}-title"), *children, id=anchor,
               aria_labelledby=f"{anchor}-title")


def figure(caption: str, picture: Markup, behind: Markup) -> Markup:
    """A picture with its table behind it."""
    framed = tag("div", picture, class_="wide", tabindex="0", role="region", aria_label=caption)
    return tag("figure", tag("figcaption", caption), framed,
               tag("details", tag("summary", f"Table: {caption}"), behind))


def command(text: Child) -> Markup:
    """A command to copy."""
    return tag("div", tag("code", text), tag("button", "Copy", type="button", class_="copy",
                                             aria_label="Copy this command"), class_="command")
