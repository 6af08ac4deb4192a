# SPDX-License-Identifier: MIT
"""``policy_shield.h``: a shield in C, the bits of ``puffer_edge.shield.reference``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from puffer_edge.exporters.c.text import number, wrapped
from puffer_edge.exporters.licence import in_c
from puffer_edge.ir import Discrete, Program
from puffer_edge.shield.ordering import bits_of, order
from puffer_edge.shield.shield import (
    NOVELTY,
    OF_OBSERVATION,
    ONE,
    Guard,
    Limits,
    Reaction,
    Shield,
    identity,
)
from puffer_edge.shield.showing import rows
from puffer_edge.templates import template

FILE = "policy_shield.h"


class Tables(list[dict[str, Any]]):
    """Constants, whose names begin with a prefix."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix


def shield_header(shield: Shield, program: Program, name: str, below: str) -> str:
    """The text of the header.

    Args:
        shield: a checked one.
        program: the policy.
        name: its name in C.
        below: the header that it stands on.
    """
    guard, how, line = shield.guard, shield.reacting, shield.likelihood
    tables = Tables(f"{name}_shield_")
    action_tables = Tables(f"{name}_shield_")
    watch_tables = Tables(f"{name}_shield_")
    symmetric = all(low <= 0 <= high for low, high in zip(guard.low, guard.high, strict=True))
    parts = _parts(program)
    safe = _safe(shield.limits, parts)
    last: Reaction = how.then if how.hold_steps else how.first
    return in_c(template("puffer_edge.exporters.c", "shield.h.j2").render(
        name=name, NAME=name.upper(), below=below, hash=identity(shield),
        rows=rows(shield), size=len(guard.low), watched=len(guard.watched),
        **(_signs if symmetric else _orders)(guard, tables), symmetric=symmetric,
        place=_place(guard.watched, len(guard.low), tables) if guard.varies else "",
        varies=_each([guard.varies[i] for i in guard.watched], "varies", "int16_t", watch_tables)
        if guard.varies else "",
        tables=tables, watch_tables=watch_tables, action_tables=action_tables,
        max_age_us=guard.max_age_us, early_us=shield.timing.early_us,
        late_us=shield.timing.late_us, deadline_us=shield.timing.deadline_us,
        counted=how.counted, latch_after=how.latch_after, release_after=how.release_after,
        hold_steps=how.hold_steps, falls_back=shield.falls_back,
        replaces=(how.first, last) != ("hold", "hold"),
        first=_instead(how.first, parts, safe, name),
        last=_instead(last, parts, safe, name), safe=safe, parts=parts,
        refused=f"0x{OF_OBSERVATION & ~how.counted:03x}", low_pass=bool(shield.limits.low_pass),
        slew=bool(shield.limits.slew),
        likelihood=line, one=ONE,
        most=line and line.threshold + (line.threshold >> 3),
        novelty_float=line is not None and _novelty(program) == "float32",
        lines=_lines(shield.limits, action_tables)))


def _novelty(program: Program) -> str:
    """The type of the output that the likelihood reads."""
    return program.values[program.outputs[program.output_names.index(NOVELTY)]].dtype


def _signs(guard: Guard, tables: Tables) -> dict[str, str]:
    """For each element the largest bits of a positive number, then of a negative one."""
    bounds = bits_of([side for low, high in zip(guard.low, guard.high, strict=True)
                      for side in (abs(high), -abs(low))])
    if len(set(zip(bounds[::2], bounds[1::2], strict=True))) == 1:
        return {"bound": f"(0x{bounds[0]:08x}u | (bits & 0x80000000u))"
                if bounds[0] ^ bounds[1] == 1 << 31 else
                f"(bits >> 31 != 0u ? 0x{bounds[1]:08x}u : 0x{bounds[0]:08x}u)"}
    return {"bound": _table([f"0x{value:08x}u" for value in bounds], "bound", "uint32_t", tables
                            ).replace("[i]", "[2u * i + (bits >> 31)]")}


