# SPDX-License-Identifier: MIT
"""Renders a planned Program as ``policy.h``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.artefact.vectors import Vectors
from puffer_edge.errors import ProgramError
from puffer_edge.exporters.c import action, avr, check, interface, lanes, ops, text, weights
from puffer_edge.exporters.c.context import C_TYPES, MEMORY, Context
from puffer_edge.exporters.c.kernels import joined, shareable
from puffer_edge.exporters.c.ops import flags, rescale
from puffer_edge.exporters.c.part import Part
from puffer_edge.exporters.licence import in_c
from puffer_edge.finiteness import unproved
from puffer_edge.ir import Discrete, Program
from puffer_edge.planning import Plan
from puffer_edge.quantization.integer_input import IntegerInput
from puffer_edge.templates import template
from puffer_edge.version import VERSION

assert ops  # imported for its registrations

FINITE = {False: "all_finite_f32", True: "all_finite_wide_f32"}
"""The kernel that looks for NaN and infinity, by ``wide``."""
SELFTEST_ELEMENTS = 4096
"""Observation elements that the built-in self-test holds at most (16 KB, if compiled in)."""


@dataclass(frozen=True)
class Header:
    """The text of ``policy.h`` and what it takes on the device.

    Attributes:
        text: the file.
        constant_bytes: read-only data.
        ram: bytes of the policy's struct.
        avr: whether an AVR can hold it.
        payload, parts: of a blob: all that training has decided, and where each array lies.
    """

    text: str
    constant_bytes: int
    ram: int
    avr: avr.Limits
    payload: bytes = b""
    parts: tuple[weights.Part, ...] = ()


@dataclass(frozen=True)
class Entry:
    """The second way in: an observation in integers.

    Attributes:
        input: what the integers are.
        vectors: steps for the self-test.
    """

    input: IntegerInput
    vectors: Vectors


def render(program: Program, plan: Plan, name: str, vectors: Vectors,
           entry: Entry | None = None, wide: bool = False, simd: bool = True,
           batch: bool = False, helium: bool = False, dsp: bool = False, blob: bool = False,
           ) -> Header:
    """The header of one policy.

    Args:
        program: what to export.
        plan: where its values live; with an entry, the ops that it replaces go first.
        name: stem of all identifiers, already validated.
        vectors: where the self-test's steps come from.
        entry: what ``<name>_step_q`` takes, if there is one.
        wide: use the kernels for computers with wide vectors; the same bits.
        simd: have the forms of kernels for x86-64 and AArch64, too; the same bits.
        batch: add ``<name>_step_lanes`` for many policies at once; without an entry.
        helium: have those for a Cortex-M with Helium, too; the same bits.
        dsp: as of :class:`Context`.
        blob: all that training decides is apart from the code.

    Raises:
        UnsupportedError: an op has no emitter.
    """
    contract, discrete = program.contract, isinstance(program.contract.action, Discrete)
    context = Context(program, plan, name, wide, dsp, blob)
    common = Part(context.emit(_integers(plan, entry)))
    inside = discrete or entry is None
    act = action.emit(context) if inside else []
    given = Part()
    if entry is not None:
        given = _integers_taken(program, entry, context)
        given.lines += [f"{name}_integers(policy{', action' if discrete else ''});"]
        given.lines += [] if inside else action.emit_integers(context)
    sample = action.emit_sample(context)
    many = lanes.render(context, _taken(context), _checks(context), _finish(context, act)) if (
        batch) else ""
    kernels = shareable(joined(context.kernels, simd=simd, with_helium=helium))
    integer_kernels = set(context.kernels)
    step = Part(_taken(context))
    if entry is None:
        step.lines += common.lines
        for good, status in _checks(context):
            step.lines += [f"if (!{good}) {{", f"    return {name.upper()}_{status};", "}"]
        step.lines += _finish(context, act)
    else:
        if _checks(context):
            raise ProgramError("a step in integers computes floats that may be infinite")
        common.lines += _finish(context, act)
        step.lines += context.emit(range(len(entry.input.replaced)))
        step.lines += [f"{name}_integers(policy{', action' if discrete else ''});"]
        step.lines += [] if inside else ["/* action */", *action.emit(context)]
    outputs = interface.outputs(program, {
        value: _from_outside(context, value) for value in program.outputs})
    for output, value in zip(outputs, program.outputs, strict=True):
        known = program.values[value].quantization if blob else None
        output["scale"] = known and (context.real(known.scale), context.learned(known.zero_point))
    initial, ram = _initial(context), interface.ram(program, plan, blob)
    test_q = None if entry is None else _selftest(
        entry.input.program, f"{name}_selftest_q", entry.vectors)
    test = _selftest(program, f"{name}_selftest", vectors)
    held = avr.limits(context, ram, [*test["bytes"], *(test_q["bytes"] if test_q else ())])
    payload, parts = weights.gathered(context) if blob else (b"", ())
    if blob:
        for part in (common, step, given):  # what it is filled with is no constant of C
            part.lines = [line.replace("static const puffer_edge_", "const puffer_edge_")
                          for line in part.lines]
    rendered = template("puffer_edge.exporters.c", "policy.h.j2").render(
        read=text.read, kernels_version=_kernels_version(),
        kernels_symbol=re.sub(r"\W", "_", VERSION), kernels=kernels,
        float_kernels=shareable(joined(context.kernels, integer_kernels, simd, helium)),
        constants=weights.definitions(payload, parts, name) if blob else context.constants,
        initial=initial, outputs=outputs, body=common, step=step,
        step_q=given, sample=sample, choosing=contract.choosing,
        check=check.render(context, payload), many=many,
        observation_size=contract.observation_size,
        selftest_q=test_q, selftest=test, avr=held,
        **interface.describe(program, plan, name, context.constant_bytes,
                             None if entry is None else entry.input, blob))
    return Header(in_c(rendered), context.constant_bytes, ram, held, payload, parts)


def _integers_taken(program: Program, entry: Entry, context: Context) -> Part:
    """What comes first in ``<name>_step_q``: a choice is left, and the integers are rescaled."""
    first, mask = entry.input.rescale, entry.input.flags
    choices = _choice_left(entry.input.program, context)
    context.lines, context.place = [], f"{context.name}_step_q"
    rescale.loop(first, entry.input.program.constants[first.factors],
                 program.values[first.y].size, context)
    if mask is not None:
        flags.loop(mask, _dtype(entry), context)
    return Part([*choices, *context.lines])


def _finish(context: Context, act: list[str]) -> list[str]:
    """Statements that give the action and keep the new state."""
    commit = _commit(context)
    return ([*(["/* action */", *act] if act else []),
             *(["/* state */", *commit] if commit else [])])


def _integers(plan: Plan, entry: Entry | None) -> range:
    """The ops of the step that both ways in have in common."""
    start = 0 if entry is None else len(entry.input.replaced)
    assert entry is None or plan.ops[:start] == entry.input.replaced
    return range(start, len(plan.ops))


def _dtype(entry: Entry) -> str:
    """Of the observation in integers."""
    return entry.input.program.values[entry.input.program.input].dtype


def _taken(context: Context) -> list[str]:
    """Statements that leave the step where the observation is not finite or leaves no choice."""
    kernel, size = FINITE[context.wide], context.program.contract.observation_size
    context.use(kernel)
    return [f"if (!puffer_edge_{kernel}(x, {size})) {{",
            f"    return {context.name.upper()}_BAD_OBSERVATION;", "}",
            *_choice_left(context.program, context)]


def _choice_left(program: Program, context: Context) -> list[str]:
    """Statements that leave the step where the observation's mask forbids everything."""
    mask, context.place = program.contract.mask, "the mask in the observation"
    return [] if mask is None else flags.choice_left(
        mask, program.values[program.input].dtype, context,
        f"return {context.name.upper()}_NO_CHOICE;")


