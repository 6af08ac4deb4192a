# SPDX-License-Identifier: MIT
"""JSON for programs."""

from __future__ import annotations

import json

from puffer_edge.subset.checking import Report


def as_json(report: Report) -> str:
    """An object with ``findings``, ``problems`` and ``files``."""
    return json.dumps({
        "files": report.files,
        "findings": [{"path": finding.path, "line": finding.line, "column": finding.column,
                      "code": finding.code, "severity": finding.severity, "text": finding.text}
                     for finding in report.findings],
        "problems": [{"path": problem.path, "text": problem.text} for problem in report.problems],
    }, indent=2)