def _orders(guard: Guard, tables: Tables) -> dict[str, str]:
    """For each element the least number among all floats, and how many follow."""
    lows, highs = order(guard.low), order(guard.high, up=True)
    spans = [high - low for low, high in zip(lows, highs, strict=True)]
    return {"low": _each(lows, "low", "uint32_t", tables),
            "span": _each(spans, "span", "uint32_t", tables)}


def _parts(program: Program) -> list[dict[str, Any]]:
    """Members of the action's struct."""
    return [{"name": name, "size": len(head.sizes) if isinstance(head, Discrete) else head.size,
             "choices": ", ".join(map(str, head.sizes)) if isinstance(head, Discrete) else ""}
            for name, head in program.contract.heads.items()]


def _safe(limits: Limits, parts: Sequence[dict[str, Any]]) -> list[str]:
    """Assignments of the safe action, each to a member of an action's struct."""
    lines, at = [], 0
    for part in parts:
        for i in range(part["size"]):
            value = limits.safe[at]
            text = str(int(value)) if part["choices"] else number(value)
            lines.append(f"{part['name']}[{i}] = {text};")
            at += 1
    return lines


def _instead(how: Reaction, parts: Sequence[dict[str, Any]], safe: Sequence[str], name: str
             ) -> list[str]:
    """Statements that make another action of the last one."""
    if how == "hold":
        return []
    if how == "safe":
        return [f"action->{line}" for line in safe]
    lines = [f"{name}_fallback(obs, action);"]
    for part in parts:
        element = f"action->{part['name']}[i]"
        bad = (f"{element} < 0 || {element} >= {name}_shield_choices[i]" if part["choices"] else
               f"!({element} - {element} == 0.0f)")
        lines += [f"for (i = 0u; i < {part['size']}u; i++) {{", f"    if ({bad}) {{",
                  f"        {element} = shield->given.{part['name']}[i];", "    }", "}"]
    return lines


def _lines(limits: Limits, tables: Tables) -> list[str]:
    """Statements that turn a wanted number ``x`` into one that may be."""
    lines = []
    if limits.low_pass:
        lines += ["if (smooth) {", "    const float way = x - before;",
                  f"    x = before + {_floats(limits.low_pass, 'low_pass', tables)} * way;", "}"]
    if limits.slew:
        slew = _floats(limits.slew, "slew", tables)
        lines += [f"x = x > before - {slew} ? x : before - {slew};",
                  f"x = x < before + {slew} ? x : before + {slew};"]
    if limits.low:
        low, high = (_floats(side, word, tables) for side, word in (
            (limits.low, "lowest"), (limits.high, "highest")))
        lines += [f"x = x > {low} ? x : {low};", f"x = x < {high} ? x : {high};"]
    return lines


def _place(watched: Sequence[int], size: int, tables: Tables) -> str:
    """The element of the observation that is the i-th of those that have to vary."""
    if tuple(watched) == tuple(range(size)):
        return "i"
    first = watched[0]
    if tuple(watched) == tuple(range(first, first + len(watched))):
        return f"{first}u + i" if first else "i"
    return _table(watched, "place", "uint16_t", tables)


def _floats(numbers: Sequence[float], name: str, tables: Tables) -> str:
    words = [number(np.float32(value)) for value in numbers]
    if len(set(words)) == 1:
        return f"({words[0]})" if words[0].startswith("-") else words[0]
    return _table(words, name, "float", tables)


def _each(numbers: Sequence[int], name: str, ctype: str, tables: Tables) -> str:
    """A literal where all are equal, else an element of a table."""
    words = [f"0x{value:08x}u" if ctype == "uint32_t" else str(value) for value in numbers]
    return words[0] if len(set(words)) == 1 else _table(words, name, ctype, tables)


def _table(words: Sequence[Any], name: str, ctype: str, tables: Tables) -> str:
    name = f"{tables.prefix}{name}"  # of the policy, as all names
    tables.append({"type": ctype, "name": name, "size": len(words),
                   "numbers": wrapped(map(str, words), "        ")})
    return f"{name}[i]"
