# SPDX-License-Identifier: MIT
"""A Program in a few digits, such that anything that changes what it computes changes them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any

from puffer_edge.ir import Op, Program


def plain(value: Any, program: Program, places: dict[str, int]) -> Any:
    """A field without the names that a value happens to have; floats to nine digits."""
    if isinstance(value, str) and value in program.constants:
        array = program.constants[value]
        if array.dtype.kind == "f":
            return [f"{number:.9g}" for number in array.ravel().tolist()]
        return [str(array.dtype), array.shape, array.tobytes().hex()]
    if isinstance(value, str):
        return places.get(value, value)
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, tuple | list):
        return [plain(part, program, places) for part in value]
    if is_dataclass(value):
        return [type(value).__name__, *(plain(getattr(value, field.name), program, places)
                                        for field in fields(value) if field.name != "layer")]
    return value


def frozen(program: Program) -> list[str]:
    """Each op and a hash, in order."""
    places: dict[str, int] = {}
    found = []
    for name in (program.input, *(state.input for state in program.states)):
        places[name] = len(places)
    for op in program.ops:
        found.append(f"{type(op).__name__} {_hash(op, program, places)}")
        for name in op.outputs:
            places[name] = len(places)
    ends = [places.get(name, name) for name in (
        *program.outputs, *(state.output for state in program.states))]
    begun = [[str(state.initial.dtype), state.initial.ravel().tolist()]
             for state in program.states if state.initial.any()]
    return [*found, f"results {ends}", *([f"begins {begun}"] if begun else [])]


def _hash(op: Op, program: Program, places: dict[str, int]) -> str:
    made = {name: place for place, name in enumerate(op.outputs, len(places))}
    values = [value for name in op.outputs if (value := program.values[name])]
    known = [[value.shape, value.dtype, plain(value.quantization, program, places)]
             for value in values]
    text = json.dumps([plain(op, program, {**places, **made}), known])
    return hashlib.sha256(text.encode()).hexdigest()[:8]
