# SPDX-License-Identifier: MIT
"""Whether the artefact's files are those that its manifest tells of."""

from __future__ import annotations

import hashlib

from puffer_edge.artefact.opening import Subject
from puffer_edge.verification.report import Report


def check_files(subject: Subject, report: Report) -> None:
    """Compares every file with its sha256."""
    changed = []
    for name, digest in subject.manifest["files"].items():
        path = subject.directory / name
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != digest:
            changed.append(name)
    report.check("files are those that export wrote", not changed,
                 f"changed: {', '.join(changed)}" if changed
                 else f"{len(subject.manifest['files'])} files, sha256")
