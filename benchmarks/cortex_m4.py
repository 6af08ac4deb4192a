# SPDX-License-Identifier: MIT
"""Instructions and cycles per step, code and RAM of the reference nets on an emulated core.

    python benchmarks/cortex_m4.py [--target cortex-m4] [--toolchain gcc] [--optimize O2 O3]
                                   [--scheme float32 float16 int8 int8x16 int16] [--nets P1 GRU]
                                   [--markdown]

Instructions are counted (Unicorn), and repeatable. Cycles are a prediction by puffer_edge/timing:
the core's table over what was executed, without wait states and with 5 of them on a flash with the
caches of an STM32F4. With float32 among the schemes a column says how many times fewer cycles the
others take, or instructions where the core has no table. `-Os` stands for PUFFER_EDGE_SMALL, too.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from nets import ALL, NETS
from rich.console import Console
from rich.table import Table

import puffer_edge
from puffer_edge.artefact.directory import write
from puffer_edge.artefact.opening import read_subject
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.float16 import to_float16
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import FLOATING, find_scheme
from puffer_edge.targets import find_target
from puffer_edge.timing import CORES, Clock, Flash
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.harness import ImageBuilder

SLOW = Flash(wait_states=5)
TEXT = ("net", "scheme", "flags")
COLUMNS = (*TEXT, "instructions", "per MAC", "cycles", "per MAC", "at 5 wait states", "float32 by",
           "code", "weights", "RAM", "stack")


def in_scheme(program: Program, scheme: str) -> Program:
    """What the artefact computes."""
    if scheme in FLOATING:
        prepared = optimize(program)
        return to_float16(prepared) if scheme == "float16" else prepared
    return in_integers(program, scheme)


def in_integers(program: Program, scheme: str) -> Program:
    """Calibrated with noise, as the weights are noise too."""
    prepared = optimize(program, fuse=False)
    observations = np.random.default_rng(1).standard_normal(
        (64, program.contract.observation_size)).astype(np.float32)
    calibration = calibrate(prepared, observations, np.arange(64) == 0)
    return quantize(prepared, calibration, find_scheme(scheme))


def cycles(directory: Path, target: str, toolchain: str, level: str) -> tuple[int, int] | None:
    """Of a step behind another one: without wait states, and what :data:`SLOW` adds."""
    if target not in CORES:
        return None
    subject = read_subject(directory)
    with tempfile.TemporaryDirectory() as work:
        machine = UnicornMachine(ImageBuilder(
            directory / "policy.h", subject.spec, find_target(target), find_toolchain(toolchain),
            Path(work), optimize=level, flash_bytes=64 << 20).image)
        clock = Clock(CORES[target], machine.code, SLOW)
        observation = np.asarray(subject.vectors.observations[0]).tobytes()
        machine.timed_step(observation, clock)  # fills the caches
        before = clock.cycles, clock.stalls
        machine.timed_step(observation, clock)
    return clock.cycles - before[0], clock.stalls - before[1]


def rows(arguments: argparse.Namespace, work: Path) -> Iterator[list[str]]:
    """The table's."""
    target = find_target(arguments.target).name
    for name in arguments.nets:
        floats: dict[str, float] = {}
        for scheme in arguments.scheme:
            directory = work / f"{name}_{scheme}".lower()
            request = ExportRequest(in_scheme(ALL[name](), scheme), target, "net", scheme=scheme)
            write(directory, EXPORTERS[request.target].files(request, silent))
            for level in arguments.optimize:
                flag = f"-{level.lstrip('-')}"
                report = puffer_edge.verify(directory, toolchain=arguments.toolchain, optimize=flag,
                                            native=False)
                assert report.passed, report.to_markdown()
                found = report.measurements
                most, macs = found["instructions_max"], found["macs"]
                timed = cycles(directory, target, arguments.toolchain, flag)
                what = most if timed is None else timed[0]
                if scheme == "float32":
                    floats[level] = what
                yield [name, scheme, flag, f"{most:,}", f"{most / macs:.2f}",
                       *(["", "", ""] if timed is None else
                         [f"{timed[0]:,}", f"{timed[0] / macs:.2f}", f"{sum(timed):,}"]),
                       f"{floats[level] / what:.2f}" if level in floats else "",
                       *(f"{found[key]:,}" for key in
                         ("flash_code_bytes", "flash_data_bytes", "ram_bytes", "stack_bytes"))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="cortex-m4")
    parser.add_argument("--toolchain", default="gcc")
    parser.add_argument("--optimize", nargs="+", default=["O2", "O3"])
    parser.add_argument("--scheme", nargs="+", default=["float32"])
    parser.add_argument("--nets", nargs="+", default=list(NETS))
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if arguments.markdown:
            print("| " + " | ".join(COLUMNS) + " |")
            print("|" + "|".join("---" if name in TEXT else "--:" for name in COLUMNS) + "|")
            for row in rows(arguments, Path(work)):
                print("| " + " | ".join(row) + " |", flush=True)
            return
        table = Table(title=f"{arguments.target}, {arguments.toolchain}")
        for column in COLUMNS:
            table.add_column(column, justify="left" if column in TEXT else "right")
        for row in rows(arguments, Path(work)):
            table.add_row(*row)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
