# SPDX-License-Identifier: MIT
"""Executed instructions per step of the reference nets on a Cortex-M55, on QEMU's mps3-an547.

    python benchmarks/cortex_m55.py [--toolchain gcc] [--optimize O2] [--nets P1 P5]
                                    [--output FILE]

``--output docs/benchmarks/cortex_m55.md`` writes the page. Every net is verified.
Counts are exact and repeatable; they are not time on a board, where a vector takes cycles.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from cortex_m4 import in_integers
from nets import ALL, CELLS, NETS

import puffer_edge
from puffer_edge.artefact.directory import write
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.passes import optimize
from puffer_edge.passes.flush_subnormals import flush_subnormals
from puffer_edge.verification.report import Report

TARGET = "cortex-m55"
HELIUM_FLOAT = "float32, --helium-float"
SCHEMES = ("float32", HELIUM_FLOAT, "int16", "int8x16", "int8")
INTEGERS = ("int16", "int8x16", "int8")
PEERS = {
    "CMSIS-NN, int8, called by hand": (5150, 13799, None, None, 42887),
    "CMSIS-NN, float32, packed": (15098, 49892, None, None, 152378),
}
"""November 2026, the same nets, GCC 12 and QEMU; the better of -O2 and -O3."""


def measured(net: str, scheme: str, toolchain: str, level: str, directory: Path) -> Report:
    """Exports and verifies one net."""
    program = ALL[net]()
    kind = "float32" if scheme == HELIUM_FLOAT else scheme
    program = optimize(program) if kind == "float32" else in_integers(program, kind)
    request = ExportRequest(program, TARGET, "net", scheme=kind)
    if scheme == HELIUM_FLOAT:
        request = replace(request, program=flush_subnormals(program), helium_float=True)
    write(directory, EXPORTERS[TARGET].files(request, silent))
    report = puffer_edge.verify(directory, toolchain=toolchain, optimize=f"-{level.lstrip('-')}")
    assert report.passed, report.to_markdown()
    return report


def table(nets: list[str], toolchain: str, level: str,
          schemes: tuple[str, ...] = SCHEMES) -> list[str]:
    """Lines of Markdown."""
    lines = [f"| | {' | '.join(nets)} | code of {nets[0]}, bytes |",
             f"|---|{'---:|' * (len(nets) + 1)}"]
    with tempfile.TemporaryDirectory() as work:
        for scheme in schemes:
            found = [measured(net, scheme, toolchain, level,
                              Path(work) / f"{net}{SCHEMES.index(scheme)}").measurements
                     for net in nets]
            cells = [f"{each['instructions_max']:,} ({each['instructions_max'] / each['macs']:.2f})"
                     for each in found]
            lines.append(f"| {scheme} | {' | '.join(cells)} | {found[0]['flash_code_bytes']:,} |")
            print(lines[-1], flush=True)
    for peer, counts in PEERS.items() if nets[0] in NETS else ():
        cells = ["-" if (count := counts[int(net[1:]) - 1]) is None else f"{count:,}"
                 for net in nets]
        lines.append(f"| {peer} | {' | '.join(cells)} | |")
    return lines


def commit() -> str:
    """What was measured."""
    return subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True,
                          text=True, check=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--toolchain", default="gcc")
    parser.add_argument("--optimize", default="O2")
    parser.add_argument("--nets", nargs="+", default=list(NETS))
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    command = f"python benchmarks/cortex_m55.py --toolchain {given.toolchain} --optimize " \
              f"{given.optimize}"
    lines = [
        "# Cortex-M55", "",
        f"Executed instructions per step (and per multiply-accumulate), {given.toolchain} "
        f"-{given.optimize}, on QEMU's mps3-an547; the same for every input. Commit {commit()}:",
        "", f"    {command}", "", *table(given.nets, given.toolchain, given.optimize), "",
        "GRUs and MinGRUs of 128 units between a layer 16-128 and a head of 6:", "",
        *table(list(CELLS), given.toolchain, given.optimize, INTEGERS), "",
        "The peers' rows were measured in November 2026 with the same nets, compiler and emulator; "
        "a dash is a net that was not expressed. Instructions are not cycles: a vector takes two "
        "or more, and no timing of a Cortex-M55 is validated here.", ""]
    if given.output:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text("\n".join(lines), encoding="ascii")
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
