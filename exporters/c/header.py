"""Renders a planned Program as ``policy.h``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge import __version__
from puffer_edge.exporters.c import action, ops, text
from puffer_edge.exporters.c.context import C_TYPES, MEMORY, Context
from puffer_edge.exporters.c.kernels import joined
from puffer_edge.exporters.vectors import Vectors
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.planning import Plan

assert ops  # imported for its registrations

SELFTEST_ELEMENTS = 4096
"""Observation elements that the built-in self-test holds at most (16 KB, if compiled in)."""


@dataclass(frozen=True)
class Header:
    """The text of ``policy.h`` and what it takes on the device.

    Attributes:
        text: the file.
        constant_bytes: read-only data.
        ram: bytes of the policy's struct.
    """

    text: str
    constant_bytes: int
    ram: int


def render(program: Program, plan: Plan, name: str, vectors: Vectors) -> Header:
    """The header of one policy.

    Args:
        program: what to export.
        plan: where its values live.
        name: stem of all identifiers, already validated.
        vectors: where the self-test's steps come from.

    Raises:
        UnsupportedError: an op has no emitter.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    context = Context(program, plan, name)
    context.use("all_finite_f32")
    body = context.emit()
    act = action.emit(context)
    states = [program.values[state.input] for state in program.states]
    ram = sum(-(-state.nbytes // 4) * 4 for state in states) + max(plan.arena, 4)
    outputs = [
        {"name": outside, "size": program.values[value].size,
         "ctype": C_TYPES[program.values[value].dtype],
         "ref": _from_outside(context, value)}
        for outside, value in zip(program.output_names, program.outputs, strict=True)]
    environment = Environment(
        loader=PackageLoader("puffer_edge.exporters.c", "."), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)
    contract = program.contract
    initial = _initial(context)
    rendered = environment.get_template("policy.h.j2").render(
        name=name, NAME=name.upper(), version=__version__, kernels_version=_kernels_version(),
        summary=_summary(program, ram, context.constant_bytes),
        kernels=joined(context.kernels), constants=context.constants,
        constant_bytes=context.constant_bytes, observation_size=contract.observation_size,
        normalized="", fields=contract.observation, action=contract.action,
        discrete=isinstance(contract.action, Discrete),
        sizes=getattr(contract.action, "sizes", ()), action_text=_action_text(contract.action),
        ram=ram, states=[(C_TYPES[state.dtype], state.size) for state in states],
        memories=[(MEMORY[d], C_TYPES[d], d) for d in sorted(context.memories)],
        arena=max(plan.arena, 4), initial=initial, outputs=outputs,
        macs=program.macs, body=body, act=act, commit=_commit(context),
        selftest=_selftest(program, name, vectors))
    return Header(rendered, context.constant_bytes, ram)


def _from_outside(context: Context, value: str) -> str:
    ref = context.ref(value)
    pointer, plus, offset = ref.partition(" + ")
    for dtype, name in MEMORY.items():
        if pointer == name:
            return f"policy->memory.{dtype}{plus}{offset}"
    return ref


def _initial(context: Context) -> list[str]:
    lines = []
    for index, state in enumerate(context.program.states):
        if np.any(state.initial):
            constant = context.constant(state.initial)
            lines.append(f"memcpy(policy->state_{index}, {constant}, "
                         f"sizeof policy->state_{index});")
    return lines


def _commit(context: Context) -> list[str]:
    """Copies new state that was not made in its own storage."""
    lines = []
    for index, state in enumerate(context.program.states):
        source, target = context.ref(state.output), f"policy->state_{index}"
        if source != target:
            lines.append(f"memcpy({target}, {source}, sizeof {target});")
    return lines


def _selftest(program: Program, name: str, vectors: Vectors) -> dict[str, Any]:
    width = program.values[program.outputs[0]].size
    steps = vectors.first_episode(SELFTEST_ELEMENTS // program.contract.observation_size)
    outside = program.output_names[0]
    return {
        "steps": steps, "width": width,
        "arrays": [
            text.array("float", f"{name}_selftest_obs", vectors.observations[:steps]),
            text.array(C_TYPES[str(vectors.outputs[outside].dtype)],
                       f"{name}_selftest_{outside}", vectors.outputs[outside][:steps]),
        ]}


def _summary(program: Program, ram: int, constant_bytes: int) -> str:
    return (f"{len(program.ops)} ops, {program.macs:,} multiply-accumulates per step, "
            f"{constant_bytes:,} bytes of weights, {ram:,} bytes of RAM.")


def _action_text(head: Discrete | Continuous) -> str:
    if isinstance(head, Discrete):
        return ""
    how = ["squashed by tanh"] if head.squash else []
    how += ["scaled to its bounds"] if head.rescale else []
    how += ["clipped to its bounds"] if head.low else ["not clipped"]
    return f"The action of largest likelihood, {', '.join(how)}."


def _kernels_version() -> int:
    major, minor, patch = (int(part) for part in __version__.split(".")[:3])
    return major * 10000 + minor * 100 + patch
