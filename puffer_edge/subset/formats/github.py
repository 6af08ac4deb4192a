# SPDX-License-Identifier: MIT
"""Workflow commands, which annotate a pull request on GitHub."""

from __future__ import annotations

from puffer_edge.subset.checking import Report

COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github(report: Report) -> str:
    """One ``::error``, ``::warning`` or ``::notice`` line per finding and problem."""
    lines = [f"::{COMMANDS[finding.severity]} file={_property(finding.path)},"
             f"line={finding.line},col={finding.column},title={finding.code}::"
             f"{_data(f'{finding.code} {finding.text}')}"
             for finding in report.findings]
    lines += [f"::error file={_property(problem.path)}::{_data(problem.text)}"
              for problem in report.problems]
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
