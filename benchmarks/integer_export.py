# SPDX-License-Identifier: MIT
"""How long the integers of a policy take: recording, calibration, rounding, judging.

    python benchmarks/integer_export.py [--scheme int8] [--steps 1000] [--profile]

Prints wall-clock and CPU seconds of an MLP 64-1024-1024-8 and of a convolutional policy for images
of 42 x 42 (16 filters of 8 x 8, 32 of 4 x 4, 128 hidden units, 6 choices), with random weights.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.ir import Activation, Contract, Discrete, Field, Program
from puffer_edge.ir.builder import Builder
from puffer_edge.ir.ops import Conv, Gemm, Reshape, Unary
from puffer_edge.quantization.pipeline import Wish, to_integers


def layer(builder: Builder, random: np.random.Generator, x: str, kind: Any, *shape: int,
          function: str = "", **fields: Any) -> str:
    """A Gemm or Conv with weights of that shape, and the function after it."""
    scale = np.sqrt(2 / np.prod(shape[1:]))
    weight = builder.constant((scale * random.standard_normal(shape)).astype(np.float32), "w")
    bias = builder.constant((0.1 * random.standard_normal(shape[0])).astype(np.float32), "b")
    y = builder.add(kind, x=x, weight=weight, bias=bias, layer=f"{kind.__name__} of {x}",
                    **fields)
    return builder.add(Unary, x=y, function=Activation(function)) if function else y


def mlp(random: np.random.Generator) -> Program:
    """64-1024-1024-8, tanh."""
    builder = Builder("a benchmark")
    x = builder.input("observation", (1, 64))
    for rows, columns in ((1024, 64), (1024, 1024)):
        x = layer(builder, random, x, Gemm, rows, columns, function="tanh")
    return _finished(builder, layer(builder, random, x, Gemm, 8, 1024), 64, 8)


def conv(random: np.random.Generator) -> Program:
    """1 x 42 x 42, two convolutions, a dense layer, 6 choices."""
    builder = Builder("a benchmark")
    x = builder.add(Reshape, x=builder.input("observation", (1, 42 * 42)), shape=(1, 1, 42, 42))
    for filters, channels, size, stride in ((16, 1, 8, 4), (32, 16, 4, 2)):
        x = layer(builder, random, x, Conv, filters, channels, size, size, function="relu",
                  strides=(stride, stride), pads=(0, 0, 0, 0), dilations=(1, 1), group=1)
    width = int(np.prod(builder.shape(x)))
    x = layer(builder, random, builder.add(Reshape, x=x, shape=(1, width)), Gemm, 128, width,
              function="relu")
    return _finished(builder, layer(builder, random, x, Gemm, 6, 128), 42 * 42, 6)


def _finished(builder: Builder, y: str, size: int, choices: int) -> Program:
    return builder.build({"logits": y}, Contract((Field("obs", (size,)),), Discrete((choices,))))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scheme", default="int8")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("policies", nargs="*", default=["mlp", "conv"])
    options = parser.parse_args()
    for name in options.policies:
        random = np.random.default_rng(0)
        program = {"mlp": mlp, "conv": conv}[name](random)
        size = program.contract.observation_size
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "observations.npz"
            steps = random.standard_normal((options.steps, size)).astype(np.float32)
            np.savez(file, observations=steps)
            profile = cProfile.Profile()
            wall, cpu = time.perf_counter(), time.process_time()
            if options.profile:
                profile.enable()
            to_integers(program, Wish(options.scheme, str(file)))
            profile.disable()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{name} {options.scheme}: {wall:.1f} s, {cpu:.1f} s of CPU", flush=True)
        if options.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(30)


if __name__ == "__main__":
    main()
