# SPDX-License-Identifier: MIT
"""The code of an artefact, made again from its Program: nobody else's is compiled or run.

Equal Programs give equal bytes, so code that the same version wrote is told from any other by
comparing. What is handed on is what was made here, never what lies in the directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from puffer_edge.artefact import program_file
from puffer_edge.artefact.tools import another_version
from puffer_edge.blackbox import Size
from puffer_edge.errors import (
    FileFormatError,
    MissingDependencyError,
    PufferEdgeError,
    UsageError,
)
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest
from puffer_edge.ir import Program
from puffer_edge.passes import separate_results
from puffer_edge.readers.regular_file import read_file
from puffer_edge.robot import RobotContract
from puffer_edge.robot.identity import identity
from puffer_edge.robot.reading import read_contract
from puffer_edge.robot.writing import FILE as CONTRACT
from puffer_edge.shield.describing import read_described
from puffer_edge.version import VERSION

PROGRAM = "program.npz"
CODE = (".h", ".c", ".py", ".mpy", ".so")
"""Ends of the names of files that are compiled or run."""
TRUST = "export the policy again; or give --trust, if you would run code of who sent it"


def read_code(directory: Path, manifest: Mapping[str, Any], *, trust: bool = False,
              compiled: bool = True, program: Program | None = None) -> dict[str, bytes]:
    """Code and weights of an artefact by file name, as this version makes them.

    Args:
        directory: the artefact.
        manifest: its manifest.
        trust: take the files that lie there, whoever wrote them.
        compiled: also what needs zig or mpy-cross; where such a tool is not installed, its files
            are neither compared nor given.
        program: that of the artefact, if it was read already.

    Raises:
        FileFormatError: a file is missing, differs from what is made of the Program, or is code
            that export does not write.
    """
    listed = [name for name in manifest["files"] if name.endswith((*CODE, ".bin"))]
    if trust:
        return {name: _read(directory, name) for name in listed}
    if program is None:
        program = program_file.from_bytes(_read(directory, PROGRAM), str(directory / PROGRAM))
    made = _made(manifest, program, compiled, contract_of(directory, manifest))
    for name, content in made.items():
        if (found := _read(directory, name)) != content:
            raise FileFormatError(_difference(name, found, content, manifest), hint=TRUST,
                                  where=str(directory / name))
    unmade = (".so", ".mpy")  # by a tool that is not here; nobody gets them
    if more := [name for name in listed if name not in made and not name.endswith(unmade)]:
        raise FileFormatError("export does not write this file", where=str(directory / more[0]),
                              hint=TRUST)
    return made


def _made(manifest: Mapping[str, Any], program: Program, compiled: bool,
          contract: RobotContract | None = None) -> dict[str, bytes]:
    """What export would write but for data."""
    if "request" not in manifest:
        raise FileFormatError(f"the artefact was written by {manifest['tool']}, which did not "
                              "record what its code was made with", hint=TRUST)
    given, about = manifest["request"], manifest.get("micropython", {})
    request = ExportRequest(
        program, manifest["target"], manifest["name"], given["seed"], manifest["scheme"],
        counts=given["counts"], board=about.get("board", ""), kernels=about.get("kernels", ""),
        contract=contract, shielded=read_described(manifest, program),
        black_box=_black_box(manifest), weights=_sequence(manifest))
    if request.target not in EXPORTERS:
        raise FileFormatError(f"the artefact's target {request.target!a} is not known here",
                              hint=program_file.HINT)
    if separate_results(program) is not program:  # two states that swap would lose one
        raise FileFormatError("results of the stored program lie in the memory of others, as "
                              "export never writes them", hint=program_file.HINT)
    try:
        made = EXPORTERS[request.target].code(request, compiled=compiled)
        return {name: content for name, content in made.items()
                if name.endswith((*CODE, ".bin"))}
    except MissingDependencyError:
        raise
    except (PufferEdgeError, LookupError, ValueError, TypeError, OverflowError,
            MemoryError) as error:  # such as types of which no kernel is
        what = error.what if isinstance(error, PufferEdgeError) else error
        raise FileFormatError(f"no code can be made of the stored program: {what}",
                              hint=program_file.HINT) from error


def contract_of(directory: Path, manifest: Mapping[str, Any]) -> RobotContract | None:
    """The robot's contract that an artefact was exported with, None where there is none.

    Raises:
        FileFormatError: it is missing, damaged, or another one.
    """
    if "contract" not in manifest:
        return None
    contract = read_contract(directory / CONTRACT)
    if identity(contract) != manifest["contract"]:
        raise FileFormatError("the contract is not the one that the artefact was exported with",
                              where=str(directory / CONTRACT), hint=TRUST)
    return contract


def _black_box(manifest: Mapping[str, Any]) -> Size | None:
    asked = manifest.get("black_box")
    try:
        return None if asked is None else Size(asked["steps"], asked["every"])
    except UsageError as error:
        raise FileFormatError(f"the manifest has {error.what}", hint=TRUST) from error


def _sequence(manifest: Mapping[str, Any]) -> int:
    number: int = manifest.get("weights", {"sequence": 0})["sequence"]
    if "weights" in manifest and not 0 < number < 1 << 32:
        raise FileFormatError("the manifest has weights of an impossible sequence number",
                              hint=TRUST)
    return number


def _difference(name: str, found: bytes, made: bytes, manifest: Mapping[str, Any]) -> str:
    ours = f"puffer-edge {VERSION}"
    if found.replace(b"\r\n", b"\n") == made:
        return ("its line ends were changed to CRLF, as git does with core.autocrlf; "
                "`* -text` in .gitattributes keeps it from that")
    if other := another_version(manifest, name):
        return f"the file is not what {ours} makes of the artefact's program: {other}"
    if manifest["tool"] != ours:
        return (f"the file is not what {ours} makes of the artefact's program: it was written by "
                f"{manifest['tool']!a}")
    return "the file is not the one that export wrote: other code than the artefact's program makes"


def _read(directory: Path, name: str) -> bytes:
    try:
        return read_file(directory / name)
    except FileFormatError as error:
        raise FileFormatError(f"the artefact has no {name}: {error.what}", where=str(directory),
                              hint=program_file.HINT) from error
