# SPDX-License-Identifier: MIT
"""Layer by layer: ranges, the error that each adds, and what each costs."""

from __future__ import annotations

from markupsafe import Markup

from puffer_edge.page import svg
from puffer_edge.page.markup import figure, section, table
from puffer_edge.page.reading import Place

SHOWN = 16
"""Rows of a picture; the table behind it has all."""


def ranges(report: Place) -> Markup:
    """What was recorded inside of what the integers stand for."""
    rows = list(report["quantization"]["ranges"])
    if not rows:
        return Markup("")
    spans = [svg.Span(row["value"].text, (row["smallest"], row["largest"]),
                      (row["low"], row["high"]), row["histogram"].numbers) for row in rows]
    behind = table("Ranges of values", [
        "Value", "Layer", "Integers stand for", "to", "Recorded", "to", "Bits", "Clipped",
        "In steps", "Provable", "to"], [
        [row["value"], row["layer"], row["low"], row["high"], row["smallest"], row["largest"],
         row["bits"], row["clipped"].share, row["steps"].share, row["bound"][0], row["bound"][1]]
        for row in rows], numeric=2)
    return section("Ranges of every layer", figure(
        "Recorded values inside of the calibrated range", svg.spans("Ranges", spans[:SHOWN]),
        behind), anchor="ranges")


def errors(report: Place) -> Markup:
    """The error of the action that each layer adds."""
    rows = list(report["quantization"]["layers"])
    if not rows:
        return Markup("")
    return section("Error that each layer adds", figure(
        "Mean error of the action with this layer in its scheme and all others in int16",
        svg.bars("Error by layer", [svg.Bar(row["layer"].text, row["error"])
                                    for row in rows][:SHOWN]),
        table("Error by layer", ["Layer", "Scheme", "Mean error"],
              [[row["layer"], row["scheme"], row["error"]] for row in rows], numeric=2)),
        anchor="errors")


def costs(report: Place) -> Markup:
    """Multiply-accumulates and parameters of every operation."""
    rows = list(report["layers"])
    if not rows:
        return Markup("")
    heavy = [row for row in rows if row["macs"].number] or rows
    return section("Cost per layer", figure(
        "Multiply-accumulates per step by operation",
        svg.bars("Multiply-accumulates", [
            svg.Bar(f"{row['op'].text} {row['layer'].text}", row["macs"])
            for row in heavy[:SHOWN]]),
        table("Operations of a step", ["Operation", "Layer", "Activation",
                                       "Multiply-accumulates", "Parameters"],
              [[row["op"], row["layer"], row["activation"], row["macs"], row["parameters"]]
               for row in rows], numeric=3)), anchor="costs")
