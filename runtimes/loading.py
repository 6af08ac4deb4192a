# SPDX-License-Identifier: MIT
"""From what the user has (artefact, policy file, Program) to a Program, and on to a back end."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

from puffer_edge.artefact import program_file
from puffer_edge.artefact.directory import read_manifest
from puffer_edge.artefact.replacing import restore
from puffer_edge.errors import FileFormatError, MissingDependencyError, UsageError
from puffer_edge.exporters.regenerating import PROGRAM, read_code
from puffer_edge.ir import Program
from puffer_edge.loading import load
from puffer_edge.passes import optimize
from puffer_edge.readers.regular_file import read_file
from puffer_edge.robot import RobotContract
from puffer_edge.robot.identity import identity
from puffer_edge.robot.reading import read_contract
from puffer_edge.runtimes.backends import BACKENDS
from puffer_edge.runtimes.policy import Policy


def open_policy(policy: Any, backend: str | None, options: dict[str, Any], *,
                trust: bool = False, contract: Any = None) -> Policy:
    """See :func:`puffer_edge.runtimes.load`."""
    opened = _opened(policy, backend, options, trust)
    opened.robot = _robot(policy)
    if contract is not None:
        _refuse_another(opened, contract, str(policy))
    return opened


def _robot(policy: Any) -> str:
    """Of an artefact, the contract's hash; what lies beside was compared with it."""
    if not isinstance(policy, str | Path) or not Path(policy).is_dir():
        return ""
    return str(read_manifest(Path(policy)).get("contract", ""))


def _refuse_another(policy: Policy, contract: Any, where: str) -> None:
    """Closes a policy that is not for a robot's contract."""
    try:
        wanted = identity(contract if isinstance(contract, RobotContract) else
                          read_contract(Path(contract)))
        if wanted != policy.robot:
            found = f"the contract {policy.robot[:16]}" if policy.robot else "no contract"
            raise UsageError(f"the policy was exported for {found}, and the robot's is "
                             f"{wanted[:16]}", where=where,
                             hint="compare the two with `puffer-edge contract FILE --diff OTHER`; "
                                  "an artefact has its own as contract.toml")
    except BaseException:
        policy.close()
        raise


def _opened(policy: Any, backend: str | None, options: dict[str, Any], trust: bool) -> Policy:
    if backend is not None and backend not in BACKENDS:
        raise UsageError(f"there is no back end {backend!r}",
                         hint=f"choose one of {', '.join(BACKENDS)}")
    program = read_program(policy, options, trust=trust)
    backend, content, original = _model(policy, backend)
    if original is not None:
        program = original
    if backend is not None:
        return _open(backend, program, content)
    try:
        return _open("native", program)
    except MissingDependencyError:
        return _open("numpy", program)


def read_program(policy: Any, options: dict[str, Any] | None = None, *, trust: bool = False
                 ) -> Program:
    """The Program of an artefact's directory, as it was exported, or of a policy file.

    ``trust`` takes an artefact whose code is not what this version makes of its Program; that code
    is not run in either case.

    Raises:
        UsageError: a directory or a Program is given options.
        FileFormatError: there is nothing readable, or files are not those that export wrote.
    """
    if isinstance(policy, Program):
        found = policy
    elif isinstance(policy, str | Path) and (restore(Path(policy)) or Path(policy).is_dir()):
        found = _stored(Path(policy), trust)
    else:
        return optimize(load(policy, **(options or {})))
    if options:
        raise UsageError(f"only a policy file takes options, such as {next(iter(options))}")
    return found


def _stored(directory: Path, trust: bool) -> Program:
    manifest = read_manifest(directory)
    if PROGRAM not in manifest["files"]:
        raise FileFormatError(f"the artefact holds no {PROGRAM}", where=str(directory),
                              hint=program_file.HINT)
    contents = {name: _content(directory / name, digest)
                for name, digest in manifest["files"].items()}
    program = program_file.from_bytes(contents[PROGRAM], str(directory / PROGRAM))
    if not trust:
        read_code(directory, manifest, compiled=False, program=program)
    return program


def _content(path: Path, digest: str) -> bytes:
    """The file that export wrote."""
    content = read_file(path) if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != digest:
        changed = hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest() == digest
        raise FileFormatError("the file is not the one that export wrote" + (
            ": its line ends were changed to CRLF, as git does with core.autocrlf"
            if changed else ""), where=str(path), hint=program_file.HINT)
    return content


def _model(policy: Any, backend: str | None) -> tuple[str | None, bytes | None, Program | None]:
    """The back end, its file in an artefact that holds one, and the Program that file is of.

    None is the back end of an artefact that is no single file, and no Program where that is the
    artefact's own.
    """
    if not isinstance(policy, str | Path) or not Path(policy).is_dir():
        return backend, None, None
    from puffer_edge.exporters.assembling import ORIGINAL
    from puffer_edge.exporters.formats import FORMATS

    manifest, directory = read_manifest(Path(policy)), Path(policy)
    target = FORMATS.get(manifest["target"])
    if target is not None and target.file not in manifest["files"]:
        raise FileFormatError(f"the artefact holds no {target.file}", where=str(policy),
                              hint=program_file.HINT)
    if backend is None and target is not None:
        backend = target.backend
    for format in FORMATS.values():
        if format.backend == backend and format.file in manifest["files"]:
            original = (program_file.from_bytes(read_file(directory / ORIGINAL), ORIGINAL)
                        if ORIGINAL in manifest["files"] else None)
            return backend, read_file(directory / format.file), original
    return backend, None, None


def _open(backend: str, program: Program, content: bytes | None = None) -> Policy:
    module = import_module(f"puffer_edge.runtimes.{backend}_backend")
    opened: Policy = (module.Backend(program) if content is None
                      else module.Backend(program, content))
    return opened
