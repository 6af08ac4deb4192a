# SPDX-License-Identifier: MIT
"""Executed instructions per step of emlearn's code for the reference nets that it can express.

    pip install emlearn
    python benchmarks/emlearn_steps.py [--targets riscv32 cortex-m4] [--optimize O2] [--nets P1 P5]

Its C (in floats, ``c_generate_net_loadable``) takes the place of ours behind the same interface, is
built and counted in the same way, and must come to our outputs. What it generates is not kept.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import emlearn
import numpy as np
from cortex_m4 import in_scheme
from emlearn.net import c_generate_net_loadable
from nets import NETS

from puffer_edge.artefact.directory import write
from puffer_edge.artefact.opening import Subject, read_subject
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.targets import Target, find_target
from puffer_edge.toolchains.gcc import Gcc
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.harness import ImageBuilder

np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")  # emlearn has them raise
INCLUDE = Path(emlearn.__file__).parent
HEADER = """\
#pragma GCC system_header
#ifndef NET_H
#define NET_H
typedef struct {{ float outputs[{outputs}]; }} net_t;
typedef struct {{ float x[{inputs}]; }} net_obs_t;
typedef struct {{ unsigned char bytes[{action}]; }} net_action_t;
static inline void net_reset(net_t *net) {{ (void)net; }}
static inline const float *net_{name}(const net_t *net) {{ return net->outputs; }}
int net_step(net_t *net, const net_obs_t *obs, net_action_t *action);
#endif
#ifdef NET_IMPLEMENTATION
{code}
int net_step(net_t *net, const net_obs_t *obs, net_action_t *action)
{{
    (void)action;
    return peer_regress(obs->x, {inputs}, net->outputs, {outputs});
}}
#endif
"""


class WithMath(Gcc):
    """Links libm behind the objects, which the code of others calls."""

    def link(self, objects: Sequence[Path], *arguments: Any, **options: Any) -> Path:
        return super().link([*objects, Path("-lm")], *arguments, **options)

    def compile(self, *arguments: Any, **options: Any) -> Path:
        include = [*options.pop("include_dirs", ()), INCLUDE]
        return super().compile(*arguments, include_dirs=include, **options)


def generated(program: Program) -> str:
    """The net as emlearn writes it."""
    layers = [op for op in program.ops if isinstance(op, Gemm)]
    assert len(layers) == len(program.ops), "emlearn has dense layers only"
    names = [op.activation.function if op.activation else "identity" for op in layers]
    weights = [program.constants[op.weight].T for op in layers]
    biases = [program.constants[str(op.bias)] for op in layers]
    return str(c_generate_net_loadable(names, weights, biases, "peer"))


def instructions(program: Program, target: Target, level: str, work: Path) -> int:
    """Of a step."""
    write(work / "a", EXPORTERS[target.name].files(
        ExportRequest(program, target.name, "net", scheme="float32"), silent))
    subject: Subject = read_subject(work / "a")
    ((name, size),) = subject.spec.outputs
    (work / "a" / "policy.h").write_text(HEADER.format(
        code=generated(program), inputs=subject.spec.obs_bytes // 4, outputs=size,
        action=subject.spec.action_bytes, name=name))
    builder = ImageBuilder(work / "a" / "policy.h", subject.spec, target, WithMath(), work,
                           optimize=f"-{level.lstrip('-')}")
    machine = UnicornMachine(builder.policy_only)
    x = np.asarray(subject.vectors.observations[0])
    machine.step(x.tobytes())
    step = machine.step(x.tobytes())
    wanted = next(iter(Interpreter(program).step(x).values()))
    np.testing.assert_allclose(step.outputs, wanted.ravel(), rtol=1e-4, atol=1e-5)
    return int(step.instructions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", nargs="+", default=["riscv32", "cortex-m4"])
    parser.add_argument("--optimize", nargs="+", default=["O2", "O3"])
    parser.add_argument("--nets", nargs="+", default=["P1", "P5"])
    given = parser.parse_args()
    print(f"emlearn {version('emlearn')}, float32; the best of -{' and -'.join(given.optimize)}")
    for target in given.targets:
        for net in given.nets:
            counts = []
            for level in given.optimize:
                with tempfile.TemporaryDirectory() as work:
                    counts.append(instructions(in_scheme(NETS[net](), "float32"),
                                               find_target(target), level, Path(work)))
            print(f"{target} {net}: {min(counts):,}", flush=True)


if __name__ == "__main__":
    main()
