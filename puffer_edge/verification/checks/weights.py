# SPDX-License-Identifier: MIT
"""Whether the device would notice damaged weights, and what asking costs."""

from __future__ import annotations

from puffer_edge.verification.emulators.machine import Machine
from puffer_edge.verification.report import Report


def check_weights(machine: Machine, report: Report) -> None:
    """Runs ``<name>_check`` on a machine that measures it."""
    found = machine.check()
    if found is None:
        return
    report.check("the weights are those that the checksum is of", found.damaged == 0,
                 "CRC-32 of all weights and tables")
    if not found.damaged:
        report.measurements |= {f"check_{unit}": count for unit, count in (
            ("instructions", found.instructions), ("cycles", found.cycles)) if count is not None}
