# SPDX-License-Identifier: MIT
"""A project around an artefact, for a board and a framework, ready to build or to copy."""

from __future__ import annotations

import hashlib
import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from puffer_edge.artefact.directory import read_manifest
from puffer_edge.boards import Board, Memory, find_board
from puffer_edge.errors import FileFormatError
from puffer_edge.exporters.fitting import refuse_too_large
from puffer_edge.exporters.licence import in_c
from puffer_edge.exporters.regenerating import contract_of, read_code
from puffer_edge.firmware import flash
from puffer_edge.firmware.frameworks import FRAMEWORKS, Framework, find_framework
from puffer_edge.firmware.renewing import Written, put
from puffer_edge.naming import identifier, stem
from puffer_edge.robot import RobotContract
from puffer_edge.targets import CORTEX_M4, MICROPYTHON, TARGETS
from puffer_edge.templates import template

if TYPE_CHECKING:  # Python 3.10 has it elsewhere
    from importlib.abc import Traversable

POLICY = ("policy.h", "policy.c")
"""Files of every artefact in C."""
AROUND = {"contract": "policy_robot.h", "shield": "policy_shield.h",
          "black_box": "policy_blackbox.h", "weights": "policy_weights.h"}
"""Those of a key of the manifest; each stands on the ones before it."""
RATE = 50
"""Steps per second where no contract tells them."""
STACK = 1024
"""Bytes that the linker keeps for the stack; `verify` measures what the step needs."""


def project(directory: Path, board: str, output: Path, *, framework: str = "", trust: bool = False,
            estimate: Callable[[], tuple[float, float] | None] = lambda: None) -> Written:
    """Writes the project, or renews the policy in one that is there.

    Args:
        directory: an artefact, for MicroPython or in C.
        board: of ``puffer-edge boards``.
        output: a directory that does not exist, is empty, or holds a project: there the policy is
            renewed, and what the user has changed or added stays.
        framework: a key of ``FRAMEWORKS``; the board's first by default.
        trust: see :func:`puffer_edge.firmware.flash.plan`.
        estimate: gives the microseconds that a step is thought to take, the least and the most:
            what the example prints beside what it measures. Called where all else is good.

    Raises:
        UsageError: there is no such board or framework, or the board is too small.
        FileFormatError: the artefact is damaged.
        OutputError: the directory cannot be written, or holds something else.
    """
    manifest = read_manifest(directory)
    if manifest["target"] == MICROPYTHON.name:
        plan = flash.plan(directory, board, trust=trust)
        if framework:
            find_framework(framework, find_board(board), MICROPYTHON.name)
        manual = read_code(directory, manifest, trust=trust, compiled=False)["manifest.py"]
        files = {**plan.files, "manifest.py": manual, "Makefile": _copying(plan.files)}
        return _then(put(output, files, own=files.keys() - {"main.py", "Makefile"}),
                     FRAMEWORKS[MICROPYTHON.name], output)
    chosen = find_board(board)
    found = find_framework(framework, chosen, manifest["target"])
    refuse_too_large(manifest, chosen)
    name = stem(str(manifest["name"]))
    policy = _policy(directory, manifest, trust)
    if found.name != "bare-metal":  # where lander.c compiles policy.h with the self-test
        del policy["policy.c"]
    files = {found.policy + name: content for name, content in policy.items()}
    own = {*files, *(f"{found.policy}{name}.{end}" for end in "hc")}
    files |= rendered(manifest, chosen, found, estimate(), contract_of(directory, manifest))
    return _then(put(output, files, own=own & files.keys()), found, output)


def _then(done: Written, framework: Framework, output: Path) -> Written:
    return replace(done, then=framework.then.format(shlex.quote(str(output))))


def _policy(directory: Path, manifest: Mapping[str, Any], trust: bool) -> dict[str, bytes]:
    code = read_code(directory, manifest, trust=trust, compiled=False)
    policy = {file: code.get(file, b"") for file in (*POLICY, *_around(manifest))}
    for file, text in policy.items():
        if hashlib.sha256(text).hexdigest() != manifest["files"].get(file):
            raise FileFormatError(f"{file} is not what export wrote", where=str(directory),
                                  hint="export the policy again")
    return policy


