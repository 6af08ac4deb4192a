# SPDX-License-Identifier: MIT
"""Whether it plays like the original: paired seeds, an interval, agreement along the recording."""

from __future__ import annotations

from markupsafe import Markup

from puffer_edge.page import svg
from puffer_edge.page.markup import Child, command, figure, joined, section, shown, table, tag
from puffer_edge.page.reading import Place
from puffer_edge.verification.report import LABELS

JUDGED = ("agreement", "judged_steps", "action_error_mean", "action_error_largest", "drift_steps",
          "drift_error_first", "drift_error_largest", "reference_error", "oracle_error")


def playing(report: Place) -> Markup:
    """What run found, what verify judged over held-back steps, what fit promised."""
    return section("Plays like the original", _episodes(report["played"]),
                   _along(report["along"]), _judged(report), _fitted(report["fit"]),
                   anchor="playing")


def _episodes(played: Place) -> Markup:
    ours, theirs = played["policy"], played["compared"]
    if not ours:
        return joined(tag("p", "Episodes were not played yet. This plays them, and their returns "
                               "come into this page:"), command(played["command"])
                      ) if played["command"] else Markup("")
    rows: list[list[Child]] = [[name, part["episodes"], part["mean"], part["interval"][0],
                                part["interval"][1]]
                               for name, part in (("this artefact", ours), ("compared", theirs))
                               if part]
    spread = played["histogram"]
    series = [(name, spread[key].numbers) for name, key in (
        ("this artefact", "policy"), ("compared", "compared")) if spread[key]]
    return joined(
        tag("p", "Environment ", played["environment"], ": ", _verdict(played)),
        figure("Returns of episodes from the same seeds",
               svg.histogram("Returns", series, spread["low"], spread["high"]),
               joined(table("Returns", ["Policy", "Episodes", "Mean", "95 % from", "to"], rows),
                      _paired(ours["returns"], theirs["returns"]))),
        tag("p", "Mean paired difference, 95 % interval: ", played["difference"][0], " to ",
            played["difference"][1]) if theirs else None,
        tag("p", "Equal actions on the same observations: ", ours["agreement"].share)
        if ours["agreement"] else None, command(played["command"]))


def _verdict(played: Place) -> Markup:
    if not played["compared"]:
        return joined("played alone; ", tag("code", "--compare"), " plays the original, too")
    return joined(*(failure for failure in played["failures"])) if played["failures"] else joined(
        "plays like the original")


def _paired(ours: Place, theirs: Place) -> Markup:
    rows: list[list[Child]] = [[one, theirs[index]]
                               for index, one in enumerate([*ours][:100])]
    return table("Return by episode, the first of them", ["This artefact", "Compared"], rows,
                 numeric=0)


def _along(along: Place) -> Markup:
    """Agreement and the float policy's margin over the held-back steps, in equal parts."""
    if not along:
        return Markup("")
    behind = table("Parts of the recording, in order",
                   ["From step", "Agreement", "Mean margin of the float policy"],
                   [[part["start"], part["agreement"].share, part["margin"]] for part in along],
                   numeric=0)
    return figure("Agreement along the held-back steps",
                  svg.bars("Agreement by part of the recording",
                           [svg.Bar(joined("from step ", shown(part["start"], "tspan")),
                                    part["agreement"].share)
                            for part in along]), behind)


def _judged(report: Place) -> Markup:
    found = report["measurements"]
    rows: list[list[Child]] = [
        [LABELS.get(key, key), found[key].share if key == "agreement" else found[key]]
        for key in JUDGED if found[key].is_number]
    return table("Over the held-back steps", ["Measurement", "Value"], rows) if rows else Markup("")


def _fitted(fit: Place) -> Markup:
    """The candidates that fit tried, the cheapest first."""
    rows: list[list[Child]] = [[row["name"], row["flash"], row["ram"], row["mean"], row["why"]]
                               for row in fit["rows"]]
    return joined(table("Candidates that fit tried, the cheapest first",
                        ["Candidate", "Flash", "RAM", "Mean return", "What became of it"], rows),
                  command(fit["command"])) if rows else Markup("")
