# SPDX-License-Identifier: MIT
"""The integers of every case are those of the version before: what a policy computes is frozen.

Each op of ``frozen_bits.json`` has its name and eight digits of a hash of everything that its
arithmetic depends on: sizes, multipliers, zero points, bounds, tables, weights. Where a change of
bits is meant, it is told in CHANGELOG.md, and the file is written anew:

    python -m tests.quantization.test_frozen_bits
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.ir import Op, Program
from tests import zoo

FILE = Path(__file__).with_name("frozen_bits.json")


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
    return [*found, f"results {ends}"]


def _hash(op: Op, program: Program, places: dict[str, int]) -> str:
    made = {name: place for place, name in enumerate(op.outputs, len(places))}
    values = [value for name in op.outputs if (value := program.values[name])]
    known = [[value.shape, value.dtype, plain(value.quantization, program, places)]
             for value in values]
    text = json.dumps([plain(op, program, {**places, **made}), known])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@pytest.mark.parametrize("case", sorted({name.rsplit("_", 1)[0] for name in zoo.QUANTIZED}))
def test_integers_stay(case: str) -> None:
    then = json.loads(FILE.read_text(encoding="utf-8"))
    for scheme in ("int8", "int8x16", "int16", "mixed"):
        assert frozen(zoo.program(f"{case}_{scheme}")) == then[f"{case}_{scheme}"], scheme


def test_a_bit_would_be_seen() -> None:
    program = zoo.program("mlp_int8")
    name = next(name for name, array in program.constants.items() if array.dtype == np.int8)
    changed = program.constants[name].copy()
    changed.flat[0] ^= 1
    other = program.with_ops(program.ops, {**program.constants, name: changed})
    assert sum(a != b for a, b in zip(frozen(program), frozen(other), strict=True)) == 1


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: frozen(zoo.program(name)) for name in zoo.QUANTIZED},
                               indent=1) + "\n", encoding="utf-8")
