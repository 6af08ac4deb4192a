"""Executed instructions per step, code and RAM of the reference nets on an emulated core.

    python benchmarks/cortex_m4.py [--target cortex-m4] [--toolchain gcc] [--optimize O2 O3]
                                   [--scheme float32 float16 int8 int8x16 int16] [--nets P1 P2]

With float32 among the schemes a column says how many times fewer instructions the others take.
Counts are exact (Unicorn) and repeatable; they are not time on a board.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from nets import NETS
from rich.console import Console
from rich.table import Table

import puffer_edge
from puffer_edge.artefact.directory import write
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.float16 import to_float16
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import FLOATING, find_scheme
from puffer_edge.targets import find_target


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="cortex-m4")
    parser.add_argument("--toolchain", default="gcc")
    parser.add_argument("--optimize", nargs="+", default=["O2", "O3"])
    parser.add_argument("--scheme", nargs="+", default=["float32"])
    parser.add_argument("--nets", nargs="+", default=list(NETS))
    arguments = parser.parse_args()
    table = Table(title=f"{arguments.target}, {arguments.toolchain}")
    for column in ("net", "scheme", "flags", "instructions", "per MAC", "float32 by", "code",
                   "weights", "RAM", "stack"):
        table.add_column(column,
                         justify="left" if column in ("net", "scheme", "flags") else "right")
    with tempfile.TemporaryDirectory() as work:
        for name in arguments.nets:
            floats: dict[str, float] = {}
            for scheme in arguments.scheme:
                directory = Path(work) / f"{name}_{scheme}".lower()
                program = in_scheme(NETS[name](), scheme)
                request = ExportRequest(program, find_target(arguments.target).name, "net",
                                        scheme=scheme)
                write(directory, EXPORTERS[request.target].files(request, silent))
                for level in arguments.optimize:
                    report = puffer_edge.verify(directory, toolchain=arguments.toolchain,
                                                optimize=f"-{level.lstrip('-')}")
                    assert report.passed, report.to_markdown()
                    found = report.measurements
                    most = found["instructions_max"]
                    if scheme == "float32":
                        floats[level] = most
                    table.add_row(
                        name, scheme, report.optimize, f"{most:,}", f"{most / found['macs']:.2f}",
                        f"{floats[level] / most:.1f}" if level in floats else "",
                        *(f"{found[key]:,}" for key in
                          ("flash_code_bytes", "flash_data_bytes", "ram_bytes", "stack_bytes")))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
