# SPDX-License-Identifier: MIT
"""The artefact's own C as WebAssembly, and what the page has to know to play it."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact.opening import Subject
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.cache import built
from puffer_edge.errors import FileFormatError, MissingDependencyError, PufferEdgeError
from puffer_edge.exporters.assembling import ORIGINAL
from puffer_edge.exporters.c import header_of
from puffer_edge.readers.regular_file import read_file
from puffer_edge.targets import Target
from puffer_edge.templates import template
from puffer_edge.toolchains import find_toolchain
from puffer_edge.toolchains.base import INCLUDE, NUMERICS
from puffer_edge.verification.recorded import read_recorded

WASM = Target(name="wasm32", title="WebAssembly", isa="wasm", zig_target="wasm32-freestanding",
              zig_cpu="generic", hard_float=True)
FLAGS = ("-std=c99", "-O2", *NUMERICS, "-ffreestanding", "-nostdlib", "-ffunction-sections",
         "-fdata-sections", "-Wl,--no-entry", "-Wl,--gc-sections", "-Wl,--strip-all")
LARGEST = 8 << 20
"""Bytes of WebAssembly; a page of more is no page to mail."""
RECORDED = 24_000
"""Numbers of a recording that go into the page."""


@dataclass(frozen=True)
class Player:
    """What goes into the page.

    Attributes:
        data: plain data for the scripts; empty where there is no player.
        size: bytes of WebAssembly.
        missing: why there is no player, and how to get it.
    """

    data: dict[str, Any] = field(default_factory=dict)
    size: int = 0
    missing: str = ""


def build(subject: Subject, code: Mapping[str, bytes]) -> Player:
    """Compiles the policy, and the float one beside a policy in integers.

    Args:
        subject: the artefact.
        code: its files of code, made again; see ``exporters.regenerating.read_code``.
    """
    manifest = subject.manifest
    if "policy.h" not in code:
        return Player(missing=f"An artefact for {manifest['target']} has no C that a page can run; "
                              "export the policy for cortex-m, too.")
    try:
        found = [_policy(subject, code["policy.h"], str(manifest["scheme"]), manifest["outputs"])]
        if (header := _original(subject)) is not None:
            plain = [{"name": each["name"], "size": each["size"]} for each in manifest["outputs"]]
            found.append(_policy(subject, header, "float32, the original", plain))
    except MissingDependencyError:
        return Player(missing="The policy plays in this page where the compiler zig is installed: "
                              "pip install 'puffer-edge[emulator]', then verify again.")
    except (PufferEdgeError, OSError) as error:
        what = error.what if isinstance(error, PufferEdgeError) else error.strerror
        return Player(missing=f"The policy cannot play in this page: {what}.")
    observations, reset = _recorded(subject)
    data = {"policies": found, "observation": manifest["observation"]["fields"],
            "size": manifest["observation"]["size"], "action": manifest["action"],
            "recorded": _base64(observations.astype("<f4").tobytes()),
            "resets": [int(index) for index in np.flatnonzero(reset)]}
    return Player(data, sum(len(policy["wasm"]) * 3 // 4 for policy in found))


def _policy(subject: Subject, header: bytes, title: str, outputs: list[dict[str, Any]]
            ) -> dict[str, Any]:
    return {"title": title, "action": subject.manifest["action"],
            "outputs": [{key: each[key] for key in ("name", "size", "scale", "zero_point")
                         if key in each} for each in outputs],
            "wasm": _base64(compiled(subject, header))}


def compiled(subject: Subject, header: bytes) -> bytes:
    """WebAssembly of a policy's header; equal headers are compiled once.

    Raises:
        MissingDependencyError: zig is not installed.
        VerificationError: it does not compile, or is too large.
    """
    toolchain = find_toolchain("zig")
    source = template("puffer_edge.page.player", "player.c.j2").render(
        name=subject.spec.name, outputs=subject.spec.outputs).encode("ascii")
    key = hashlib.sha256(b"\0".join((
        header, source, " ".join(FLAGS).encode(), str(toolchain.version(WASM)).encode())))

    def make(path: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="puffer-edge-") as folder:
            work = Path(folder)
            (work / "policy.h").write_bytes(header)
            (work / "player.c").write_bytes(source)
            toolchain.run([*toolchain.command(WASM), *FLAGS, "-I", str(work), "-I", str(INCLUDE),
                           str(work / "player.c"), "-o", str(path)], path,
                          "zig does not compile the policy to WebAssembly")

    content = built(f"player-{key.hexdigest()[:32]}.wasm", make).read_bytes()
    if len(content) > LARGEST:
        raise FileFormatError(f"it is larger than {LARGEST >> 20} MiB")
    return content


def _original(subject: Subject) -> bytes | None:
    """The header of the float policy beside one in integers, where the artefact has it."""
    if ORIGINAL not in subject.manifest["files"]:
        return None
    path = subject.directory / ORIGINAL
    program = from_bytes(read_file(path), str(path))
    sizes = {name: program.values[value].size
             for name, value in zip(program.output_names, program.outputs, strict=True)}
    if (sizes != dict(subject.spec.outputs)
            or program.contract.observation_size != subject.manifest["observation"]["size"]):
        raise FileFormatError("the float policy does not fit the artefact")
    return header_of(program, subject.manifest["name"]).encode("ascii")


def _recorded(subject: Subject) -> tuple[Array, Array]:
    """Held-back observations, else the test vectors'; as many as a page should hold."""
    if "judge.npz" in subject.manifest["files"]:
        found = read_recorded(subject)
        observations, reset = found.observations, found.reset
    else:
        observations, reset = subject.vectors.observations, subject.vectors.reset
    most = RECORDED // max(observations.shape[1], 1)  # none of a large image
    return observations[:most], reset[:most]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
