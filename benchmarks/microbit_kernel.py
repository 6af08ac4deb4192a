# SPDX-License-Identifier: MIT
"""Time of the kernels on a micro:bit (Cortex-M0) under QEMU: bytecode beside assembly.

    python benchmarks/microbit_kernel.py [--rows 32] [--columns 32]

QEMU counts instructions (-icount), so the figures are repeatable, and do not depend on this
computer; they are not the time of a real board, whose flash has wait states.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from puffer_edge.exporters.micropython.kernels import read, without_comments
from puffer_edge.verification.micropython.microbit import Microbit


def measure(rows: int, columns: int) -> tuple[float, float]:
    """Milliseconds of one product, at 64 ns per instruction: bytecode, assembly."""
    with Microbit(shift=6) as board:
        board.run("from array import array\nfrom microbit import running_time\n"
                  f"w = array('b', bytes({rows * columns}))\nx = array('b', bytes({columns}))\n"
                  f"a = array('i', bytes({8 * rows}))")
        board.run(without_comments(read("bytecode/mac.py")))
        board.run(without_comments("import micropython\n" + read("small/mac_bb.py")))
        first, second = (float(board.run(
            f"t = running_time()\nfor i in range({count}):\n"
            f" {call}(w, x, a, {rows} << 16 | {columns})\n"
            f"print((running_time() - t) / {count})"))
            for call, count in (("mac", 5), ("mac_bb", 1000)))
    return first, second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--columns", type=int, default=32)
    arguments = parser.parse_args()
    times = measure(arguments.rows, arguments.columns)
    table = Table(title=f"{arguments.rows} x {arguments.columns}, micro:bit under QEMU")
    for column in ("kernel", "ms", "instructions per MAC", "ratio"):
        table.add_column(column, justify="left" if column == "kernel" else "right")
    for name, ms in zip(("bytecode", "assembly"), times, strict=True):
        table.add_row(name, f"{ms:.3f}",
                      f"{ms * 1e6 / 64 / arguments.rows / arguments.columns:.1f}",
                      f"{times[0] / ms:.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
