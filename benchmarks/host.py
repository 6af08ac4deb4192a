# SPDX-License-Identifier: MIT
"""The native back end against peers from PyPI on this computer, in steps and in batches.

Run by ``python benchmarks/host.py [P1 ... P5]``. One thread each. All take turns in short bursts
within one run, and the fastest burst counts, as a busy moment of the computer only ever adds time.
Prints Markdown: microseconds per observation, and how many times as long a peer takes; of all nets,
it is docs/benchmarks/host.md, which is written then. Takes about three minutes.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import peers
from nets import NETS

from puffer_edge import runtimes
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES
from puffer_edge.runtimes.native_build import compiler_version

Step = Callable[[], Any]
BURST = 2_000_000
"""Nanoseconds, about."""
FEATURES = ("sse2", "avx2", "avx512f", "avx_vnni", "avx512_vnni", "asimd", "asimddp")


PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "host.md"
AVX2 = "x86-64-v3"
"""What compilers call a processor with AVX2 and no wider vectors."""


def fastest(steps: Mapping[str, Step], seconds: float) -> dict[str, float]:
    """Microseconds of one call of each, which take turns for that long, five times at least."""
    clock, counts, best = time.perf_counter_ns, {}, dict.fromkeys(steps, float("inf"))
    for name, step in steps.items():
        step()
        start = clock()
        step()
        counts[name] = max(1, BURST // max(clock() - start, 1))
    end, turns = time.monotonic() + seconds, 0
    while turns < 5 or time.monotonic() < end:
        turns += 1
        for name, step in steps.items():
            start = clock()
            for _ in range(counts[name]):
                step()
            best[name] = min(best[name], (clock() - start) / counts[name] / 1e3)
    return best


def with_avx2(program: Program) -> runtimes.Policy | None:
    """What ``native`` is on a processor without AVX-512, where this one can run that."""
    if "avx512f" not in processor():
        return None
    os.environ["PUFFER_EDGE_MARCH"] = AVX2
    try:
        return runtimes.load(program, "native")
    finally:
        del os.environ["PUFFER_EDGE_MARCH"]


def steps(program: Program, lanes: int) -> dict[str, Step]:
    """A step of each, or of that many lanes, once all compute the same."""
    shape = (lanes or 1, *program.values[program.input].shape[1:])
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    policy, rows = runtimes.load(program, "native"), x.reshape(len(x), -1)
    found: dict[str, Step] = {"onnxruntime": peers.with_onnxruntime(program, x)}
    if not lanes:
        found["LiteRT"] = peers.with_litert(program, x)
    found["torch"] = peers.with_torch(program, x)
    policy.step(rows[0])
    for name, theirs in found.items():
        for ours, raw in zip(policy.outputs.values(), theirs(), strict=True):
            assert np.allclose(ours, raw[0].reshape(-1), atol=1e-3), name
    if lanes:
        ours = {"native": partial(policy.step_batch, rows, policy.step_batch(rows))}
        if older := with_avx2(program):
            actions = older.step_batch(rows)
            assert actions.tobytes() == runtimes.load(program, "native").step_batch(rows).tobytes()
            ours["native with AVX2"] = partial(older.step_batch, rows, actions)
        return {**ours, **found}
    observation, out = rows[0], np.zeros(policy.action_shape, policy.action_dtype)
    return {"native": partial(policy.step, observation, out), **found}


def schemes(program: Program) -> dict[str, Step]:
    """A step of ours in each scheme."""
    prepared, random = optimize(program, fuse=False), np.random.default_rng(2)
    size = program.contract.observation_size
    seen = calibrate(prepared, random.standard_normal((64, size)).astype(np.float32),
                     np.arange(64) % 16 == 0)
    programs = {"native": program, **{name: quantize(prepared, seen, SCHEMES[name])
                                      for name in ("int8", "int8x16", "int16")}}
    found = {}
    for name, each in programs.items():
        policy = runtimes.load(each, "native")
        out = np.zeros(policy.action_shape, policy.action_dtype)
        found[name] = partial(policy.step, np.ones(size, np.float32), out)
    return found


def processor() -> str:
    """Its name, and which of the instructions it has that kernels use."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    parts = [line.partition(":") for line in lines]
    known = {key.strip(): value.strip() for key, _, value in parts}
    words = set(known.get("flags", known.get("Features", "")).split())
    has = [feature for feature in FEATURES if feature in words]
    return f"{known.get('model name', platform.machine())} ({', '.join(has)})"


def row(name: str, found: Mapping[str, float], per: int = 1) -> str:
    """A line of the table: ours, and peers with their ratio."""
    ours = found["native"]
    cells = [f"{ours / per:.3f}", *(f"{us / per:.3f} ({us / ours:.2f}x)"
                                    for peer, us in found.items() if peer != "native")]
    return f"| {name} | {' | '.join(cells)} |"


def table(title: str, found: Mapping[str, Mapping[str, float]], per: int = 1) -> str:
    """Markdown of a row per net."""
    names = list(next(iter(found.values())))
    return "\n".join([f"| {title} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|",
                      *(row(name, each, per) for name, each in found.items())])


def commit() -> str:
    """Of the tree that this file lies in."""
    return subprocess.run(["git", "-C", str(PAGE.parent), "rev-parse", "--short", "HEAD"],
                          capture_output=True, text=True, check=False).stdout.strip()


def page(tables: list[str]) -> str:
    """The run as a page of the documents."""
    today, loads = date.today(), ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return "\n\n".join([
        "# Speed on a computer",
        "    python benchmarks/host.py",
        f"{today.day} {today:%B %Y}, commit {commit()}, {compiler_version()}. "
        f"Load of the computer at the end: {loads}. One thread each,\nshort bursts in turns within "
        "one run, the fastest burst of each: microseconds per observation, and how many times as\n"
        "long as native a peer takes. The same bits in all columns of ours of one scheme: products "
        "and sums are rounded\nseparately, where the others fuse them.",
        f"{processor()}", f"{peers.versions()}", *tables]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=list(NETS))
    parser.add_argument("--seconds", type=float, default=4.0, help="of each row")
    parser.add_argument("--lanes", type=int, default=1024)
    options = parser.parse_args()
    found: list[dict[str, dict[str, float]]] = [{}, {}, {}]
    for name in options.nets:
        program = optimize(NETS[name]())
        for index, make in enumerate((lambda: steps(program, 0),  # noqa: B023 - called at once
                                      lambda: steps(program, options.lanes),  # noqa: B023
                                      lambda: schemes(NETS[name]()))):  # noqa: B023
            found[index][name] = fastest(make(), options.seconds)
            print(name, {key: round(us, 3) for key, us in found[index][name].items()},
                  file=sys.stderr, flush=True)
    text = page([table("one step, us", found[0]),
                 table(f"step_batch of {options.lanes}, us per observation", found[1],
                       options.lanes),
                 table("one step, us", {name: {"native" if key == "float32" else key: us
                                               for key, us in each.items()}
                                        for name, each in found[2].items()})])
    print(text)
    if options.nets == list(NETS):
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
