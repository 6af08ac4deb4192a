# SPDX-License-Identifier: MIT
"""Graphs with a continuous action and choices beside it, by the names of Unity ML-Agents 2.x."""

from __future__ import annotations

from collections.abc import Sequence

from puffer_edge.frontends.graph.names import normalised
from puffer_edge.frontends.graph.several_heads import Output
from puffer_edge.frontends.options import LoadOptions

_CONTINUOUS = ("deterministic_continuous_actions", "continuous_actions")
_DISCRETE = ("deterministic_discrete_actions", "discrete_actions")
"""The surest first."""


def hybrid_outputs(outputs: Sequence[Output], options: LoadOptions) -> tuple[str, ...]:
    """The outputs of a continuous action and of choices, where a graph has both; else nothing.

    The one of the kind that the user wants, if there is such a wish.
    """
    known = {normalised(output.name): output.name for output in outputs}
    pair = [next((known[name] for name in names if name in known), None)
            for names in (_CONTINUOUS, _DISCRETE)]
    moving, choosing = pair
    if moving is None or choosing is None:
        return ()
    return {"continuous": (moving,), "discrete": (choosing,)}.get(
        options.action or "", (moving, choosing))
