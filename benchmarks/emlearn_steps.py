# SPDX-License-Identifier: MIT
"""Executed instructions and cycles of a step of emlearn's code for the nets that it can express.

    pip install emlearn
    python benchmarks/emlearn_steps.py [--targets riscv32 cortex-m4] [--optimize O2] [--nets P1 P5]

Its C (in floats, ``c_generate_net_loadable``) takes the place of ours (``in_place.py``), and must
come to our outputs. What it generates is not kept.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path

import emlearn
import numpy as np
from emlearn.net import c_generate_net_loadable
from in_place import Code, best

from puffer_edge.ir import Program
from puffer_edge.ir.ops import Gemm

np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")  # emlearn has them raise


def generated(program: Program) -> Code:
    """The net as emlearn writes it."""
    layers = [op for op in program.ops if isinstance(op, Gemm)]
    assert len(layers) == len(program.ops), "emlearn has dense layers only"
    names = [op.activation.function if op.activation else "identity" for op in layers]
    weights = [program.constants[op.weight].T for op in layers]
    biases = [program.constants[str(op.bias)] for op in layers]
    inputs, outputs = weights[0].shape[0], biases[-1].size
    return Code(str(c_generate_net_loadable(names, weights, biases, "peer")),
                f"(void)peer_regress(obs->x, {inputs}, net->outputs, {outputs});",
                Path(emlearn.__file__).parent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", nargs="+", default=["riscv32", "cortex-m4"])
    parser.add_argument("--optimize", nargs="+", default=["O2", "O3"])
    parser.add_argument("--nets", nargs="+", default=["P1", "P5"])
    given = parser.parse_args()
    print(f"emlearn {version('emlearn')}, float32; the best of -{' and -'.join(given.optimize)}")
    for target in given.targets:
        for net in given.nets:
            print(f"{target} {net}: {best(net, generated, target, given.optimize)}", flush=True)


if __name__ == "__main__":
    main()
