# SPDX-License-Identifier: MIT
"""A micro:bit on QEMU: MicroPython 1.9 on a Cortex-M0 with 16 KB of RAM, by its raw REPL.

The firmware is Debian's package firmware-microbit-micropython; nothing of it is redistributed.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

from puffer_edge import processes
from puffer_edge.errors import MissingDependencyError, VerificationError

FIRMWARE = Path("/usr/share/firmware-microbit-micropython/firmware.hex")
SECONDS = 60
LINE = 56
"""Characters that are sent before the board has answered: more than the firmware's buffer holds
would be lost when this computer is busy."""


def find_microbit() -> bool:
    """Whether QEMU and the firmware are installed."""
    return shutil.which("qemu-system-arm") is not None and FIRMWARE.is_file()


class Microbit:
    """A board that has just been switched on; a context manager that switches it off.

    Args:
        shift: every instruction takes 2^shift nanoseconds, so that times are repeatable; by default
            it runs as fast as it can.

    Raises:
        MissingDependencyError: QEMU or the firmware is not installed.
        VerificationError: it does not start.
    """

    def __init__(self, shift: int | None = None) -> None:
        if not find_microbit():
            raise MissingDependencyError(
                "QEMU or the micro:bit's MicroPython is not installed",
                hint="apt-get install qemu-system-arm firmware-microbit-micropython")
        counting = [] if shift is None else ["-icount", f"shift={shift}"]
        self._process = processes.start(
            ["qemu-system-arm", "-M", "microbit", "-nographic", "-monitor", "none",
             "-serial", "stdio", "-device", f"loader,file={FIRMWARE}", *counting],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._seen = b""
        try:
            self._until(b">>> ")
            os.write(self._in, b"\x01")  # Ctrl-A: the raw REPL
            self._until(b"exit\r\n>")
        except VerificationError:
            self.close()
            raise

    def run(self, code: str) -> str:
        """Runs code and gives what it prints.

        Raises:
            VerificationError: it raises an exception, or takes too long.
        """
        if len(code) <= LINE:
            return self._run(code)
        self.put("run", code.encode())
        return self._run("exec(open('run').read())")

    def put(self, name: str, content: bytes) -> None:
        """Writes a file."""
        self._run(f"_f=open({name!r},'wb');_w=_f.write")
        while content:
            size = next(size for size in range(LINE, 0, -1)
                        if len(repr(content[:size])) <= LINE - len("_w()"))
            self._run(f"_w({content[:size]!r})")
            content = content[size:]
        self._run("_f.close();del _f,_w")

    def restart(self) -> None:
        """Resets the interpreter: the heap is as when switched on, the files stay.

        What is left of the lines that wrote the files divides the heap, at places that depend on
        the bytes written; a module may then find no piece that is long enough.
        """
        os.write(self._in, b"\x04")
        self._until(b"exit\r\n>")

    def _run(self, line: str) -> str:
        os.write(self._in, line.encode() + b"\x04")
        self._until(b"OK")
        printed, error = self._until(b"\x04"), self._until(b"\x04>")
        if len(error) > 2:
            raise VerificationError(error[:-2].decode(errors="replace").strip(), where="micro:bit")
        return printed[:-1].decode().replace("\r\n", "\n")

    def close(self) -> None:
        """Switches it off."""
        processes.end(self._process)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Microbit:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _until(self, mark: bytes) -> bytes:
        """What comes up to and including a mark."""
        start = time.monotonic()
        while mark not in self._seen:
            left = start + processes.patience(SECONDS) - time.monotonic()
            ready, _, _ = select.select([self._out], [], [], max(0, left))
            piece = os.read(self._out, 4096) if ready else b""
            if not piece:
                raise VerificationError(
                    "the board fell silent: " + self._seen[-200:].decode(errors="replace"),
                    where="micro:bit", hint="run it again; serial input may have been lost")
            self._seen += piece
        at = self._seen.index(mark) + len(mark)
        found, self._seen = self._seen[:at], self._seen[at:]
        return found
