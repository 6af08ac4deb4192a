# SPDX-License-Identifier: MIT
"""A policy as it was trained several times: the same layers, other numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import puffer_edge
from puffer_edge.ir import Builder, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import Gemm
from tests import zoo


def trained(case: str, seed: int) -> Program:
    """A case of the zoo with its weights a little changed; as it is for 0."""
    program = one_layer() if case == "one_layer" else zoo.program(case)
    if seed == 0:
        return program
    random = np.random.default_rng(seed)
    return replace(program, constants={
        name: (array * random.uniform(0.5, 1.5, array.shape)).astype(array.dtype)
        if array.dtype == np.float32 and array.size > 1 else array
        for name, array in program.constants.items()})


def one_layer() -> Program:
    """Few words, for tests that go through all of them."""
    random = np.random.default_rng(0)
    builder = Builder("one layer")
    x = builder.input("observation", (1, 2))
    weight, bias = random.normal(size=(3, 2)), random.normal(size=3)
    y = builder.add(Gemm, x=x, weight=builder.constant(weight.astype(np.float32), "w"),
                    bias=builder.constant(bias.astype(np.float32), "b"))
    return builder.build({"logits": y}, Contract((Field("obs", (2,)),), Discrete((3,))))


def firmware(case: str, folder: Path, seed: int = 0, scheme: str = "float32", sequence: int = 1,
             **options: Any) -> Path:
    """What export writes of it, with weights in a blob."""
    program = trained(case, seed)
    seen = np.random.default_rng(0).normal(size=(600, program.contract.observation_size))
    recorded = {} if scheme.startswith("float") else {"calibrate": seen.astype(np.float32)}
    return puffer_edge.export(program, folder, name="zoo", scheme=scheme,
                              weights=sequence, **recorded, **options)
