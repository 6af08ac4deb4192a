# SPDX-License-Identifier: MIT
"""Program -> Program of the ops and functions that another format has.

Cells become linear layers and arithmetic, fused activations ops of their own; what a format has
itself stays whole.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.exporters.decompose.functions import DOMAIN, MADE, decompose_function, native
from puffer_edge.exporters.decompose.registry import DECOMPOSITIONS
from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Unary
from puffer_edge.passes import remove_dead_code, separate_results

for _module in iter_modules(__path__):  # what lies here is found
    import_module(f"{__name__}.{_module.name}")


def decompose(program: Program, ops: Collection[type[Op]], functions: Collection[str]) -> Program:
    """The same policy without what a format lacks.

    Args:
        program: in float32.
        ops: what the format has of that which could be decomposed.
        functions: elementwise functions that it has.
    """
    draft = Draft(separate_results(program))
    for op in draft.program.ops:
        draft.layer = op.layer
        activation = getattr(op, "activation", None)
        if activation is None:
            _write(draft, op, ops, functions)
            continue
        plain: Any = replace(op, activation=None, y=draft.fresh("sum"))  # type: ignore[call-arg]
        _write(draft, plain, ops, functions)
        (y,) = op.outputs
        _write(draft, Unary(x=plain.y, y=y, function=activation, layer=op.layer), ops, functions)
    return remove_dead_code(draft.program.with_ops(draft.ops, draft.constants))


def _write(draft: Draft, op: Op, ops: Collection[type[Op]], functions: Collection[str]) -> None:
    if isinstance(op, Unary) and op.function.function in DOMAIN:
        op = replace(op, x=draft.binary("max", op.x, DOMAIN[op.function.function]))
    if isinstance(op, Unary) and op.function.function in MADE and (
            op.function.function not in functions or not native(op)):
        decompose_function(draft, op)
    elif type(op) in DECOMPOSITIONS and type(op) not in ops:
        DECOMPOSITIONS[type(op)](draft, op)
    else:
        draft.append(op)
