# SPDX-License-Identifier: MIT
"""The disassembler of binutils, which reads the images of every compiler for its core."""

from __future__ import annotations

import shutil
from pathlib import Path

from puffer_edge import processes
from puffer_edge.errors import MissingDependencyError, VerificationError
from puffer_edge.targets import Target

PROGRAMS = {
    "thumb": ("arm-none-eabi-objdump", "binutils-arm-none-eabi"),
    "riscv32": ("riscv64-unknown-elf-objdump", "binutils-riscv64-unknown-elf"),
    "avr": ("avr-objdump", "binutils-avr"),
}
"""Program, and Debian's package of it, by instruction set."""


def disassembled(image: Path, target: Target) -> str:
    """What it says of an image's code: a line per function and per instruction.

    Raises:
        MissingDependencyError: it is not installed.
        VerificationError: it does not read the image.
        ToolError: it does not end in time.
    """
    program, package = PROGRAMS[target.isa]
    path = shutil.which(program)
    if path is None:
        raise MissingDependencyError(f"{program} is not installed",
                                     hint=f"sudo apt install {package}")
    done = processes.run([path, "-d", "--no-show-raw-insn", str(image)], seconds=60.0, what=program)
    if done.returncode:
        raise VerificationError(f"{program} does not read {image.name}", hint=done.stderr[:300])
    return done.stdout
