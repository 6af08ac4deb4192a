# SPDX-License-Identifier: MIT
"""file:line:col: CODE text, as other checkers print it."""

from __future__ import annotations

from puffer_edge.subset.checking import Report


def text(report: Report) -> str:
    """One line per finding and problem, and a last line that counts."""
    lines = [str(finding) for finding in report.findings]
    lines += [str(problem) for problem in report.problems]
    counted = f"{len(report.findings)} findings in {report.files} files"
    if report.problems:
        counted += f", {len(report.problems)} files could not be checked"
    return "\n".join([*lines, counted])
