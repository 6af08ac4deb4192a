# SPDX-License-Identifier: MIT
"""Runs a script under CPython, or under MicroPython for WebAssembly in node."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from puffer_edge import processes
from puffer_edge.errors import MissingDependencyError, VerificationError

PACKAGE = "@micropython/micropython-webassembly-pyscript"
PINNED = "1.27.0"
SECONDS = 600


def find_webassembly() -> Path | None:
    """micropython.mjs, as npm installs it; None where it, or node, is missing.

    Looked for where the environment variable PUFFER_EDGE_MICROPYTHON points, else in the folders
    node_modules of this Python's environment and of the working directory.
    """
    if shutil.which("node") is None:
        return None
    named = os.environ.get("PUFFER_EDGE_MICROPYTHON")
    places = [Path(named)] if named else [
        base / "node_modules" / PACKAGE / "micropython.mjs"
        for base in (Path(sys.prefix), Path.cwd())]
    return next((place.resolve() for place in places if place.is_file()), None)


def run_cpython(folder: Path, script: str) -> str:
    """Runs ``folder/script`` in the folder; what it prints.

    Raises:
        VerificationError: it raises an exception.
        ToolError: it takes too long.
    """
    return _run([sys.executable, "-I", "-B", "-c", _ISOLATED, script], folder, script)


def run_webassembly(folder: Path, script: str) -> str:
    """The same under MicroPython, whose small integers have 31 bits.

    Files that the script writes into its working directory are in the folder afterwards.

    Raises:
        MissingDependencyError: node or MicroPython is not installed.
        VerificationError: it raises an exception.
        ToolError: it takes too long.
    """
    module = find_webassembly()
    if module is None:
        raise MissingDependencyError(
            "MicroPython for WebAssembly is not installed",
            hint=f'npm install --prefix "{sys.prefix}" {PACKAGE}@{PINNED}')
    runner = Path(__file__).with_name("run.mjs")
    return _run(["node", str(runner), str(module), str(folder.resolve()), script], folder, script)


_ISOLATED = "import runpy, sys; sys.path.insert(0, ''); runpy.run_path(sys.argv[1], {}, '__main__')"


def _run(command: list[str], folder: Path, script: str) -> str:
    done = processes.run(command, seconds=SECONDS, what=f"{script} in {Path(command[0]).name}",
                         cwd=folder)
    if done.returncode:
        text = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise VerificationError("\n".join(text[-12:]) or "it ended without a word", where=script)
    return done.stdout
