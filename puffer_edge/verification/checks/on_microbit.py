# SPDX-License-Identifier: MIT
"""The self-test with the native kernels, on a micro:bit under QEMU."""

from __future__ import annotations

from collections.abc import Mapping

from puffer_edge.artefact.opening import Subject
from puffer_edge.errors import VerificationError
from puffer_edge.verification.micropython.microbit import Microbit
from puffer_edge.verification.report import Report

ATTEMPTS = 3
"""Times that a board which fails is started anew."""


def check_on_microbit(subject: Subject, code: Mapping[str, bytes], report: Report) -> None:
    """Copies the policy to MicroPython 1.9 and runs it.

    On a busy computer QEMU's serial port may lose a character, after which nothing that follows is
    right; so an error is believed when it comes again. Wrong numbers are believed at once.
    """
    name, said = "self-test on a micro:bit under QEMU", ""
    for _ in range(ATTEMPTS):
        try:
            with Microbit() as board:
                for file in (*subject.manifest["micropython"]["modules"], "weights.bin"):
                    board.put(file, code[file])
                board.restart()
                board.run("import policy")
                board.run("import gc;gc.collect();import selftest")
                board.run("gc.collect()")
                bad = board.run("p=policy.Policy();print(selftest.run(p))").strip()
        except (VerificationError, OSError, KeyError) as error:
            said = str(error)
        else:
            report.check(name, bad == "0", f"{bad} steps gave other numbers")
            return
    report.check(name, False, said)
