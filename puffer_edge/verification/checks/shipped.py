# SPDX-License-Identifier: MIT
"""Runs the library that an artefact for Linux brings for this very computer."""

from __future__ import annotations

import hashlib
import runpy
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.artefact.directory import MANIFEST, as_json
from puffer_edge.artefact.opening import Subject
from puffer_edge.verification.report import Report


def check_shipped(subject: Subject, code: Mapping[str, bytes], report: Report) -> None:
    """Compares its outputs and actions with the vectors; says so where none is for this computer.

    The loader is our own copy, not the artefact's, and the libraries are those of ``code``.
    """
    name = "the library that is shipped gives the oracle's bits"
    libraries = {file: content for file, content in code.items() if file.endswith(".so")}
    if not libraries:
        report.skip(name, "zig, which makes it again for comparing, is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:
        for file, content in libraries.items():
            Path(work, file).write_bytes(content)
        # The loader compares with the hashes; what changed since export is a check of its own.
        hashes = {file: hashlib.sha256(content).hexdigest() for file, content in libraries.items()}
        Path(work, MANIFEST).write_bytes(as_json({**subject.manifest, "files": hashes}))
        _check(subject, Path(work), name, report)


def _check(subject: Subject, directory: Path, name: str, report: Report) -> None:
    loader = files("puffer_edge.runtimes") / "rpi" / "policy.py"
    try:
        policy: Any = runpy.run_path(str(loader))["Policy"](directory)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, OSError) and "no library for" in str(error):
            report.skip(name, str(error))
        else:
            report.check(name, False, str(error))
        return
    wrong = 0
    for index, x in enumerate(subject.vectors.observations):
        if subject.vectors.reset[index]:
            policy.reset()
        action, outputs = policy.step(x), policy.outputs
        action = np.atleast_1d(action)
        wrong += (not np.array_equal(action, subject.vectors.actions[index])
                  or any(outputs[output].tobytes() != rows[index].tobytes()
                         for output, rows in subject.vectors.outputs.items()))
    report.check(name, wrong == 0, f"{wrong} of {len(subject.vectors.observations)} steps differ")
