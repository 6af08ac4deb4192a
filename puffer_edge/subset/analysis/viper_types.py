# SPDX-License-Identifier: MIT
"""Which operations viper has for which types."""

from __future__ import annotations

import ast
from typing import Literal

Kind = Literal["mixed", "unsupported", "wide"]
POINTERS = {"ptr", "ptr8", "ptr16", "ptr32"}
NATIVE = {"int", "uint"}
TYPES = {"object", "bool", *NATIVE, *POINTERS}
ANY = "?"
"""What is not known, behind a fault."""
Outcome = tuple[str, tuple[Kind, str] | None]
"""The type of a result, and what is wrong."""


def annotated(annotation: ast.expr | None) -> str:
    """The type that an annotation names; object without one."""
    known = isinstance(annotation, ast.Name) and annotation.id in TYPES
    return annotation.id if known and isinstance(annotation, ast.Name) else "object"


def operated(left: str, operator: ast.operator, right: str) -> Outcome:
    """What a binary operation gives."""
    if ANY in (left, right):
        return ANY, None
    if left in NATIVE and right in NATIVE:
        if isinstance(operator, ast.Div | ast.Pow | ast.MatMult):
            return ANY, ("unsupported", "viper has no /, ** and @ for native integers")
        if left == "uint" and isinstance(operator, ast.FloorDiv | ast.Mod):
            return ANY, ("unsupported", "viper does not divide uint")
        return left, None
    if left == right == "object":
        return "object", None
    return ANY, ("mixed", f"viper does not mix {left} and {right}")


def compared(left: str, operator: ast.cmpop, right: str) -> Outcome:
    """What a comparison gives."""
    if ANY in (left, right):
        return ANY, None
    if left in NATIVE and right in NATIVE:
        if isinstance(operator, ast.Is | ast.IsNot | ast.In | ast.NotIn):
            return ANY, ("unsupported", "viper has no is and in for native integers")
        if left != right:
            return ANY, ("unsupported", "viper does not compare int with uint")
        return "bool", None
    if left == right == "object":
        return "object", None
    return ANY, ("mixed", f"viper does not compare {left} with {right}")
