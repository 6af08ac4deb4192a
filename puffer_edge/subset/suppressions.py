# SPDX-License-Identifier: MIT
"""``# noqa: PE401 because ...``: findings that somebody has looked at, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable

from puffer_edge.subset.facts.source import Comment
from puffer_edge.subset.finding import Finding

NOQA = re.compile(r"\bnoqa\b(?::\s*(?P<codes>[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)(?P<reason>.*))?",
                  re.IGNORECASE)
WITHOUT_REASON = "PE001"


def apply(path: str, comments: Iterable[Comment], findings: Iterable[Finding]) -> list[Finding]:
    """Takes away what is suppressed; a suppression of ours without a reason is a finding itself.

    A comment counts for the first and the last line of the code in question. A bare ``noqa``
    belongs to other tools, and suppresses nothing here.
    """
    codes: dict[int, set[str]] = {}
    kept = []
    for comment in comments:
        found = NOQA.search(comment.text)
        if found is None or not found["codes"]:
            continue
        ours = {code.upper() for code in re.split(r"[,\s]+", found["codes"])
                if code.upper().startswith("PE") and len(code) == 5}
        codes.setdefault(comment.line, set()).update(ours)
        if ours and not found["reason"].strip(" -:,.;#()"):
            kept.append(Finding(path, comment.line, 1, WITHOUT_REASON,
                                f"say why {', '.join(sorted(ours))} is suppressed, behind the code",
                                comment.line))
    for finding in findings:
        if finding.code not in codes.get(finding.line, set()) | codes.get(finding.last, set()):
            kept.append(finding)
    return kept
