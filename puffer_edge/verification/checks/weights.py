"""Whether the device would notice damaged weights, and what asking costs."""

from __future__ import annotations

from puffer_edge.verification.emulators.machine import Machine
from puffer_edge.verification.report import Report


def check_weights(machine: Machine, report: Report) -> None:
    """Runs ``<name>_check`` on a machine that counts instructions."""
    from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine

    if not isinstance(machine, UnicornMachine):
        return
    damaged = machine.call("edge_check", limit=LIMIT)
    report.check("the weights are those that the checksum is of", damaged == 0,
                 "CRC-32 of all weights and tables")
    if not damaged:
        report.measurements["check_instructions"] = machine.instructions


LIMIT = 1 << 31
"""Instructions; some 20 for each byte."""
