# SPDX-License-Identifier: MIT
"""Logs that a policy in C has written on this computer."""

from __future__ import annotations

import json
import struct
import subprocess
import zlib
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from puffer_edge.artefact import program_file
from puffer_edge.blackbox import Layout, Size, layout_of
from puffer_edge.blackbox.layout import HEAD
from puffer_edge.ir import Program
from puffer_edge.quantization.integer_input import integer_input
from tests import zoo
from tests.support.exporting import export_as_it_is

SMALL = Size(20, 4)
START = 4 * len(HEAD)
PROBE = Path(__file__).parent / "probe.c"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion",
          "-Wcast-align", "-Wdouble-promotion", "-Werror"]


def flags(directory: Path, steps: int, kind: str, seed: int = 1) -> list[str]:
    """How the probe is compiled; ``kind``: floats, integers, only (a build of integers) or both."""
    manifest = json.loads((directory / "policy.json").read_text())
    own = manifest["action"]["kind"] != "discrete" and "integers" in manifest["observation"]
    kinds = {"floats": ["-DFLOATS"], "both": ["-DFLOATS", "-DINTEGERS"],
             "integers": ["-DINTEGERS"], "only": ["-DINTEGERS", "-DZOO_INTEGER_ONLY"]}[kind]
    return [*kinds, f"-DSTEPS={steps}u", f"-DSEED={seed}u", f"-I{directory}",
            f"-DZOO_ACTION_Q=zoo_action{'_q' if own else ''}_t"]


def written(directory: Path, folder: Path, steps: int, kind: str = "floats",
            compiler: tuple[str, ...] = ("gcc", "-std=c99", "-O1")) -> Path:
    """Runs the probe, which writes log.bin and log.txt into a folder."""
    folder.mkdir(exist_ok=True)
    subprocess.run([*compiler, *STRICT, "-DCOMPUTER", *flags(directory, steps, kind), str(PROBE),
                    str(directory / "policy.c"), "-o", str(folder / "probe")], check=True,
                   timeout=120)
    subprocess.run([folder / "probe"], cwd=folder, check=True, timeout=300)
    return folder / "log.bin"


def exported(case: str, directory: Path, steps: int, every: int = 4) -> Path:
    return export_as_it_is(case, directory, black_box=Size(steps, every))


@cache
def stored(case: str) -> Program:
    """The Program of a case as its artefact holds it."""
    return program_file.from_bytes((sound(case) / "a" / "program.npz").read_bytes())


@cache
def layout(case: str, size: Size) -> Layout:
    """Of a case of the zoo as it is exported."""
    program = stored(case)
    given = integer_input(program) if case in zoo.QUANTIZED else None
    return layout_of(program, size, given.program if given else None)


@cache
def sound(case: str, steps: int = 60, kind: str = "floats", box: int = 20) -> Path:
    """A folder with an artefact ``a``, and the log that it wrote."""
    folder = Path(mkdtemp(prefix="puffer-edge-log-"))
    written(exported(case, folder / "a", box), folder, steps, kind)
    return folder


def repaired(content: bytes) -> bytes:
    """A log of the LSTM with all checksums as whoever changed it would have them."""
    plan, changed = layout("lstm", SMALL), bytearray(content)
    record, block = 4 * plan.record_words(False), 4 * plan.block_words(False)
    parts = [(0, 52)]
    for start in range(START, len(changed) - block + 1, block):
        first = start + block - plan.every * record
        parts += [(start, first), *((first + i * record, first + (i + 1) * record)
                                    for i in range(plan.every))]
    for at, end in parts:
        if end <= len(changed):
            changed[end - 4:end] = struct.pack("<I", zlib.crc32(changed[at:end - 4]))
    return bytes(changed)
