# SPDX-License-Identifier: MIT
"""Chooses the machine that runs a policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from puffer_edge.errors import UsageError
from puffer_edge.verification.emulators.machine import Machine
from puffer_edge.verification.harness import ImageBuilder

EMULATORS = ("unicorn", "qemu", "simavr")


@contextmanager
def open_machine(builder: ImageBuilder, emulator: str) -> Iterator[Machine]:
    """The machine for a builder's target; a policy for the host runs in a child process.

    Raises:
        UsageError: there is no such emulator.
        MissingDependencyError: it is not installed.
    """
    if emulator not in EMULATORS:
        raise UsageError(
            f"there is no emulator {emulator!r}", hint=f"choose one of {', '.join(EMULATORS)}"
        )
    if builder.target.isa == "host":
        from puffer_edge.verification.emulators.host_machine import HostMachine

        with HostMachine(builder.image) as host:
            yield host
    elif emulator == "unicorn":
        from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine

        yield UnicornMachine(builder.image)
    elif emulator == "simavr":
        from puffer_edge.verification.emulators.simavr_machine import SimavrMachine

        yield SimavrMachine(builder)
    else:
        from puffer_edge.verification.emulators.qemu_machine import QemuMachine

        yield QemuMachine(builder)
