# SPDX-License-Identifier: MIT
"""Bytes of code of P1 and P3 on a Cortex-M4 (gcc) where it is to be small, against November 2026.

    python benchmarks/code_size.py

By -Os, or by PUFFER_EDGE_SMALL at -O2. Code is what the policy adds to the image beside its
weights and tables. :data:`BEFORE` was measured so on the tree of commit b28bfa5.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from cortex_m4 import in_scheme
from nets import NETS

from puffer_edge.artefact.directory import write
from puffer_edge.artefact.opening import read_subject
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.targets import find_target
from puffer_edge.toolchains.gcc import Gcc
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.symbols import measure_sizes

TARGET = "cortex-m4"
BEFORE: dict[tuple[str, str], tuple[int, int]] = {
    ("P1", "float32"): (956, 1148),
    ("P1", "float16"): (1676, 1904),
    ("P1", "int8"): (2052, 2268),
    ("P1", "int8x16"): (1536, 1620),
    ("P1", "int16"): (1312, 1392),
    ("P3", "float32"): (1744, 2276),
    ("P3", "float16"): (2152, 2728),
    ("P3", "int8"): (2696, 3180),
    ("P3", "int8x16"): (2252, 2740),
    ("P3", "int16"): (2032, 2508),
}
"""Bytes at -Os and at -O2, before the faster kernels of that month."""


class Small(Gcc):
    """GCC that is told to choose the small forms."""

    def run(self, command: list[str], output: Path, failure: str) -> Path:
        return super().run([*command, "-DPUFFER_EDGE_SMALL"], output, failure)


def sizes(net: str, scheme: str) -> tuple[int, int, int]:
    """Bytes at -Os, at -O2 with PUFFER_EDGE_SMALL, and at -O2."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        request = ExportRequest(in_scheme(NETS[net](), scheme), TARGET, "net", scheme=scheme)
        write(work / "a", EXPORTERS[TARGET].files(request, silent))
        spec = read_subject(work / "a").spec
        found = []
        for number, (toolchain, level) in enumerate(
                [(Gcc(), "-Os"), (Small(), "-O2"), (Gcc(), "-O2")]):
            (work / str(number)).mkdir()
            found.append(measure_sizes(ImageBuilder(
                work / "a" / "policy.h", spec, find_target(TARGET), toolchain,
                work / str(number), optimize=level)).code)
    return found[0], found[1], found[2]


def main() -> None:
    print("| net | scheme | -Os before | -Os | | -O2 before | -O2, PUFFER_EDGE_SMALL | | -O2 | |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for (net, scheme), (small, fast) in BEFORE.items():
        now = sizes(net, scheme)
        cells = [f"{small:,}", f"{now[0]:,}", f"{now[0] / small:.2f}", f"{fast:,}", f"{now[1]:,}",
                 f"{now[1] / fast:.2f}", f"{now[2]:,}", f"{now[2] / fast:.2f}"]
        print(f"| {net} | {scheme} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
