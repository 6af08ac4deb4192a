"""Machines that run a built policy: Unicorn, QEMU and this computer."""

from __future__ import annotations

from puffer_edge.errors import UsageError
from puffer_edge.verification.emulators.machine import Machine, StepResult
from puffer_edge.verification.harness import ImageBuilder

__all__ = ["Machine", "StepResult", "open_machine"]


def open_machine(builder: ImageBuilder, emulator: str = "unicorn") -> Machine:
    """Builds the policy and opens a machine for it; the target ``host`` needs no emulator.

    Args:
        builder: the policy, its target and the compiler.
        emulator: ``unicorn`` or ``qemu``; not looked at for the target ``host``.

    Raises:
        UsageError: there is no such emulator, or it does not know the target.
        MissingDependencyError: the compiler or the emulator is not installed.
        VerificationError: the policy does not compile.
    """
    if builder.target.isa == "host":
        from puffer_edge.verification.emulators.host_machine import HostMachine

        return HostMachine(builder.image)
    if emulator == "unicorn":
        from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine

        return UnicornMachine(builder.image)
    if emulator == "qemu":
        from puffer_edge.verification.emulators.qemu_machine import QemuMachine

        return QemuMachine(builder)
    raise UsageError(f"there is no emulator {emulator!r}", hint="choose one of unicorn, qemu")
