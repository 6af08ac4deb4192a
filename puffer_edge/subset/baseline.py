# SPDX-License-Identifier: MIT
"""A baseline: the findings of a day, which later runs leave out, so that new ones are seen."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from puffer_edge.errors import UsageError
from puffer_edge.subset.checking import Report
from puffer_edge.subset.finding import Finding


def write(report: Report, file: Path) -> None:
    """Writes the findings of a report, without their lines, which move.

    Raises:
        UsageError: the file cannot be written.
    """
    counted = Counter(_key(finding, file) for finding in report.findings)
    rows = [[*key, number] for key, number in sorted(counted.items())]
    text = json.dumps({"version": 1, "findings": rows}, indent=0)
    try:
        file.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(file)) from error


def leave_out(report: Report, file: Path) -> None:
    """Takes out of a report what the baseline holds, as often as it holds it.

    Raises:
        UsageError: the file cannot be read, or is no baseline.
    """
    try:
        data = json.loads(file.read_text("utf-8"))
        left = Counter({(str(path), str(code), str(text)): int(number)
                        for path, code, text, number in data["findings"]})
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(file),
                         hint="--write-baseline makes it") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"is no baseline: {error}", where=str(file),
                         hint="--write-baseline makes one") from None
    kept = []
    for finding in report.findings:
        key = _key(finding, file)
        if left[key] > 0:
            left[key] -= 1
        else:
            kept.append(finding)
    report.findings = kept


def _key(finding: Finding, file: Path) -> tuple[str, str, str]:
    """The path from the baseline's folder, the code, the text."""
    path = Path(finding.path).absolute()
    folder = file.absolute().parent
    return (path.relative_to(folder).as_posix() if path.is_relative_to(folder)
            else path.as_posix(), finding.code, finding.text)
