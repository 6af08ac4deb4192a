"""Executed instructions per step, code and RAM of the reference nets on an emulated core.

    python benchmarks/cortex_m4.py [--target cortex-m4] [--toolchain gcc] [--optimize -O2 -O3]

Counts are exact (Unicorn) and repeatable; they are not time on a board.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from nets import NETS
from rich.console import Console
from rich.table import Table

import puffer_edge


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="cortex-m4")
    parser.add_argument("--toolchain", default="gcc")
    parser.add_argument("--optimize", nargs="+", default=["O2", "O3"])
    arguments = parser.parse_args()
    table = Table(title=f"{arguments.target}, {arguments.toolchain}, float32")
    for column in ("net", "flags", "instructions", "per MAC", "code", "weights", "RAM", "stack"):
        table.add_column(column, justify="left" if column in ("net", "flags") else "right")
    with tempfile.TemporaryDirectory() as work:
        for name, net in NETS.items():
            directory = puffer_edge.export(net(), Path(work) / name.lower(), name="net",
                                           target=arguments.target)
            for level in arguments.optimize:
                report = puffer_edge.verify(directory, toolchain=arguments.toolchain,
                                            optimize=f"-{level.lstrip('-')}")
                assert report.passed, report.to_markdown()
                found = report.measurements
                most = found["instructions_max"]
                table.add_row(
                    name, report.optimize, f"{most:,}", f"{most / found['macs']:.2f}",
                    *(f"{found[key]:,}" for key in
                      ("flash_code_bytes", "flash_data_bytes", "ram_bytes", "stack_bytes")))
    Console().print(table)


if __name__ == "__main__":
    main()
