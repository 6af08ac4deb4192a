# SPDX-License-Identifier: MIT
"""Tables of functions by the op that they are for, filled by decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from puffer_edge.ir import Op

Function = TypeVar("Function", bound=Callable[..., Any])


def adding_to(table: dict[type[Op], Function]) -> Callable[
        [type[Op]], Callable[[Function], Function]]:
    """The decorator that puts a function into a table under the op that it is given."""

    def of(kind: type[Op]) -> Callable[[Function], Function]:
        def add(function: Function) -> Function:
            table[kind] = function
            return function

        return add

    return of
