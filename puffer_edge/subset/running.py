# SPDX-License-Identifier: MIT
"""``puffer-edge check --run``: the real interpreter's word on functions that must not allocate.

Each file is imported under MicroPython for WebAssembly, with the files beside it, if it does not
need modules of the board; every marked function that needs no arguments runs under a locked heap,
after two calls that are not counted.
The code is executed, and node is no sandbox: this is for files that one would run anyway.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from puffer_edge.errors import (
    FileFormatError,
    MissingDependencyError,
    ToolError,
    VerificationError,
)
from puffer_edge.subset.checking import Problem, Report
from puffer_edge.subset.config import Config
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.names import Names
from puffer_edge.subset.facts.source import parse, read
from puffer_edge.subset.finding import Finding

ALLOCATES = "PE901"
FAILS = "PE902"


def run_paths(paths: Iterable[Path], config: Config, report: Report) -> None:
    """Imports files, runs their marked functions, and adds what they do to a report.

    Raises:
        MissingDependencyError: node or MicroPython is not installed.
    """
    names = config.firmware_names()
    for path in paths:
        try:
            source = parse(str(path), read(path))
            file = File(source, names, names.port, frozenset())
            marked = [node for node in file.declarations.marked
                      if file.parent(node) is source.tree and not _needs_arguments(node)]
        except FileFormatError:
            continue  # the report says so already
        report.findings.extend(finding for finding in _run(path, marked, report, names)
                               if config.reports_in(finding.code, str(path)))


def _needs_arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    arguments = node.args
    return len(arguments.args) > len(arguments.defaults) or None in arguments.kw_defaults


def _run(path: Path, marked: list[ast.FunctionDef | ast.AsyncFunctionDef],
         report: Report, names: Names) -> Iterator[Finding]:
    from puffer_edge.verification.micropython.interpreters import run_webassembly

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for beside in path.resolve().parent.iterdir():
            if beside.is_file() and beside.stat().st_size < 1 << 20:
                shutil.copyfile(beside, folder / beside.name)
        shutil.copyfile(path, folder / "_puffer_edge_module.py")
        shutil.copyfile(Path(__file__).with_name("run_marked.py"), folder / "run_marked.py")
        (folder / "_puffer_edge_marked.json").write_text(json.dumps([node.name for node in marked]))
        try:
            run_webassembly(folder, "run_marked.py")
            results = json.loads((folder / "_puffer_edge_results.json").read_text())
        except MissingDependencyError:
            raise
        except (VerificationError, ToolError, OSError, ValueError) as error:
            text = str(error).splitlines()[-1] if str(error) else "no result"
            if not marked and (isinstance(error, ToolError) or _is_the_boards(text, names)):
                return  # a program that never ends, or needs the board
            report.problems.append(Problem(str(path), f"MicroPython cannot import it: {text}"))
            return
    for node in marked:
        gained, raised = results[node.name]
        if raised == "MemoryError" or (gained > 0 and not raised):
            yield _finding(path, node, ALLOCATES, f"{node.name}() allocates: "
                           f"{f'{gained} bytes' if gained else 'MemoryError under heap_lock'}")
        elif raised:
            yield _finding(path, node, FAILS, f"{node.name}() raises {raised}")


def _is_the_boards(text: str, names: Names) -> bool:
    """Whether an import failed for a module that the firmware has, WebAssembly's has not."""
    found = re.search(r"no module named '([\w.]+)'", text)
    return found is not None and names.scope(found[1].split(".")[0]) is not None


def _finding(path: Path, node: ast.stmt, code: str, text: str) -> Finding:
    return Finding(str(path), node.lineno, node.col_offset + 1, code, text, node.lineno)
