# SPDX-License-Identifier: MIT
"""An activation by the name that a user or a file gives."""

from __future__ import annotations

from puffer_edge.errors import UsageError
from puffer_edge.ir import Activation


def activation(name: str) -> Activation | None:
    """The function with its default parameters; None for ``none``.

    Raises:
        UsageError: there is no such function.
    """
    from puffer_edge.ir.functions import FUNCTIONS

    if name == "none":
        return None
    if name not in FUNCTIONS:
        raise UsageError(f"the activation {name!r} is not known",
                         hint=f"one of none, {', '.join(sorted(FUNCTIONS))}")
    return Activation(name, tuple(default for _, default in FUNCTIONS[name].parameters))
