# SPDX-License-Identifier: MIT
"""The native back end against peers from PyPI on this computer, in steps and in batches.

Run by ``python benchmarks/host.py [P1 ... P5]``. One thread each. All take turns in short bursts
within one run, and the fastest burst counts, as a busy moment of the computer only ever adds time.
Prints Markdown: microseconds per observation, and how many times as long a peer takes.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Mapping
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

Step = Callable[[], Any]
BURST = 2_000_000
"""Nanoseconds, about."""
FEATURES = ("sse2", "avx2", "avx512f", "avx_vnni", "avx512_vnni", "asimd", "asimddp")


def fastest(steps: Mapping[str, Step], rounds: int) -> dict[str, float]:
    """Microseconds of one call of each."""
    clock, counts, best = time.perf_counter_ns, {}, dict.fromkeys(steps, float("inf"))
    for name, step in steps.items():
        step()
        start = clock()
        step()
        counts[name] = max(1, BURST // max(clock() - start, 1))
    for _ in range(rounds):
        for name, step in steps.items():
            start = clock()
            for _ in range(counts[name]):
                step()
            best[name] = min(best[name], (clock() - start) / counts[name] / 1e3)
    return best


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
        actions = policy.step_batch(rows)
        return {"native": partial(policy.step_batch, rows, actions), **found}
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


def table(title: str, names: list[str]) -> None:
    print(f"\n| {title} | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=list(NETS))
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--lanes", type=int, default=1024)
    options = parser.parse_args()
    programs = {name: optimize(NETS[name]()) for name in options.nets}
    print(f"{processor()}\n\n{peers.versions()}")
    table("one step, us", ["native", "onnxruntime", "LiteRT", "torch"])
    for name, program in programs.items():
        print(row(name, fastest(steps(program, 0), options.rounds)), flush=True)
    table(f"step_batch of {options.lanes}, us per observation", ["native", "onnxruntime", "torch"])
    for name, program in programs.items():
        print(row(name, fastest(steps(program, options.lanes), options.rounds), options.lanes),
              flush=True)
    table("one step, us", ["float32", "int8", "int8x16", "int16"])
    for name in options.nets:
        print(row(name, fastest(schemes(NETS[name]()), options.rounds)), flush=True)


if __name__ == "__main__":
    main()
