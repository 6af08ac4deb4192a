# SPDX-License-Identifier: MIT
"""Time of the runtime's matrix product beside a plain double loop, under MicroPython.

    python benchmarks/micropython_kernel.py [--rows 64] [--columns 64] [--repeat 7]

Both loops run in one interpreter (WebAssembly, under node), in turns, with equal results; the
figure is the ratio of the shortest times, as other work of the computer only ever adds to them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from puffer_edge.exporters.micropython.runtime import joined
from puffer_edge.verification.micropython.interpreters import run_webassembly

SCRIPT = """
import time
from array import array

import policy_runtime as runtime


def plain(weight, bias, x, sums, rows, columns):
    for r in range(rows):
        acc = bias[r]
        for c in range(columns):
            acc += weight[r * columns + c] * x[c]
        sums[r] = acc


rows, columns = ROWS, COLUMNS
state = 1
def draw():
    global state
    state = (state * 1103 + 12345) % 65536
    return (state >> 8) - 128
weight = array("b", [draw() for _ in range(rows * columns)])
x = array("b", [draw() for _ in range(columns)])
bias = array("i", [draw() for _ in range(rows)])
size = rows // 4
quarters = tuple([array("b", weight[i * size * columns : (i + 1) * size * columns])
                  for i in range(4)])
matrix = size, quarters, array("b", weight[4 * size * columns :])
first, second = array("i", [0] * rows), array("i", [0] * rows)
best = [1 << 29, 1 << 29]
for turn in range(REPEAT):
    start = time.ticks_us()
    for _ in range(100):
        plain(weight, bias, x, first, rows, columns)
    middle = time.ticks_us()
    for _ in range(100):
        runtime.multiply(matrix, bias, x, second)
    end = time.ticks_us()
    best[0] = min(best[0], time.ticks_diff(middle, start))
    best[1] = min(best[1], time.ticks_diff(end, middle))
assert list(first) == list(second)
print(best[0], best[1])
"""


def measure(rows: int, columns: int, repeat: int) -> tuple[float, float]:
    """Microseconds of one product: the plain loop, the runtime."""
    with tempfile.TemporaryDirectory() as work:
        Path(work, "policy_runtime.py").write_text(joined(["multiply"]))
        Path(work, "measure.py").write_text(
            SCRIPT.replace("ROWS", str(rows)).replace("COLUMNS", str(columns))
            .replace("REPEAT", str(repeat)))
        plain, shipped = run_webassembly(Path(work), "measure.py").split()
    return int(plain) / 100, int(shipped) / 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--columns", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=7)
    arguments = parser.parse_args()
    plain, shipped = measure(arguments.rows, arguments.columns, arguments.repeat)
    macs = arguments.rows * arguments.columns
    table = Table(title=f"{arguments.rows} x {arguments.columns}, MicroPython for WebAssembly")
    for column in ("kernel", "us", "ns per MAC", "ratio"):
        table.add_column(column, justify="left" if column == "kernel" else "right")
    table.add_row("plain double loop", f"{plain:,.0f}", f"{1000 * plain / macs:.0f}", "1.00")
    table.add_row("policy_runtime.multiply", f"{shipped:,.0f}", f"{1000 * shipped / macs:.0f}",
                  f"{plain / shipped:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
