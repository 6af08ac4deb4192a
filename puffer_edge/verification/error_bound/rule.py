# SPDX-License-Identifier: MIT
"""The table of rules: how an op passes differences on, and what it adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from puffer_edge.ir import Op

Rule = Callable[..., Any]
"""(op, a pair per input, None for one that is missing) -> a pair per output, in a tuple."""

RULES: dict[type[Op], Rule] = {}
"""By op; filled by :func:`rule`."""


def rule(*kinds: type[Op], signs: bool = True) -> Callable[[Rule], Rule]:
    """Decorator of the rule of some ops.

    Args:
        kinds: the ops.
        signs: the rule knows coefficients; else it gets their magnitudes as part of the rest.
    """
    def register(function: Rule) -> Rule:
        def boxed(op: Op, *inputs: Any) -> Any:
            return function(op, *(x and x.boxed() for x in inputs))

        for kind in kinds:
            RULES[kind] = function if signs else boxed
        return function

    return register
