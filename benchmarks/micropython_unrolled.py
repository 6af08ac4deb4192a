# SPDX-License-Identifier: MIT
"""Time and size of tiny linear layers that are written out, beside the runtime's loops.

    python benchmarks/micropython_unrolled.py [--repeat 10]

Both are one step of a layer with its requantisation, in one interpreter (WebAssembly, under node),
in turns, with equal results; the figure is the ratio of the shortest times. The last rows are whole
steps of an MLP 4-16-16-2. Bytes are those of policy.mpy and weights.bin together.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from nets import Net
from rich.console import Console
from rich.table import Table

from puffer_edge.artefact.directory import write
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES
from puffer_edge.verification.micropython.interpreters import run_webassembly

WAYS = ("bytecode", "unrolled")
LAYERS = ((4, 16), (16, 16), (16, 2), (8, 32), (32, 8), (64, 4))
"""Columns and rows."""
SCRIPT = """
import time
from array import array

from bytecode.policy import Policy as Bytecode
from unrolled.policy import Policy as Unrolled

policies = Bytecode(), Unrolled()
for policy in policies:
    for i in range(len(policy.observation)):
        policy.observation[i] = i * 37 % 200 - 100
    policy.step()
assert bytes(policies[0].outputs["logits"]) == bytes(policies[1].outputs["logits"])
steps = [policy.step if WHOLE else policy._ops[1] for policy in policies]
best = [1 << 29, 1 << 29]
for turn in range(REPEAT):
    for k in range(2):
        step = steps[k]
        start = time.ticks_us()
        for _ in range(1000):
            step()
        best[k] = min(best[k], time.ticks_diff(time.ticks_us(), start))
print(best[0], best[1])
"""


def mlp(widths: tuple[int, ...], scheme: str) -> Program:
    """An MLP with ReLU, in integers."""
    net = Net(widths[0])
    x = net.x
    for layer, (_, size) in enumerate(pairwise(widths), 2):
        x = net.linear(x, size, "relu" if layer < len(widths) else "")
    prepared = optimize(net.program(logits=x), fuse=False)
    observations = net.random.standard_normal((64, widths[0])).astype(np.float32)
    calibration = calibrate(prepared, observations, np.arange(64) == 0)
    return quantize(prepared, calibration, SCHEMES[scheme])


def measure(program: Program, scheme: str, whole: bool, repeat: int) -> Iterator[tuple[float, int]]:
    """Microseconds and bytes of the loops, then of straight-line code."""
    with tempfile.TemporaryDirectory() as work:
        sizes = []
        for way in WAYS:
            made = Path(work, f"{way}-artefact")
            request = ExportRequest(program, "micropython", "tiny", scheme=scheme, kernels=way)
            write(made, EXPORTERS[request.target].files(request, silent))
            package = Path(work, way)
            package.mkdir()
            (package / "__init__.py").touch()
            for file in ("policy.py", "policy_runtime.py", "weights.bin"):
                shutil.copyfile(made / file, package / file)
            sizes.append(sum((made / name).stat().st_size
                             for name in ("policy.mpy", "weights.bin")))
            shutil.rmtree(made)
        Path(work, "measure.py").write_text(
            SCRIPT.replace("WHOLE", str(whole)).replace("REPEAT", str(repeat)))
        times = run_webassembly(Path(work), "measure.py").split()
    yield from zip((int(time) / 1000 for time in times), sizes, strict=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=10)
    repeat = parser.parse_args().repeat
    table = Table(title="MicroPython for WebAssembly")
    for column in ("layers", "scheme", "loops, us", "unrolled, us", "ratio", "bytes more",
                   "per weight"):
        table.add_column(column, justify="left" if column in ("layers", "scheme") else "right")
    for widths in (*LAYERS, (4, 16, 16, 2)):
        for scheme in ("int8", "int16"):
            program = mlp(widths, scheme)
            (loops, small), (unrolled, large) = measure(program, scheme, len(widths) > 2, repeat)
            table.add_row("-".join(map(str, widths)), scheme, f"{loops:.0f}", f"{unrolled:.0f}",
                          f"{loops / unrolled:.2f}", f"{large - small:,}",
                          f"{(large - small) / program.macs:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