def _around(manifest: Mapping[str, Any]) -> list[str]:
    return [file for key, file in AROUND.items() if key in manifest]


def _about(manifest: Mapping[str, Any], board: Board, framework: Framework,
           contract: RobotContract | None) -> dict[str, Any]:
    """What templates are given: names that are safe in C, numbers, and texts of a board's file."""
    name = stem(str(manifest["name"]))
    sizes = contract.sensors if contract else {
        str(field["name"]): _size(field["shape"]) for field in manifest["observation"]["fields"]}
    fields = [{"name": identifier(field, "a field of the observation"), "size": size}
              for field, size in sizes.items()]
    fpu = board.core.float_unit != "none"
    around = _around(manifest)  # sensors of a contract and a shield are floats
    floats = fpu or set(around) - {AROUND["black_box"], AROUND["weights"]}
    integers = "integers" in manifest["observation"] and not floats
    core, bare = TARGETS.get(board.core.target, CORTEX_M4), board.bare_metal
    return {"name": name, "NAME": name.upper(), "title": board.title, "fields": fields, "fpu": fpu,
            "header": (POLICY[0], *around)[-1], "q": "_q" if integers else "",
            "action_q": "_q" if integers and manifest["action"]["kind"] != "discrete" else "",
            "masked": "mask" in manifest["action"], "joints": contract.joints if contract else 0,
            "robot": list(dict.fromkeys(contract.action.kind)) if contract else [],
            "steps": max(1, round(1 / contract.period)) if contract else RATE,
            "names": _names(board, framework),
            "dcore": board.core.name.title(), "flash": _region(board.flash),
            "ram": _region(board.ram), "stack": STACK, "flags": " ".join(core.gcc_flags),
            "dwt": core.name != "cortex-m0", "qemu": bare.qemu if bare else "",
            "core_hz": bare.reset_clock if bare else board.core.clock,
            "timer": bare.systick if bare else True, "setup": bare.setup if bare else ""}


def _estimated(board: Board, estimate: tuple[float, float] | None) -> dict[str, str]:
    """What is printed beside the time of a step, by its unit; empty where nothing is known."""
    factors = {"us": 1.0, "cycles": board.core.clock / 1e6}
    if estimate is None:
        return dict.fromkeys(factors, "")
    least, most = estimate
    return {unit: f" estimated {math.floor(least * factor)} to {math.ceil(most * factor)}"
            for unit, factor in factors.items()}


def _names(board: Board, framework: Framework) -> dict[str, str]:
    """What the framework calls the board, its platform and its chip."""
    name = getattr(board.names, framework.name.replace("-", "_"), "") if board.names else ""
    platform, _, short = name.partition("/")
    return {"board": short if framework.name == "platformio" else name, "platform": platform,
            "target": name}


def rendered(manifest: Mapping[str, Any], board: Board, framework: Framework,
             estimate: tuple[float, float] | None = None,
             contract: RobotContract | None = None) -> dict[str, bytes]:
    """Every file of the framework's folder: a template, or a file that is copied.

    A template that gives nothing for a board is no file there.
    """
    about = {**_about(manifest, board, framework, contract),
             "estimated": _estimated(board, estimate)}
    folder = f"templates/{framework.name.replace('-', '_')}"
    found = {}
    for path, file in _walk(resources("puffer_edge.firmware") / folder):
        name = path.removesuffix(".j2").replace("__name__", about["name"])
        found[name] = file.read_bytes() if name == path else _licensed(name, template(
            "puffer_edge.firmware", f"{folder}/{path}").render(about))
    return {name: content for name, content in found.items() if content.strip()}


def _licensed(name: str, text: str) -> bytes:
    """A file that was rendered, with its licence where it is source."""
    in_comment = in_c if name.endswith((".c", ".h", ".cpp", ".ino", ".ld")) else str
    return (in_comment(text) if text.strip() else text).encode("ascii")


def _walk(folder: Traversable, below: str = "") -> list[tuple[str, Traversable]]:
    """Files by their path below a folder."""
    return [found for each in sorted(folder.iterdir(), key=lambda each: each.name)
            for found in (_walk(each, f"{below}{each.name}/") if each.is_dir() else
                          [(below + each.name, each)])]


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
