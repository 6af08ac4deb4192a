# SPDX-License-Identifier: MIT
"""The integers of every case are those of the version before: what a policy computes is frozen.

Each op of ``frozen_bits.json`` has its name and eight digits of a hash of everything that its
arithmetic depends on: sizes, multipliers, zero points, bounds, tables, weights. Where a change of
bits is meant, it is told in CHANGELOG.md, and the file is written anew:

    python -m tests.quantization.test_frozen_bits
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import find_scheme
from tests import zoo
from tests.support.frozen import frozen

FILE = Path(__file__).with_name("frozen_bits.json")


CASES = sorted({name.rsplit("_", 1)[0] for name in zoo.QUANTIZED} - {"continuous"})
SCHEMES = ("int8", "int8x16", "int16", "mixed")


def far(case: str, scheme: str) -> Program:
    """Of observations twelve times as large, 1 in 100 cut off; states begin anywhere."""
    prepared = optimize(zoo.program(case), fuse=False)
    prepared = replace(prepared, states=tuple(
        replace(state, initial=np.linspace(-0.6, 0.7, state.initial.size, dtype=np.float32)
                .reshape(state.initial.shape)) for state in prepared.states))
    x = 12 * np.random.default_rng(3).standard_normal(
        (40, prepared.contract.observation_size)).astype(np.float32)
    if prepared.contract.mask is not None:
        x = prepared.contract.mask.at_random(x, np.random.default_rng(4))
    return quantize(prepared, calibrate(prepared, x, np.arange(40) % 8 == 0, "percentile"),
                    find_scheme(scheme))


def counted(case: str, scheme: str) -> Program | None:
    """With an observation that counts thousandths from a half on; None where it cannot."""
    try:
        made = integer_input(zoo.program(f"{case}_{scheme}"), {"": (1e-3, 0.5)})
    except UnsupportedError:
        return None
    return made.program if made else None


def everything(case: str) -> dict[str, list[str]]:
    """All integer Programs of a case, frozen."""
    made = {scheme: zoo.program(f"{case}_{scheme}") for scheme in SCHEMES}
    made |= {f"{scheme}, far": far(case, scheme) for scheme in ("int8", "int8x16")}
    made |= {f"{scheme}, counted": program for scheme in ("int8", "int16")
             if (program := counted(case, scheme)) is not None}
    return {name: frozen(program) for name, program in made.items()}


@pytest.mark.parametrize("case", CASES)
def test_integers_stay(case: str) -> None:
    then, now = json.loads(FILE.read_text(encoding="utf-8"))[case], everything(case)
    assert now.keys() == then.keys()
    for name, ops in now.items():
        assert ops == then[name].split("; "), name


def test_a_bit_would_be_seen() -> None:
    program = zoo.program("mlp_int8")
    name = next(name for name, array in program.constants.items() if array.dtype == np.int8)
    changed = program.constants[name].copy()
    changed.flat[0] ^= 1
    other = program.with_ops(program.ops, {**program.constants, name: changed})
    assert sum(a != b for a, b in zip(frozen(program), frozen(other), strict=True)) == 1


if __name__ == "__main__":
    FILE.write_text(json.dumps(
        {case: {name: "; ".join(ops) for name, ops in everything(case).items()}
         for case in CASES}, indent=1) + "\n", encoding="utf-8")
