# SPDX-License-Identifier: MIT
"""Executed instructions of a step in MicroPython: bytecode beside viper's machine code.

    .ci/armhf
    python benchmarks/micropython_steps.py [P1 ... P5] [--scheme int8 int16]

The interpreter is Debian's for 32-bit Arm, under qemu-arm; a plugin counts each instruction that it
and the kernels execute, so figures are exact and repeatable. Viper's code is that of the .mpy files
which a Cortex-M33 gets (armv7emsp). Both forms must give the same outputs. Prints Markdown; of all
nets, it is docs/benchmarks/micropython.md, which is written then. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from host import commit
from nets import NETS

from puffer_edge import api
from puffer_edge.ir import Program

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks" / "micropython.md"
KERNELS = ("bytecode", "viper")
SCRIPT = """
import policy
p = policy.Policy()
size = len(p.observation)
for turn in range({steps}):
    for i in range(size):
        p.set(i, (i * 37 + {turns} * 11) % 201 - 100)
    p.step()
print([list(p.outputs[name]) for name in sorted(p.outputs)])
"""
ONCE = SCRIPT.replace("    p.step()\n", "    pass\n")
"""The same without the step."""


def interpreter() -> list[str]:
    """The command that runs MicroPython for 32-bit Arm."""
    root = Path(os.environ.get("PUFFER_EDGE_MICROPYTHON_ARMHF") or ROOT / ".micropython-armhf")
    return ["qemu-arm", "-L", str(root), str(root / "usr/bin/micropython")]


def plugin(folder: Path) -> Path:
    """The counter, compiled."""
    library = folder / "count.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", str(Path(__file__).with_name("qemu_count.c")),
                    "-o", str(library)], check=True)
    return library


def run(folder: Path, library: Path, code: str) -> tuple[int, str]:
    """Instructions of all of it, and what it prints."""
    command, *rest = interpreter()
    done = subprocess.run(
        [command, "-plugin", str(library), *rest, "-X", "heapsize=8M", "-c", code], cwd=folder,
        capture_output=True, text=True, check=True)
    return int(done.stderr.split()[-1]), done.stdout


def steps(folder: Path, library: Path) -> tuple[int, str]:
    """Instructions of a step, of which four are more than one by three; the outputs at last."""
    found = {}
    for name, script in (("with", SCRIPT), ("without", ONCE)):
        for count in (1, 4):
            code = script.replace("{turns}", "turn").replace("{steps}", str(count))
            found[name, count] = run(folder, library, code)
    more, less = (found[name, 4][0] - found[name, 1][0] for name in ("with", "without"))
    return (more - less) // 3, found["with", 4][1]


def exported(program: Program, scheme: str, kernels: str, folder: Path) -> None:
    """The artefact as .mpy files alone."""
    seen = folder.with_suffix(".npz")
    np.savez(seen, observations=np.random.default_rng(0).standard_normal(
        (256, program.contract.observation_size)).astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api.export(program, folder, target="micropython", scheme=scheme, calibrate=str(seen),
                   board="pico2", kernels=kernels)
    for path in folder.glob("*.py"):
        if path.with_suffix(".mpy").is_file():
            path.unlink()


def row(net: str, scheme: str, library: Path, work: Path) -> str:
    """A line of the table."""
    found = {}
    for kernels in KERNELS:
        folder = work / f"{net}-{scheme}-{kernels}"
        exported(NETS[net](), scheme, kernels, folder)
        found[kernels] = steps(folder, library)
    (slow, first), (fast, second) = (found[kernels] for kernels in KERNELS)
    assert first == second, f"{net} in {scheme}: bytecode and viper differ"
    macs = NETS[net]().macs
    return (f"| {net} | {scheme} | {slow:,} | {fast:,} | {slow / fast:.1f} | {slow / macs:.0f} | "
            f"{fast / macs:.1f} |")


def table(nets: Sequence[str], schemes: Sequence[str]) -> str:
    """Markdown of all rows."""
    with tempfile.TemporaryDirectory() as work:
        library = plugin(Path(work))
        lines = []
        for net in nets:
            for scheme in schemes:
                lines.append(row(net, scheme, library, Path(work)))
                print(lines[-1], flush=True)
    heads = ("net", "scheme", *KERNELS, "times fewer",
             *(f"{kernels} per product" for kernels in KERNELS))
    return "\n".join([f"| {' | '.join(heads)} |", "|---|---|---:|---:|---:|---:|---:|", *lines])


def page(found: str) -> str:
    """The run as a page of the documents."""
    with tempfile.TemporaryDirectory() as work:
        version = run(ROOT, plugin(Path(work)), "import sys; print(sys.version)")[1].strip()
    today = date.today()
    return "\n\n".join([
        "# MicroPython: bytecode and machine code", "    python benchmarks/micropython_steps.py",
        f"{today.day} {today:%B %Y}, commit {commit()}; MicroPython of Debian 13, {version}, "
        "for 32-bit Arm.",
        "Executed instructions of a step from integers, the interpreter's own among them, counted "
        "by a plugin of qemu-arm:\nexact and repeatable. They are no cycles of a board. Viper's "
        "machine code is that of the `.mpy` files which a\nCortex-M33 gets; what has no kernel "
        "(tables, gates, places of a convolution) stays bytecode in both. Both gave the\n"
        "same outputs.", found]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("nets", nargs="*", default=list(NETS))
    parser.add_argument("--scheme", nargs="+", default=["int8", "int16"])
    options = parser.parse_args()
    found = table(options.nets, options.scheme)
    if options.nets == list(NETS):
        PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
