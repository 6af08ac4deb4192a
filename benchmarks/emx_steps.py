# SPDX-License-Identifier: MIT
"""Executed instructions and cycles of a step of emx-onnx-cgen's code for the reference nets.

    pip install emx-onnx-cgen
    python benchmarks/emx_steps.py [--targets cortex-m4 riscv32] [--optimize O2 O3] [--nets P1 P5]

Its C, made of the nets as ONNX, with weights in the code and nothing on a heap, takes the place of
ours (``in_place.py``), and must come to our outputs. What it generates is not kept.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from in_place import Code, best
from nets import NETS
from peers import graph

from puffer_edge.ir import Program


def generated(program: Program) -> Code:
    """The net as emx-onnx-cgen writes it."""
    with tempfile.TemporaryDirectory() as work:
        model, source = Path(work) / "peer.onnx", Path(work) / "peer.c"
        model.write_bytes(graph(program).SerializeToString())
        subprocess.run(
            [sys.executable, "-m", "emx_onnx_cgen", "compile", "--large-weight-threshold", "0",
             "--large-temp-threshold", "0", "--model-name", "peer", str(model), str(source)],
            check=True, stdout=subprocess.DEVNULL)
        text = source.read_text()
    places, at = [], 0
    for name in program.outputs:
        places.append(f"net->outputs + {at}")
        at += program.values[name].size
    states = range(len(program.states))
    arguments = ["obs->x", *(f"net->state_{i}" for i in states), *places,
                 *(f"net->next_{i}" for i in states)]
    return Code(text, f"peer({', '.join(f'(void *)({each})' for each in arguments)});")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", nargs="+", default=["cortex-m4"])
    parser.add_argument("--optimize", nargs="+", default=["O2", "O3"])
    parser.add_argument("--nets", nargs="+", default=list(NETS))
    given = parser.parse_args()
    print(f"emx-onnx-cgen {version('emx-onnx-cgen')}, float32; "
          f"the best of -{' and -'.join(given.optimize)}")
    for target in given.targets:
        for net in given.nets:
            print(f"{target} {net}: {best(net, generated, target, given.optimize)}", flush=True)


if __name__ == "__main__":
    main()
