"""From what the user has (artefact, policy file, Program) to a Program, and on to a back end."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

from puffer_edge import api, storage
from puffer_edge.artefact.replacing import restore
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
    backend, content, original = _model(policy, backend)
    if original is not None:
        program = original
    if backend is not None:
        return _open(backend, program, content)
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
    elif isinstance(policy, str | Path) and (restore(Path(policy)) or Path(policy).is_dir()):
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


def _model(policy: Any, backend: str | None) -> tuple[str | None, bytes | None, Program | None]:
    """The back end, its file in an artefact that holds one, and the Program that file is of.

    None is the back end of an artefact that is no single file, and no Program where that is the
    artefact's own.
    """
    if not isinstance(policy, str | Path) or not Path(policy).is_dir():
        return backend, None, None
    from puffer_edge.exporters.formats import FORMATS
    from puffer_edge.exporters.rpi.companions import ORIGINAL

    manifest, directory = read_manifest(Path(policy)), Path(policy)
    target = FORMATS.get(str(manifest.get("target")))
    if target is not None and target.file not in manifest["files"]:
        raise FileFormatError(f"the artefact holds no {target.file}", where=str(policy),
                              hint=storage.HINT)
    if backend is None and target is not None:
        backend = target.backend
    for format in FORMATS.values():
        if format.backend == backend and format.file in manifest["files"]:
            original = (storage.from_bytes((directory / ORIGINAL).read_bytes(), ORIGINAL)
                        if ORIGINAL in manifest["files"] else None)
            return backend, (directory / format.file).read_bytes(), original
    return backend, None, None


def _open(backend: str, program: Program, content: bytes | None = None) -> Policy:
    module = import_module(f"puffer_edge.runtimes.{backend}_backend")
    opened: Policy = (module.Backend(program) if content is None
                      else module.Backend(program, content))
    return opened
