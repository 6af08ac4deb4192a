# SPDX-License-Identifier: MIT
"""The smallest MicroPython: also run on an emulated micro:bit, with its native kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puffer_edge.exporters.micropython.boards import find_profile
from puffer_edge.verification.checks.on_microbit import check_on_microbit
from puffer_edge.verification.job import Job
from puffer_edge.verification.micropython.microbit import find_microbit
from puffer_edge.verification.report import Report
from puffer_edge.verification.verifiers.micropython import MicroPython
from puffer_edge.verification.verifiers.verifier import JUDGED


class MicroBit(MicroPython):
    """See :class:`.verifier.Verifier`."""

    title = "a policy for a board of the smallest runtime"
    takes: frozenset[str] = frozenset()
    floats = False

    def knows(self, manifest: Mapping[str, Any]) -> bool:
        """Every board whose runtime is the smallest."""
        return super().knows(manifest) and find_profile(
            manifest.get("micropython", {}).get("board", "")).small

    def why_not(self, option: str) -> str:
        """What it does instead."""
        return ("its step takes integers only, so no recording of floats can judge it"
                if option in JUDGED else super().why_not(option))

    def check_kernels(self, job: Job, report: Report) -> None:
        """Where QEMU and the firmware are installed, they run there."""
        board = job.subject.manifest["micropython"]["board"]
        if board == "microbit" and find_microbit():
            job.progress("running on an emulated micro:bit")
            check_on_microbit(job.subject, job.code, report)
        else:
            super().check_kernels(job, report)
