# SPDX-License-Identifier: MIT
"""Copies a MicroPython artefact to a board over its serial port, and runs the self-test there."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puffer_edge.artefact.directory import read_manifest
from puffer_edge.errors import FileFormatError, MissingDependencyError, OutputError, UsageError
from puffer_edge.exporters.micropython.boards import ANY, find_profile
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.targets import MICROPYTHON

EXAMPLE = "main.py"
"""What a board runs when it is switched on: copied only where there is none."""
# One after another, as the smallest boards cannot compile them in one piece.
SELFTEST = ("import policy", "gc.collect()\nimport selftest",
            "gc.collect()\np = policy.Policy()\ngc.collect()\nprint(selftest.run(p))")
TIMING = """try:
 from time import ticks_us, ticks_diff
except ImportError:
 from utime import ticks_us, ticks_diff
t = ticks_us()
for i in range(20):
 p.step()
print(ticks_diff(ticks_us(), t) // 20)"""


@dataclass(frozen=True)
class Flashing:
    """What is copied.

    Attributes:
        title: of the board.
        files: contents by name, in the order in which they go.
        piece: bytes that the board takes at a time.
    """

    title: str
    files: dict[str, bytes]
    piece: int = 512


@dataclass(frozen=True)
class Flashed:
    """What the board said.

    Attributes:
        port: that it is on.
        wrong: steps of the self-test that gave other numbers; 0 is good.
        microseconds: of one step; None where the board has no clock for that.
        example: whether the example main.py was copied; a main.py that is there stays.
    """

    port: str
    wrong: int
    microseconds: int | None
    example: bool


def plan(directory: Path, board: str, *, trust: bool = False) -> Flashing:
    """What flash would copy.

    Args:
        directory: the artefact.
        board: a board that MicroPython runs on.
        trust: copy the code that lies there, also where it is not what this version makes of the
            artefact's Program.

    Raises:
        FileFormatError: the artefact is damaged, or its code another.
        UsageError: it is not for MicroPython, or for another board; there is no such board.
    """
    manifest, chosen = read_manifest(directory), find_profile(board)
    if manifest.get("target") != MICROPYTHON.name:
        raise UsageError("the artefact is not for MicroPython",
                         hint="export the policy with --target micropython")
    built = manifest.get("micropython", {})
    made_for = find_profile(str(built.get("board", "")))
    if made_for is not ANY and not chosen.runs(made_for):
        raise UsageError(f"the artefact was exported for the board {made_for.name}",
                         hint=f"export the policy with --board {chosen.name}")
    if chosen.small and made_for is ANY:
        raise UsageError(f"{chosen.title} needs the smallest form",
                         hint=f"export the policy with --board {chosen.name}")
    files = flashed_of(manifest, read_code(directory, manifest, trust=trust), directory)
    return Flashing(chosen.title, files, 64 if chosen.small else 512)


def flashed_of(manifest: Mapping[str, Any], code: Mapping[str, bytes], directory: Path
               ) -> dict[str, bytes]:
    """What goes on a board, of an artefact's code."""
    files = {}
    for name in (*manifest["micropython"]["modules"], "weights.bin", EXAMPLE):
        if name not in code or hashlib.sha256(code[name]).hexdigest() != manifest["files"].get(
                name):
            raise FileFormatError(f"{name} is not what export wrote", where=str(directory),
                                  hint="export the policy again")
        files[name] = code[name]
    return files


def flash(flashing: Flashing, port: str = "",
          progress: Callable[[str], None] = lambda text: None) -> Flashed:
    """Copies the files and runs the self-test.

    Args:
        flashing: from :func:`plan`.
        port: serial port; the only one by default.
        progress: is told what is being done.

    Raises:
        UsageError: there is not exactly one port, and none is named.
        MissingDependencyError: mpremote is not installed.
        OutputError: the board does not answer, or refuses something.
    """
    with _connected(port or _only_port()) as (name, board):
        present = board.exec("import os\nprint(os.listdir())").decode()
        example = f"'{EXAMPLE}'" not in present
        for file, content in flashing.files.items():
            if file == EXAMPLE and not example:
                continue
            progress(f"copying {file}, {len(content):,} bytes")
            board.fs_writefile(file, content, chunk_size=flashing.piece)
        progress("running the self-test")
        board.exec("import gc\nf = w = None\ngc.collect()")
        for code in SELFTEST:
            said = board.exec(code).decode()
        if not re.fullmatch(r"\d+\s*", said):
            raise OutputError(f"the self-test said {said.strip()!r}", where=name)
        return Flashed(name, int(said), _microseconds(board), example)


def _microseconds(board: Any) -> int | None:
    from mpremote.transport import TransportExecError

    try:
        return int(board.exec(TIMING))
    except (TransportExecError, ValueError):
        return None


@contextmanager
def _connected(port: str) -> Iterator[tuple[str, Any]]:
    """The port's name, and mpremote's transport in the raw REPL."""
    try:
        from mpremote.transport import TransportError, TransportExecError
        from mpremote.transport_serial import SerialTransport
    except ImportError as error:
        raise MissingDependencyError("mpremote is not installed",
                                     hint="pip install 'puffer-edge[micropython]'") from error
    said = io.StringIO()  # mpremote prints what it did not understand
    try:
        with contextlib.redirect_stdout(said):
            board = SerialTransport(port)
            try:
                board.enter_raw_repl()
                yield port, board
                board.exit_raw_repl()
            finally:
                board.close()
    except TransportExecError as error:
        raise OutputError("the board raised an exception: "
                          + str(error.error_output).strip().splitlines()[-1], where=port,
                          hint="is there enough memory? see `puffer-edge export --help`, "
                               "--board") from error
    except (TransportError, OSError) as error:
        raise OutputError(f"the board does not answer: {error}", where=port,
                          hint="close other programs on that port, and press its reset "
                               "button") from error


def _only_port() -> str:
    try:
        from serial.tools.list_ports import comports
    except ImportError as error:
        raise MissingDependencyError("mpremote is not installed",
                                     hint="pip install 'puffer-edge[micropython]'") from error
    ports = [port.device for port in comports() if port.vid is not None]
    if len(ports) != 1:
        raise UsageError("there are " + (f"several boards: {', '.join(ports)}" if ports else
                                         "no boards on USB"), hint="give --port")
    return str(ports[0])
