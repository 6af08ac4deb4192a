"""From what the user has (artefact, policy file, Program) to a Program, and on to a back end."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

from puffer_edge import api, storage
from puffer_edge.errors import FileFormatError, MissingDependencyError, UsageError
from puffer_edge.exporters.artifact import read_manifest
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.runtimes import BACKENDS
from puffer_edge.runtimes.policy import Policy

PROGRAM = "program.npz"


def open_policy(policy: Any, backend: str | None, options: dict[str, Any]) -> Policy:
    """See :func:`puffer_edge.runtimes.load`."""
    if backend is not None and backend not in BACKENDS:
        raise UsageError(f"there is no back end {backend!r}",
                         hint=f"choose one of {', '.join(BACKENDS)}")
    program = read_program(policy, options)
    if backend is not None:
        return _open(backend, program)
    try:
        return _open("native", program)
    except MissingDependencyError:
        return _open("numpy", program)


def read_program(policy: Any, options: dict[str, Any] | None = None) -> Program:
    """The Program of an artefact's directory, as it was exported, or of a policy file.

    Raises:
        UsageError: a directory or a Program is given options.
        FileFormatError: there is nothing readable, or files are not those that export wrote.
    """
    if isinstance(policy, Program):
        found = policy
    elif isinstance(policy, str | Path) and Path(policy).is_dir():
        found = _stored(Path(policy))
    else:
        return optimize(api.load(policy, **(options or {})))
    if options:
        raise UsageError(f"only a policy file takes options, such as {next(iter(options))}")
    return found


def _stored(directory: Path) -> Program:
    files = read_manifest(directory).get("files")
    if not isinstance(files, dict) or PROGRAM not in files:
        raise FileFormatError(f"the artefact holds no {PROGRAM}", where=str(directory),
                              hint=storage.HINT)
    for name, digest in files.items():
        path = directory / str(name)
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != digest:
            raise FileFormatError("the file is not the one that export wrote", where=str(path),
                                  hint=storage.HINT)
        if name == PROGRAM:
            program = storage.from_bytes(content, str(path))
    return program


def _open(backend: str, program: Program) -> Policy:
    module = import_module(f"puffer_edge.runtimes.{backend}_backend")
    opened: Policy = module.Backend(program)
    return opened
