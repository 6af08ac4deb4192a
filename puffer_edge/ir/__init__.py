# SPDX-License-Identifier: MIT
"""Program, the one intermediate representation: a static, typed, batch-1 graph with state."""

from __future__ import annotations

from puffer_edge.ir.action_mask import ActionMask
from puffer_edge.ir.builder import Builder
from puffer_edge.ir.contract import Continuous, Contract, Discrete, Field, Head, Hybrid, Normaliser
from puffer_edge.ir.op import Activation, Op
from puffer_edge.ir.program import Note, Program, State
from puffer_edge.ir.status import Status
from puffer_edge.ir.value import Quantization, Value

__all__ = [
    "ActionMask",
    "Activation",
    "Builder",
    "Continuous",
    "Contract",
    "Discrete",
    "Field",
    "Head",
    "Hybrid",
    "Normaliser",
    "Note",
    "Op",
    "Program",
    "Quantization",
    "State",
    "Status",
    "Value",
]
