# SPDX-License-Identifier: MIT
"""simavr: what lies in the flash of an AVR, and what its firmware writes to the serial port."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from puffer_edge import processes
from puffer_edge.errors import MissingDependencyError, VerificationError
from puffer_edge.targets import Target
from puffer_edge.verification.elf import read_elf
from puffer_edge.verification.emulators.watchdog import Watchdog

PROGRAM = "simavr"
HERTZ = 16_000_000
TIMEOUT = 300.0  # seconds for a line that it says; the self-test is none
LEAST_STACK = 128
"""Bytes that the firmware around a policy needs beside its variables."""


@dataclass(frozen=True)
class Flash:
    """An image in flash, and how much flash there is.

    Attributes:
        image: its bytes from address 0 on.
        size: bytes of flash.
    """

    image: bytes
    size: int

    def hex(self, data: bytes = b"") -> str:
        """It and data behind it, in Intel's hexadecimal format."""
        content = self.image + data
        lines = []
        for start in range(0, len(content), 16):
            if start % 0x10000 == 0:
                lines.append(_record(0, 4, (start >> 16).to_bytes(2, "big")))
            lines.append(_record(start & 0xFFFF, 0, content[start:start + 16]))
        return "\n".join([*lines, _record(0, 1, b""), ""])


def _record(address: int, kind: int, data: bytes) -> str:
    line = bytes([len(data), address >> 8, address & 255, kind]) + data
    return f":{line.hex().upper()}{-sum(line) & 255:02X}"


def flash_of(image: Path, target: Target) -> Flash:
    """What a linked image puts into flash.

    Raises:
        MissingDependencyError: pyelftools is not installed.
        VerificationError: the chip has less flash or memory than the image takes.
    """
    elf = read_elf(image)
    content = b"".join(data for _, data in sorted(elf.loaded))
    memory = sum(section.size for section in elf.sections if section.kind in ("data", "zeroed"))
    for what, size, limit in (("flash", len(content), target.flash_bytes),
                              ("memory", memory + LEAST_STACK, target.ram_bytes)):
        if size > limit:
            raise VerificationError(
                f"the {image.stem} takes {size:,} bytes of {what}, and an {target.title} has "
                f"{limit:,}", hint="export the policy in int8, or take a smaller one")
    if len(content) != elf.symbols["__data_load_end"]:
        raise VerificationError(f"the {image.stem} has gaps in flash")
    return Flash(content, target.flash_bytes)


class Simavr:
    """Boots images.

    Args:
        mcu: what simavr calls the chip.
        timeout: seconds within which each line of what the firmware says must come.
        where: what runs, for messages.

    Raises:
        MissingDependencyError: simavr is not installed.
    """

    def __init__(self, mcu: str, *, timeout: float = TIMEOUT, where: str = "") -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise MissingDependencyError(f"{PROGRAM} is not installed",
                                         hint="sudo apt install simavr")
        self._command = [program, "-m", mcu, "-f", str(HERTZ)]
        self._timeout = timeout
        self._where = where or f"simavr's {mcu}"

    def boot(self, flash: Flash, data: bytes = b"") -> bytes:
        """What the firmware writes until its end (see harness/avr.c), with data behind it.

        Raises:
            VerificationError: it does not come to its end, or not in time.
        """
        with tempfile.TemporaryDirectory(prefix="puffer-edge-") as folder:
            file = Path(folder) / "flash.hex"
            file.write_text(flash.hex(data), encoding="ascii")
            said, late = self._listen([*self._command, str(file)])
        if late:
            raise VerificationError(f"a step does not end within {self._timeout:g} s",
                                    where=self._where)
        if "#." in said:
            raise VerificationError("the stack meets the variables: memory is too small",
                                    where=self._where)
        if "!." not in said:  # it shows the end of a line as a point
            raise VerificationError(f"the firmware does not end: {said.strip()[-300:]}",
                                    where=self._where)
        return bytes.fromhex("".join(re.findall(r">([0-9a-f]*)", said)))

    def _listen(self, command: list[str]) -> tuple[str, bool]:
        """All that simavr says, and whether a line was late."""
        process = processes.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace")
        lines = []
        with process:
            assert process.stdout is not None
            watchdog = Watchdog(process, self._timeout)
            try:
                while line := watchdog.guard(process.stdout.readline):
                    lines.append(line)
            finally:
                processes.end(process)
        return "".join(lines), watchdog.bitten


def integer(said: bytes) -> int:
    """A number that the firmware writes first.

    Raises:
        VerificationError: it is none.
    """
    if len(said) < 4:
        raise VerificationError("the firmware says nothing")
    return int.from_bytes(said[:4], "little", signed=True)
