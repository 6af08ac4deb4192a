# SPDX-License-Identifier: MIT
"""Runs the float32 kernels over all 2^32 inputs and compares them with the host's double libm.

    python benchmarks/exhaustive_functions.py [--jobs N] [--every N] [name ...]

Takes some minutes of one core per function; ``--every 31`` looks at every 31st input only. Fails if
a stated error is exceeded.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from puffer_edge.ir.functions import FUNCTIONS

HERE = Path(__file__).resolve().parent
KERNELS = HERE.parent / "runtimes" / "c"

FIELDS = ("worst", "worst_at", "excess", "excess_at", "relative", "relative_at", "smallest",
          "largest", "nan_results", "asymmetric", "compared")


def build(name: str, folder: Path) -> Path:
    """Compiles the comparison of one function."""
    function = FUNCTIONS[name]
    arguments = "".join(f", {default!r}f" for _, default in function.parameters)
    program = folder / name
    subprocess.run(
        ["gcc", "-std=c99", "-O2", "-march=native", "-ffp-contract=off", "-fno-math-errno",
         f"-DHEADER=\"{KERNELS / (name + '_f32.h')}\"",
         f"-DKERNEL(x)=puffer_edge_{name}_f32(x{arguments})", f"-DEXACT={function.c}",
         f"-DREL_ERROR={function.rel_error!r}", str(HERE / "exhaustive_functions.c"),
         "-o", str(program), "-lm"],
        check=True)
    return program


def run(program: Path, jobs: int, every: int) -> dict[str, float]:
    """Splits the bit patterns into blocks and merges what they found."""
    size = 1 << 28
    blocks = [(start, start + size - 1) for start in range(0, 1 << 32, size)]

    def block(limits: tuple[int, int]) -> dict[str, float]:
        out = subprocess.run(["nice", str(program), *map(str, limits), str(every)], check=True,
                             capture_output=True, text=True).stdout
        return dict(zip(FIELDS, map(float, out.split()), strict=True))

    with ThreadPoolExecutor(jobs) as pool:
        parts = list(pool.map(block, blocks))
    merged = {key: sum(p[key] for p in parts) for key in FIELDS[8:]}
    merged["smallest"] = min(p["smallest"] for p in parts)
    merged["largest"] = max(p["largest"] for p in parts)
    for key in ("worst", "excess", "relative"):
        part = max(parts, key=lambda p: p[key])
        merged |= {key: part[key], f"{key}_at": part[f"{key}_at"]}
    return merged


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(FUNCTIONS))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or [name for name, each in FUNCTIONS.items() if each.c]:
            r = run(build(name, Path(folder)), options.jobs, options.every)
            stated = FUNCTIONS[name]
            bad = r["excess"] > stated.abs_error
            failed |= bad
            print(f"{name}: {'FAIL' if bad else 'ok'}\n"
                  f"  stated |error| <= {stated.abs_error:g} + {stated.rel_error:g} |exact|\n"
                  f"  error beyond the relative part {r['excess']:.4g} at {r['excess_at']:.9g}\n"
                  f"  absolute {r['worst']:.4g} at {r['worst_at']:.9g}, "
                  f"relative {r['relative']:.4g} at {r['relative_at']:.9g}\n"
                  f"  results in [{r['smallest']:.9g}, {r['largest']:.9g}], "
                  f"{r['nan_results']:.0f} NaN, f(-x) != -f(x): {r['asymmetric']:.0f}, "
                  f"compared {r['compared']:.0f}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