def _from_outside(context: Context, value: str) -> str:
    ref = context.ref(value)
    pointer, plus, offset = ref.partition(" + ")
    for dtype, name in MEMORY.items():
        if pointer == name:
            return f"policy->memory.{dtype}{plus}{offset}"
    return ref


def _initial(context: Context) -> list[str]:
    lines, context.place = [], f"{context.name}_reset"
    for index, state in enumerate(context.program.states):
        if np.any(state.initial):
            constant = context.constant(state.initial, role=f"state {index}")
            lines.append(f"PUFFER_EDGE_COPY(policy->state_{index}, {constant}, "
                         f"sizeof policy->state_{index});")
    return lines


def _checks(context: Context) -> list[tuple[str, str]]:
    """Conditions that must hold before a step is taken, and the status where one does not."""
    found, kernel = unproved(context.program), f"puffer_edge_{FINITE[context.wide]}"
    states, outputs = found.states, found.outputs
    if context.blob:  # nothing is proved of weights to come
        states, outputs = (tuple(dict.fromkeys(
            name for name in names if context.value(name).dtype == "float32")) for names in (
                [state.output for state in context.program.states], context.program.outputs))
    return [(f"{kernel}({context.ref(name)}, {context.value(name).size})", status)
            for names, status in ((states, "BAD_STATE"), (outputs, "BAD_OUTPUT"))
            for name in names]


def _commit(context: Context) -> list[str]:
    """Copies new state that was not made in its own storage."""
    lines = []
    for index, state in enumerate(context.program.states):
        source, target = context.ref(state.output), f"policy->state_{index}"
        if source != target:
            lines.append(f"memcpy({target}, {source}, sizeof {target});")
    return lines


def _selftest(program: Program, name: str, vectors: Vectors) -> dict[str, Any]:
    steps = vectors.first_episode(SELFTEST_ELEMENTS // program.contract.observation_size)
    arrays = {"obs": vectors.observations} | {
        outside: vectors.outputs[outside]
        for outside in program.output_names[: len(program.contract.heads)]}
    parts = {part: vectors.actions[part] if vectors.actions.dtype.names else vectors.actions
             for part in program.contract.heads}
    return {
        "steps": steps, "bytes": [array[:steps].nbytes for array in (arrays | parts).values()],
        "parts": [{"name": part, "size": array.shape[1], "ctype": C_TYPES[str(array.dtype)]}
                  for part, array in parts.items()],
        "arrays": [
            text.array(C_TYPES[str(array.dtype)], f"{name}_{what}", array[:steps])
            for what, array in (arrays | parts).items()]}


def _kernels_version() -> int:
    major, minor, patch = (int(part) for part in VERSION.split(".")[:3])
    return major * 10000 + minor * 100 + patch
