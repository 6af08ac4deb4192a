# SPDX-License-Identifier: MIT
"""What the first lines of ``policy.h`` tell: sizes, ranges, meanings, and what was assumed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import fill
from typing import Any

from puffer_edge.errors import UsageError
from puffer_edge.exporters.c import ranges
from puffer_edge.exporters.c.context import C_TYPES
from puffer_edge.exporters.c.text import decimal
from puffer_edge.finiteness import unproved
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.naming import identifier
from puffer_edge.planning import Plan
from puffer_edge.quantization.integer_input import IntegerInput
from puffer_edge.version import VERSION

TAKEN = frozenset(
    "t obs action continuous discrete status step reset sample seed check random integers selftest "
    "implementation input_only blackbox ok bad_observation bad_state bad_output no_choice".split())
"""Words after the policy's name that are ours: no output of the policy can have them."""

LISTED = 16
"""Macros of single elements or heads, at most."""


def describe(program: Program, plan: Plan, name: str, constant_bytes: int,
             integers: IntegerInput | None, blob: bool = False) -> dict[str, Any]:
    """Everything that ``interface.h.j2`` wants but the outputs, the check and the self-test.

    Args:
        program: what is exported.
        plan: where its values live.
        name: validated stem of all identifiers.
        constant_bytes: of weights and tables.
        integers: what ``<name>_step_q`` takes, if there is one.
        blob: weights are no part of the code, nor is what they say of the outputs.
    """
    contract = program.contract
    discrete = isinstance(contract.action, Discrete)
    for field in contract.observation:
        identifier(field.name, "a field of the observation")
    states = [program.values[state.input] for state in program.states]
    return {
        "name": name, "NAME": name.upper(), "version": VERSION, "discrete": discrete,
        "masked": contract.mask is not None, "macs": f"{program.macs:,}",
        "constant_bytes": f"{constant_bytes:,}", "ram": f"{ram(program, plan, blob):,}",
        "summary": (f"{len(program.ops)} operations, {program.macs:,} multiply-accumulates; "
                    f"{constant_bytes:,} bytes of weights (flash), "
                    f"{ram(program, plan, blob):,} bytes of RAM."),
        "q": "" if integers is None else "_q",
        "action_q": "" if integers is None or discrete else "_q",
        "macros": _macros(program, constant_bytes, integers, blob), "blob": blob,
        "observation": {"text": _observation(program), "lines": ranges.observation(contract)},
        "fields": contract.observation, "action_lines": ranges.action(contract),
        "parts": _parts(program), "entry": _entry(program, integers),
        "states": [(C_TYPES[state.dtype], state.size) for state in states],
        "arena": max(plan.arena, 4), "statuses": _statuses(program, blob),
        "configurations": _configurations(name, integers is not None),
        "assumptions": _assumptions(program),
        "float_time": "" if integers is not None else (
            "; software floating point is quicker with some numbers than with others"),
        "float_context": "" if integers is not None else (
            " that saves the registers of the FPU, as a Cortex-M does by itself")}


