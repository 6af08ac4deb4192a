"""Renders a planned Program as ``policy.h``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.artefact.vectors import Vectors
from puffer_edge.errors import ProgramError
from puffer_edge.exporters.c import action, check, ops, text
from puffer_edge.exporters.c.context import C_TYPES, MEMORY, Context
from puffer_edge.exporters.c.kernels import joined
from puffer_edge.exporters.c.ops import flags, rescale
from puffer_edge.finiteness import unproved
from puffer_edge.ir import Discrete, Head, Program
from puffer_edge.naming import identifier
from puffer_edge.planning import Plan
from puffer_edge.quantization.integer_input import IntegerInput
from puffer_edge.version import VERSION

assert ops  # imported for its registrations

SELFTEST_ELEMENTS = 4096
"""Observation elements that the built-in self-test holds at most (16 KB, if compiled in)."""


RAW = " before any\n * normalisation: raw sensor values; the policy normalises them itself"
"""What a user has to know of a policy with a normaliser inside."""


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
           entry: Entry | None = None, wide: bool = False) -> Header:
    """The header of one policy.

    Args:
        program: what to export.
        plan: where its values live; with an entry, the ops that it replaces go first.
        name: stem of all identifiers, already validated.
        vectors: where the self-test's steps come from.
        entry: what ``<name>_step_q`` takes, if there is one.
        wide: use the kernels for computers with wide vectors; the same bits.

    Raises:
        UnsupportedError: an op has no emitter.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    contract = program.contract
    context = Context(program, plan, name, wide)
    body, head, rescaling = context.emit(_integers(plan, entry)), [], []
    inside = isinstance(contract.action, Discrete) or entry is None
    act = action.emit(context) if inside else []
    if entry is not None:
        first, mask = entry.input.rescale, entry.input.flags
        context.lines = []
        rescale.loop(first, entry.input.program.constants[first.factors],
                     program.values[first.y].size, context)
        if mask is not None:
            flags.loop(mask, _dtype(entry), context)
        rescaling = context.lines
    act_q = action.emit_integers(context) if entry is not None and not inside else []
    sample = action.emit_sample(context)
    choice_left = {"_q": []} if entry is None else {
        "_q": _choice_left(entry.input.program, context)}
    kernels = joined(context.kernels)
    integer_kernels = set(context.kernels)
    context.use("all_finite_f32")
    choice_left[""] = _choice_left(program, context)
    if entry is not None:
        head = context.emit(range(len(entry.input.replaced)))
    act_in_float = [] if inside else action.emit(context)
    choosing = contract.choosing
    states = [program.values[state.input] for state in program.states]
    ram = sum(-(-state.nbytes // 4) * 4 for state in states) + max(plan.arena, 4)
    for field in contract.observation:  # whoever made them: they become C text here
        identifier(field.name, "a field of the observation")
        text.remark(field.unit)
    outputs = [
        {"name": identifier(outside, "an output"), "size": program.values[value].size,
         "ctype": C_TYPES[program.values[value].dtype],
         "ref": _from_outside(context, value)}
        for outside, value in zip(program.output_names, program.outputs, strict=True)]
    environment = Environment(
        loader=PackageLoader("puffer_edge.exporters.c", "."), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)
    initial = _initial(context)
    rendered = environment.get_template("policy.h.j2").render(
        name=name, NAME=name.upper(), version=VERSION, kernels_version=_kernels_version(),
        summary=_summary(program, ram, context.constant_bytes),
        kernels=kernels, float_kernels=joined(context.kernels, without=integer_kernels),
        entry=None if entry is None else _entry(program, entry), head=head, rescaling=rescaling,
        act_in_float=act_in_float, constants=context.constants,
        constant_bytes=context.constant_bytes, observation_size=contract.observation_size,
        normalized=RAW if contract.normaliser else "", fields=contract.observation,
        masked=contract.mask is not None, parts=_parts(program), act_q=act_q,
        discrete=isinstance(contract.action, Discrete), choosing=choosing,
        action_texts=[_action_text(head) for head in contract.heads.values()],
        ram=ram, states=[(C_TYPES[state.dtype], state.size) for state in states],
        memories=[(MEMORY[d], C_TYPES[d], d) for d in sorted(context.memories)],
        arena=max(plan.arena, 4), initial=initial, outputs=outputs,
        macs=program.macs, body=body, act=act, sample=sample, choice_left=choice_left,
        check=check.render(context, environment), checks=_checks(context, entry),
        commit=_commit(context),
        selftest=_selftest(program, name, vectors),
        selftest_q=None if entry is None else _selftest(
            entry.input.program, f"{name}_q", entry.vectors))
    return Header(rendered, context.constant_bytes, ram)


def _integers(plan: Plan, entry: Entry | None) -> range:
    """The ops of the step that both ways in have in common."""
    start = 0 if entry is None else len(entry.input.replaced)
    assert entry is None or plan.ops[:start] == entry.input.replaced
    return range(start, len(plan.ops))


def _dtype(entry: Entry) -> str:
    """Of the observation in integers."""
    return entry.input.program.values[entry.input.program.input].dtype


def _choice_left(program: Program, context: Context) -> list[str]:
    """Statements that leave the step where the observation's mask forbids everything."""
    mask = program.contract.mask
    return [] if mask is None else flags.choice_left(
        mask, program.values[program.input].dtype, context,
        f"return {context.name.upper()}_NO_CHOICE;")


def _entry(program: Program, entry: Entry) -> dict[str, Any]:
    """What the interface says of integer observations."""
    given, start, fields = entry.input, 0, []
    for field in program.contract.observation:
        scale, offset = (side[start : start + field.size] for side in (given.scale, given.offset))
        alike = (scale == scale[0]).all() and (offset == offset[0]).all()
        fields.append({
            "name": field.name, "size": field.size,
            "meaning": f"{scale[0]:.9g} * integer + {offset[0]:.9g}" if alike else ""})
        start += field.size
    meaning = program.values[program.outputs[0]].quantization
    return {"ctype": C_TYPES[_dtype(entry)], "fields": fields,
            "scale": "" if meaning is None else f"{meaning.scale:.9g}",
            "zero_point": 0 if meaning is None else meaning.zero_point}


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


def _checks(context: Context, entry: Entry | None) -> list[tuple[str, str]]:
    """Conditions that must hold before a step is taken, and the status where one does not."""
    found = unproved(context.program)
    if entry is not None and found:
        raise ProgramError("a step in integers computes floats that may be infinite")
    return [(f"puffer_edge_all_finite_f32({context.ref(name)}, {context.value(name).size})", status)
            for names, status in ((found.states, "BAD_STATE"), (found.outputs, "BAD_OUTPUT"))
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
        "steps": steps,
        "parts": [{"name": part, "size": array.shape[1], "ctype": C_TYPES[str(array.dtype)]}
                  for part, array in parts.items()],
        "arrays": [
            text.array(C_TYPES[str(array.dtype)], f"{name}_selftest_{what}", array[:steps])
            for what, array in (arrays | parts).items()]}


def _parts(program: Program) -> list[dict[str, Any]]:
    """Members of the action's struct."""
    parts = []
    for index, (name, head) in enumerate(program.contract.heads.items()):
        choices = isinstance(head, Discrete)
        integer = C_TYPES[program.values[program.outputs[index]].dtype]
        parts.append({"name": name, "ctype": "int32_t" if choices else "float",
                      "integer_ctype": "int32_t" if choices else integer,
                      "size": len(head.sizes) if isinstance(head, Discrete) else head.size})
    return parts


def _summary(program: Program, ram: int, constant_bytes: int) -> str:
    return (f"{len(program.ops)} ops, {program.macs:,} multiply-accumulates per step, "
            f"{constant_bytes:,} bytes of weights, {ram:,} bytes of RAM.")


def _action_text(head: Head) -> str:
    if isinstance(head, Discrete):
        return ("One choice per head: the index of the largest logit, of "
                f"{', '.join(map(str, head.sizes))} choices.")
    how = ["squashed by tanh"] if head.squash else []
    how += ["scaled to its bounds"] if head.rescale else []
    how += ["clipped to its bounds"] if head.low else ["not clipped"]
    return f"The action of largest likelihood, {', '.join(how)}."


def _kernels_version() -> int:
    major, minor, patch = (int(part) for part in VERSION.split(".")[:3])
    return major * 10000 + minor * 100 + patch
