# SPDX-License-Identifier: MIT
"""GCC for Cortex-M, RISC-V and AVR, and GCC or clang for the host."""

from __future__ import annotations

import shutil
from pathlib import Path

from puffer_edge import processes
from puffer_edge.errors import MissingDependencyError, UsageError
from puffer_edge.targets import Target
from puffer_edge.toolchains.base import Toolchain


class Gcc(Toolchain):
    """``arm-none-eabi-gcc`` for Cortex-M, Debian's GCC for RISC-V, ``avr-gcc``, and ``gcc``."""

    name = "gcc"
    extra: tuple[str, ...] = ("-fstack-usage",)
    programs = {  # noqa: RUF012 (isa -> program and the Debian packages that bring it)
        "thumb": ("arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        "riscv32": ("riscv64-unknown-elf-gcc",
                    "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"),
        "avr": ("avr-gcc", "gcc-avr avr-libc binutils-avr"),
        "host": ("gcc", "gcc"),
    }

    def command(self, target: Target) -> list[str]:
        """The program for the target's instruction set with the target's flags."""
        if target.isa not in self.programs:
            raise UsageError(
                f"{self.name} cannot compile for {target.title}", hint="use the toolchain zig"
            )
        program, packages = self.programs[target.isa]
        path = shutil.which(program)
        if path is None:
            raise MissingDependencyError(
                f"{program} is not installed", hint=f"sudo apt install {packages}"
            )
        return [path, *target.gcc_flags]

    def version(self, target: Target) -> dict[str, str]:
        """What the program says."""
        program = self.command(target)[0]
        said = processes.run([program, "-dumpfullversion", "-dumpversion"], seconds=60.0,
                             what=self.name).stdout.strip()
        return {Path(program).name: said} if said else {}


class Clang(Gcc):
    """``clang`` for the host."""

    name = "clang"
    extra = ()
    programs = {"host": ("clang", "clang")}  # noqa: RUF012
