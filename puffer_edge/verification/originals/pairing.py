# SPDX-License-Identifier: MIT
"""Which output of a graph is the next value of which input, as the second readers see it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from puffer_edge.verification.originals.original import Unjudged


def paired(states: Mapping[str, Any], outputs: Mapping[str, Any], given: Mapping[str, str]
           ) -> dict[str, str]:
    """Each input of state with the output of its shape whose name is the most like its own.

    Names that are alike equally much belong together in their order.

    Args:
        states: shapes of the inputs of state, by name, in order; sizes may be unknown.
        outputs: shapes of all outputs.
        given: (input, output) as the user named them.

    Raises:
        Unjudged: a state has no output.
    """
    pairs = {name: after for name, after in given.items() if name in states}
    ratios = [(-SequenceMatcher(None, before, after).ratio(), abs(i - j), before, after)
              for i, before in enumerate(states) for j, after in enumerate(outputs)
              if _fit(states[before], outputs[after])]
    for _, _, before, after in sorted(ratios, key=lambda ratio: ratio[:2]):
        if before not in pairs and after not in pairs.values():
            pairs[before] = after
    if lonely := [name for name in states if name not in pairs]:
        raise Unjudged(f"no output has the shape of the state {lonely[0]}")
    return pairs


def _fit(before: Any, after: Any) -> bool:
    return after is None or not len(after) or (len(before) == len(after) and all(
        a == b or not isinstance(a, int) or not isinstance(b, int)
        for a, b in zip(before, after, strict=True)))
