# SPDX-License-Identifier: MIT
"""The verdict, in one line."""

from __future__ import annotations

from markupsafe import Markup

from puffer_edge.page.markup import joined, tag
from puffer_edge.page.reading import Place


def verdict(report: Place) -> Markup:
    """Passed or failed, of what and on what; and what of it failed or is not judged."""
    failed = [check["name"].text for check in report["checks"]
              if check["verdict"].value == "failed"]
    open_ = [check["name"].text for check in report["checks"]
             if check["verdict"].value == "not judged"]
    kind, word = ("failed", "Failed") if report["passed"].value is False else (
        "open", "Passed, but not judged in part") if open_ else (
        ("passed", "Passed") if report["passed"].value is True else
        ("open", "Not verified yet: puffer-edge verify decides"))
    line = joined(tag("strong", word), ": ", report["name"], " on ", report["target"],
                  ", built with ", report["toolchain"], " ", report["optimize"], ", run on ",
                  report["emulator"]) if report["checks"] else tag("strong", word)
    more = [tag("p", "Failed: " + "; ".join(failed))] if failed else []
    more += [tag("p", "Too little evidence: " + "; ".join(open_))] if open_ else []
    return tag("div", tag("p", line), *more, class_=f"verdict {kind}", role="status")