def ram(program: Program, plan: Plan, blob: bool = False) -> int:
    """Bytes of the policy's struct, on a processor of 32 bits."""
    states = (program.values[state.input].nbytes for state in program.states)
    return sum(-(-size // 4) * 4 for size in states) + max(plan.arena, 4) + (
        8 if blob else 0)


def outputs(program: Program, references: Mapping[str, str]) -> list[dict[str, Any]]:
    """The raw outputs; ``references`` are C expressions for the address of each.

    Raises:
        UsageError: the name of one is no safe identifier, or ours.
    """
    described = []
    for outside, value in zip(program.output_names, program.outputs, strict=True):
        qparams = program.values[value].quantization
        identifier(outside, "an output")
        if re.fullmatch(rf"({'|'.join(TAKEN)}|w\d+)(_\w+)?", outside):
            raise UsageError(f"{outside!r} cannot name an output in C")
        described.append({
            "name": outside, "size": program.values[value].size, "ref": references[value],
            "ctype": C_TYPES[program.values[value].dtype],
            "meaning": "" if qparams is None else
            f", each {decimal(qparams.scale)} * " + (
                f"(integer - {qparams.zero_point})" if qparams.zero_point else "integer")})
    return described


def _macros(program: Program, constant_bytes: int, integers: IntegerInput | None, blob: bool,
            ) -> list[dict[str, str]]:
    contract, found = program.contract, []

    def add(name: str, value: object, text: str = "") -> None:
        found.append({"name": name, "value": str(value), "text": text})

    add("OBS_SIZE", contract.observation_size, "Numbers in an observation.")
    if len(contract.observation) > 1:
        for field in contract.observation:
            add(f"OBS_{field.name.upper()}_SIZE", field.size)
    for name, head in contract.heads.items():
        stem = "ACTION" if len(contract.heads) == 1 else f"ACTION_{name.upper()}"
        if isinstance(head, Discrete):
            several = 1 < len(head.sizes) <= LISTED
            add(f"{stem}_SIZE", len(head.sizes), "Choices in an action.")
            for index, size in enumerate(head.sizes if several else head.sizes[:1]):
                add(f"{stem}_CHOICES" + (f"_{index}" if several else ""), size,
                    "" if several else f"A choice is 0 to {size - 1}.")
        else:
            add(f"{stem}_SIZE", head.size, "Numbers in an action.")
            _bounds(stem, head, add)
    if integers is not None:
        ranges.scales(contract.observation, integers, add)
    for outside, value in zip(program.output_names, program.outputs, strict=True):
        qparams = program.values[value].quantization
        add(f"{outside.upper()}_SIZE", program.values[value].size)
        if qparams is not None and not blob:
            add(f"{outside.upper()}_SCALE", f"{decimal(qparams.scale)}f")
            add(f"{outside.upper()}_ZERO_POINT", f"({qparams.zero_point})")
    if constant_bytes:
        add("WEIGHTS_BYTES", constant_bytes, "Weights and tables, in flash.")
    return found


def _bounds(stem: str, head: Continuous, add: Any) -> None:
    for side, values in (("LOW", head.low), ("HIGH", head.high)):
        if values and len(set(values)) == 1:
            add(f"{stem}_{side}", f"({decimal(values[0])}f)")
        elif len(values) <= LISTED:
            for index, value in enumerate(values):
                add(f"{stem}_{side}_{index}", f"({decimal(value)}f)")


def _observation(program: Program) -> str:
    contract, found = program.contract, program.contract.normaliser
    size = contract.observation_size
    text = (f"The observation: {size:,} number{'s' * (size > 1)}, in the order and the units of "
            "the training environment. NaN and infinity are refused.")
    if found is not None:
        clip = "" if found.clip is None else (
            f", clipped to {decimal(-found.clip)} to {decimal(found.clip)}")
        text += (" Give raw sensor values; the policy normalises them itself: (x - mean) / "
                 f"deviation{clip}.")
    if contract.mask is not None:
        start, end = contract.mask.part.start, contract.mask.part.stop - 1
        text += (f" Numbers {start} to {end} are the action mask: "
                 f"{'1 forbids' if contract.mask.forbids else '0 forbids'} a choice.")
    return fill(text, 96).replace("\n", "\n * ")


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


def _entry(program: Program, integers: IntegerInput | None) -> dict[str, Any] | None:
    if integers is None:
        return None
    taken = integers.program
    return {"ctype": C_TYPES[taken.values[taken.input].dtype],
            "fields": program.contract.observation,
            "lines": ranges.integers(program.contract.observation, integers),
            "output": program.output_names[0].upper()}


def _statuses(program: Program, blob: bool) -> list[tuple[str, str, int, bool, str]]:
    """The two statuses of overflow: what would be, name, number, whether never, what to do then."""
    found = unproved(program)
    return [("The memory would be infinite", "BAD_STATE", 2, not (found.states or blob),
             "Reset the policy, or stop the plant"),
            ("An output would be infinite", "BAD_OUTPUT", 3, not (found.outputs or blob),
             "Do as with BAD_OBSERVATION")]


def _configurations(name: str, integers: bool) -> list[tuple[str, str]]:
    """Conditions of the user's macros, and how the reset's symbol ends then; the last is else."""
    stem, found = name.upper(), []
    for only in (True, False) if integers else (None,):
        for test in (True, False):
            options = {"INTEGER_ONLY": only, "SELFTEST": test}
            given = {macro: on for macro, on in options.items() if on is not None}
            found.append((
                " && ".join(f"{'' if on else '!'}defined({stem}_{macro})"
                            for macro, on in given.items()),
                "".join(f"_{'with' if on else 'without'}_{stem}_{macro}"
                        for macro, on in given.items())))
    return found


def _assumptions(program: Program) -> list[str]:
    """What the policy's file does not say; by codes only, as texts may have words of the file."""
    found = {note.code: note.option for note in program.notes if note.kind == "assumed"
             and re.fullmatch("[a-z][a-z-]{0,40}", note.code)}
    if not found:
        return ["none: the policy's file, or whoever exported it, says all of it."]
    return ["the policy's file does not say all of it; the notes of policy.json do:",
            *(f"    {code}" + (f", decided by {option}" if re.fullmatch("--[a-z-]+", option)
                               else "") for code, option in sorted(found.items()))]
