# SPDX-License-Identifier: MIT
"""How a step and an export grow with the width and the depth of a net, on a Cortex-M4.

    python benchmarks/growth.py [--widths 32 64 128 256 512 1024] [--depths 1 2 4 8 16]
                                [--scheme float32 int8 int16] [--output docs/benchmarks]

Nets are 16-W-W-4, and 16-64-...-64-4 with D layers of 64, with ReLU. Instructions are counted; an
export is timed in seconds of the processor from the Program to the files, calibration and
quantisation included, with one thread. ``--output`` writes growth.md and growth.svg.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cortex_m4 import in_scheme
from nets import Net

from puffer_edge.artefact.directory import write
from puffer_edge.artefact.opening import read_subject
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.ir import Program
from puffer_edge.targets import find_target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.harness import ImageBuilder

INPUTS, OUTPUTS, WIDTH = 16, 4, 64
PAGE = """\
# Growth with width and depth

![Instructions and export time by multiply-accumulates](growth.svg)

Nets of two layers of 32 to 1,024 (circles), and of 1 to 16 layers of 64 (squares), 16 inputs and 4
outputs, on an emulated {core}, gcc -O2:

    python benchmarks/growth.py --output docs/benchmarks

Instructions are exact. Seconds are of one processor that others used, too: they tell the order.

{table}
"""
COLOURS = {"float32": "#1f77b4", "int8": "#d62728", "int16": "#2ca02c"}


@dataclass(frozen=True)
class Point:
    """One net in one scheme."""

    scheme: str
    width: int
    depth: int
    instructions: int
    seconds: float

    @property
    def macs(self) -> int:
        return self.width * (INPUTS + (self.depth - 1) * self.width + OUTPUTS)


def net(width: int, depth: int) -> Program:
    """An MLP."""
    made = Net(INPUTS)
    x = made.x
    for _ in range(depth):
        x = made.linear(x, width, "relu")
    return made.program(logits=made.linear(x, OUTPUTS))


def measured(scheme: str, width: int, depth: int, target: str) -> Point:
    """Exports, builds with gcc -O2, and steps."""
    program = net(width, depth)
    with tempfile.TemporaryDirectory() as work:
        start = time.process_time()
        request = ExportRequest(in_scheme(program, scheme), target, "net", scheme=scheme)
        write(Path(work) / "a", EXPORTERS[target].files(request, silent))
        seconds = time.process_time() - start
        subject = read_subject(Path(work) / "a")
        machine = UnicornMachine(ImageBuilder(
            Path(work) / "a" / "policy.h", subject.spec, find_target(target),
            find_toolchain("gcc"), Path(work), flash_bytes=64 << 20).policy_only)
        step = machine.step(np.asarray(subject.vectors.observations[0]).tobytes())
    return Point(scheme, width, depth, int(step.instructions), seconds)


def table(points: Iterable[Point]) -> list[str]:
    """Lines of Markdown."""
    lines = ["| scheme | hidden layers | multiply-accumulates | instructions | per MAC | "
             "export, s | us per MAC |", "|---|---|--:|--:|--:|--:|--:|"]
    return lines + [
        f"| {p.scheme} | {p.depth} of {p.width} | {p.macs:,} | {p.instructions:,} | "
        f"{p.instructions / p.macs:.2f} | {p.seconds:.2f} | {1e6 * p.seconds / p.macs:.1f} |"
        for p in points]


def panel(points: list[Point], what: str, title: str, left: float) -> list[str]:
    """One diagram, both axes logarithmic; circles are widths, squares depths."""
    size, top = 300.0, 50.0
    xs = [math.log10(p.macs) for p in points]
    ys = [math.log10(getattr(p, what)) for p in points]
    low_x, high_x = math.floor(min(xs)), math.ceil(max(xs))
    low_y, high_y = math.floor(min(ys)), math.ceil(max(ys))

    def place(x: float, y: float) -> tuple[float, float]:
        return (left + size * (x - low_x) / (high_x - low_x),
                top + size * (high_y - y) / (high_y - low_y))

    def number(power: int) -> str:
        return f"10<tspan dy='-4' font-size='8'>{power}</tspan>"

    out = [f"<text x='{left}' y='{top - 14}' font-weight='bold'>{title}</text>"]
    for power in range(low_x, high_x + 1):
        x, bottom = place(power, low_y)
        out.append(f"<path d='M{x:.1f} {top}V{bottom}' stroke='#ddd'/>"
                   f"<text x='{x:.1f}' y='{bottom + 16}' text-anchor='middle'>"
                   f"{number(power)}</text>")
    for power in range(low_y, high_y + 1):
        _, y = place(low_x, power)
        out.append(f"<path d='M{left} {y:.1f}h{size}' stroke='#ddd'/>"
                   f"<text x='{left - 6}' y='{y + 4:.1f}' text-anchor='end'>{number(power)}</text>")
    out.append(f"<text x='{left + size / 2}' y='{top + size + 34}' text-anchor='middle'>"
               "multiply-accumulates</text>")
    end = min(high_x, low_x + high_y - low_y)
    (x0, y0), (x1, y1) = place(low_x, low_y), place(end, low_y + end - low_x)
    out.append(f"<path d='M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}' stroke='#999' "
               "stroke-dasharray='4'/>")
    for point, x, y in zip(points, xs, ys, strict=True):
        u, v = place(x, y)
        colour = COLOURS.get(point.scheme, "#000")
        shape = (f"<circle cx='{u:.1f}' cy='{v:.1f}' r='4'" if point.depth == 2 else
                 f"<rect x='{u - 4:.1f}' y='{v - 4:.1f}' width='8' height='8'")
        out.append(f"{shape} fill='none' stroke='{colour}' stroke-width='1.5'/>")
    return out


def picture(points: list[Point]) -> str:
    """SVG."""
    parts = [*panel(points, "instructions", "Instructions per step", 50),
             *panel(points, "seconds", "Export, seconds of the processor", 420)]
    for index, scheme in enumerate(dict.fromkeys(p.scheme for p in points)):
        parts.append(f"<text x='{60 + 90 * index}' y='70' fill='{COLOURS.get(scheme, '#000')}'>"
                     f"{scheme}</text>")
    parts.append("<text x='60' y='86'>circles: widths; squares: depths; dashes: linear</text>")
    return ("<svg xmlns='http://www.w3.org/2000/svg' width='750' height='410' font-size='12' "
            "font-family='sans-serif'><rect width='750' height='410' fill='#fff'/>\n"
            + "\n".join(parts) + "\n</svg>\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", nargs="+", type=int, default=[32, 64, 128, 256, 512, 1024])
    parser.add_argument("--depths", nargs="+", type=int, default=[1, 2, 4, 8, 16])
    parser.add_argument("--scheme", nargs="+", default=list(COLOURS))
    parser.add_argument("--target", default="cortex-m4")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    sizes = dict.fromkeys([*((width, 2) for width in given.widths),
                           *((WIDTH, depth) for depth in given.depths)])
    points = []
    for scheme in given.scheme:
        for width, depth in sizes:
            points.append(measured(scheme, width, depth, find_target(given.target).name))
            print(table(points)[-1], flush=True)
    if given.output:
        (given.output / "growth.svg").write_text(picture(points), encoding="ascii")
        (given.output / "growth.md").write_text(
            PAGE.format(core=find_target(given.target).title, table="\n".join(table(points))),
            encoding="ascii")


if __name__ == "__main__":
    main()
