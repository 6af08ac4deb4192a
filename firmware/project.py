"""An example around an artefact, for a board, ready to build or to copy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from puffer_edge.artefact.directory import read_manifest
from puffer_edge.boards import Board, Memory, boards, find_board
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.firmware import flash
from puffer_edge.firmware.renewing import Written, put
from puffer_edge.naming import identifier, stem
from puffer_edge.targets import MICROPYTHON, find_target
from puffer_edge.templates import template

EXAMPLES = {"main.c", "main.py", "Makefile", "startup.c", "link.ld"}
"""Files that are the user's as soon as they are changed; the others are the policy."""
STACK = 1024
"""Bytes that the linker keeps for the stack; `verify` measures what the step needs."""


def project(directory: Path, board: str, output: Path, *, trust: bool = False) -> Written:
    """Writes the project, or renews the policy in one that is there.

    Args:
        directory: an artefact, for MicroPython or in C.
        board: of ``puffer-edge boards``.
        output: a directory that does not exist, is empty, or holds a project: there the policy is
            renewed, and what the user has changed or added stays.
        trust: see :func:`puffer_edge.firmware.flash.plan`.

    Raises:
        UsageError: there is no such board, or no example for it.
        FileFormatError: the artefact is damaged.
        OutputError: the directory cannot be written, or holds something else.
    """
    manifest = read_manifest(directory)
    if manifest.get("target") == MICROPYTHON.name:
        files = flash.plan(directory, board, trust=trust).files
        manual = read_code(directory, manifest, trust=trust, compiled=False)["manifest.py"]
        files = {**files, "manifest.py": manual, "Makefile": _copying(files)}
    else:
        files = _bare_metal(directory, manifest, find_board(board), trust)
    return put(output, files, own=files.keys() - EXAMPLES)


def _bare_metal(directory: Path, manifest: Mapping[str, Any], board: Board, trust: bool
                ) -> dict[str, bytes]:
    bare = board.bare_metal
    if bare is None:
        raise UsageError(f"there is no bare-metal example for {board.name}",
                         hint="choose one of " + ", ".join(
                             name for name, each in boards().items() if each.bare_metal))
    code = read_code(directory, manifest, trust=trust, compiled=False)
    policy = {file: code.get(file, b"") for file in ("policy.h", "policy.c")}
    for file, text in policy.items():
        if hashlib.sha256(text).hexdigest() != manifest["files"].get(file):
            raise FileFormatError(f"{file} is not what export wrote", where=str(directory),
                                  hint="export the policy again")
    name = stem(str(manifest["name"]))
    fields = [{"name": identifier(str(field["name"]), "a field of the observation"),
               "size": _size(field["shape"])} for field in manifest["observation"]["fields"]]
    core = find_target(board.core.target)
    integers = "integers" in manifest["observation"] and not core.hard_float
    about = {"name": name, "NAME": name.upper(), "title": board.title, "fields": fields,
             "flash": _region(board.flash), "ram": _region(board.ram), "stack": STACK,
             "qemu": bare.qemu, "core_hz": bare.reset_clock, "timer": bare.systick,
             "flags": " ".join(core.gcc_flags), "q": "_q" if integers else "",
             "action_q": "_q" if integers and manifest["action"]["kind"] != "discrete" else "",
             "masked": "mask" in manifest["action"], "dwt": core.name != "cortex-m0"}
    written = {file.removesuffix(".j2"): template("puffer_edge.firmware", f"bare_metal/{file}")
               for file in ("startup.c", "link.ld.j2", "main.c.j2", "Makefile.j2")}
    return {**policy, **{file: form.render(about).encode("ascii")
                         for file, form in written.items()}}


def _region(memory: Memory) -> tuple[int, int]:
    """Origin and length for the linker."""
    return memory.origin, memory.linked or memory.size


def _copying(files: Mapping[str, bytes]) -> bytes:
    names = " ".join(f":{name}" for name in files)
    return (f"# Copies everything to the only board that is connected; needs mpremote.\n"
            f"copy:\n\tmpremote cp {' '.join(files)} :\n\n"
            f"remove:\n\tmpremote rm {names}\n\n.PHONY: copy remove\n").encode()


def _size(shape: Any) -> int:
    size = 1
    for extent in shape:
        size *= int(extent)
    return size
