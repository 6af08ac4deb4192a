"""Runs the library that an artefact for Linux brings for this very computer."""

from __future__ import annotations

import runpy
from importlib.resources import files
from typing import Any

import numpy as np

from puffer_edge.verification.report import Report
from puffer_edge.verification.subject import Subject


def check(subject: Subject, report: Report) -> None:
    """Compares its outputs and actions with the vectors; says so where none is for this computer.

    The loader is our own copy, not the artefact's.
    """
    name = "the library that is shipped gives the oracle's bits"
    loader = files("puffer_edge.runtimes") / "rpi" / "policy.py"
    try:
        policy: Any = runpy.run_path(str(loader))["Policy"](subject.directory)
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
        wrong += (not np.array_equal(action, subject.vectors.actions[index])
                  or any(outputs[output].tobytes() != rows[index].tobytes()
                         for output, rows in subject.vectors.outputs.items()))
    report.check(name, wrong == 0, f"{wrong} of {len(subject.vectors.observations)} steps differ")
