# SPDX-License-Identifier: MIT
"""Counts the code of others in the place of ours: behind the same interface, built the same way."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cortex_m4 import in_scheme
from nets import NETS

from puffer_edge.artefact.directory import write
from puffer_edge.artefact.opening import Subject, read_subject
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest, silent
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.targets import Target, find_target
from puffer_edge.timing import CORES, Clock
from puffer_edge.toolchains.gcc import Gcc
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.harness import ImageBuilder

HEADER = """\
#pragma GCC system_header
#ifndef NET_H
#define NET_H
typedef struct {{ float outputs[{outputs}]{states}; }} net_t;
typedef struct {{ float x[{inputs}]; }} net_obs_t;
typedef struct {{ unsigned char bytes[{action}]; }} net_action_t;
static inline void net_reset(net_t *net)
{{
    for (unsigned i = 0; i < sizeof *net; ++i) {{ ((unsigned char *)net)[i] = 0; }}
}}
{accessors}
int net_step(net_t *net, const net_obs_t *obs, net_action_t *action);
#endif
#ifdef NET_IMPLEMENTATION
{code}
int net_step(net_t *net, const net_obs_t *obs, net_action_t *action)
{{
    (void)action;
{body}
    return 0;
}}
#endif
"""


class Code(NamedTuple):
    """What a peer generated: functions, a call, and where its headers are.

    The call names ``obs->x``, ``net->outputs`` and, of each state, ``net->state_0`` and
    ``net->next_0``.
    """

    functions: str
    call: str
    include: Path | None = None


class Counted(NamedTuple):
    """Of a step: instructions, and cycles by the core's table (None: there is none)."""

    instructions: int
    cycles: int | None

    def __str__(self) -> str:
        timed = "" if self.cycles is None else f", {self.cycles:,} cycles"
        return f"{self.instructions:,} instructions{timed}"


FLAGS = {"-ffreestanding": "-fhosted", "-ffp-contract=off": "-ffp-contract=fast"}
"""Ours, and what a peer has by default: the compiler may know what library functions do, and make
one instruction of a product and a sum."""


class WithMath(Gcc):
    """A peer's flags, and libm behind the objects, which the code of others calls.

    Args:
        include: where its headers are.
        as_ours: keep the flags that we are built with.
    """

    def __init__(self, include: Path | None, as_ours: bool) -> None:
        super().__init__()
        self._include = [include] if include else []
        self._flags = {} if as_ours else FLAGS

    def run(self, command: list[str], output: Path, failure: str) -> Path:
        return super().run([self._flags.get(each, each) for each in command], output, failure)

    def link(self, objects: Sequence[Path], *arguments: Any, **options: Any) -> Path:
        return super().link([*objects, Path("-lm")], *arguments, **options)

    def compile(self, *arguments: Any, **options: Any) -> Path:
        include = [*options.pop("include_dirs", ()), *self._include]
        return super().compile(*arguments, include_dirs=include, **options)


def count(program: Program, code: Code, target: Target, level: str, as_ours: bool,
          work: Path) -> Counted:
    """A step behind another one, whose outputs are compared with the interpreter's."""
    write(work / "a", EXPORTERS[target.name].files(
        ExportRequest(program, target.name, "net", scheme="float32"), silent))
    subject: Subject = read_subject(work / "a")
    at, accessors = 0, []
    for name, size in subject.spec.outputs:
        accessors.append(f"static inline const float *net_{name}(const net_t *net) "
                         f"{{ return net->outputs + {at}; }}")
        at += size
    sizes = [program.values[state.input].size for state in program.states]
    body = [code.call] + [f"memcpy(net->state_{i}, net->next_{i}, sizeof net->state_{i});"
                          for i in range(len(sizes))]
    (work / "a" / "policy.h").write_text(HEADER.format(
        code=code.functions, inputs=subject.spec.obs_bytes // 4, outputs=at,
        states="".join(f", state_{i}[{n}], next_{i}[{n}]" for i, n in enumerate(sizes)),
        action=subject.spec.action_bytes, accessors="\n".join(accessors),
        body="\n".join(f"    {line}" for line in body)))
    builder = ImageBuilder(work / "a" / "policy.h", subject.spec, target,
                           WithMath(code.include, as_ours), work,
                           optimize=f"-{level.lstrip('-')}", flash_bytes=64 << 20)
    machine = UnicornMachine(builder.policy_only)
    x = np.asarray(subject.vectors.observations[0])
    oracle = Interpreter(program)
    for _ in range(2):
        step, wanted = machine.step(x.tobytes()), oracle.step(x)
        np.testing.assert_allclose(step.outputs, np.concatenate(
            [wanted[name].ravel() for name in program.output_names]), rtol=1e-4, atol=1e-5)
    if target.name not in CORES:
        return Counted(int(step.instructions), None)
    clock = Clock(CORES[target.name], machine.code)
    machine.timed_step(x.tobytes(), clock)
    return Counted(int(step.instructions), clock.cycles)


def best(net: str, generated: Callable[[Program], Code], target: str,
         levels: Sequence[str]) -> Counted:
    """The fewest instructions, and the fewest cycles, of several levels with either flags."""
    program, found = in_scheme(NETS[net](), "float32"), []
    code = generated(program)
    for level, as_ours in product(levels, (False, True)):
        with tempfile.TemporaryDirectory() as work:
            found.append(count(program, code, find_target(target), level, as_ours, Path(work)))
    cycles = [each.cycles for each in found if each.cycles is not None]
    return Counted(min(each.instructions for each in found), min(cycles) if cycles else None)
