# SPDX-License-Identifier: MIT
"""SARIF 2.1.0, which code scanning services read."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from puffer_edge.subset.checking import Report
from puffer_edge.subset.rule import RULES
from puffer_edge.version import VERSION

LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(report: Report) -> str:
    """One run with the rules, the results, and the files that could not be checked."""
    problems = [{"level": "error", "message": {"text": str(problem)}}
                for problem in report.problems]
    run: dict[str, Any] = {
        "tool": {"driver": {
            "name": "puffer-edge check", "version": VERSION,
            "rules": [{"id": rule.code, "name": rule.name,
                       "shortDescription": {"text": rule.reason},
                       "help": {"text": rule.explain()}} for rule in RULES.values()]}},
        "invocations": [{"executionSuccessful": not problems,
                         "toolExecutionNotifications": problems}],
        "columnKind": "unicodeCodePoints",
        "results": [{
            "ruleId": finding.code, "level": LEVELS[finding.severity],
            "message": {"text": finding.text},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": quote(PurePath(finding.path).as_posix())},
                "region": {"startLine": finding.line, "startColumn": finding.column}}}]}
            for finding in report.findings]}
    return json.dumps({"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
                       "version": "2.1.0", "runs": [run]}, indent=2)
