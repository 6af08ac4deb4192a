# SPDX-License-Identifier: MIT
"""Drops the critic: a policy that acts needs no value."""

from __future__ import annotations

from puffer_edge.ir import Program
from puffer_edge.passes.dead_code import remove_dead_code


def drop_value_head(program: Program) -> Program:
    """Removes the output called ``value`` and everything that only it needs."""
    kept = [(name, value) for name, value
            in zip(program.output_names, program.outputs, strict=True) if name != "value"]
    if len(kept) in (0, len(program.outputs)):
        return program
    smaller = remove_dead_code(program.with_ops(
        program.ops, outputs=tuple(value for _, value in kept),
        output_names=tuple(name for name, _ in kept)))
    freed = program.parameters - smaller.parameters
    return smaller.noting("dropped", f"the value head ({freed:,} parameters)")
