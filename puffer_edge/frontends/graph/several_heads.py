# SPDX-License-Identifier: MIT
"""Which outputs of a graph are the logits of one multi-discrete action, a tensor per head.

They belong together where they lie in one list (PufferLib's ``[logits, ...], value``), where their
names differ in a number (``logits_0``, ``logits_1``; outputs without names count as that), or where
each is called logits (``move_logits``, ``fire_logits``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from puffer_edge.frontends.graph import roles
from puffer_edge.frontends.graph.names import normalised
from puffer_edge.frontends.options import LoadOptions

_NUMBERED = re.compile(r"(.*?)_?\d+")
_WORDS = frozenset(("logit", "logits"))
_TWINS = frozenset(("q", "qf", "q_value", "q_values", "qvalues"))
"""Names of twin critics, which are numbered too."""


@dataclass(frozen=True)
class Output:
    """An output that may be the action or a part of it.

    Attributes:
        name: outside name.
        width: elements; None where they are not known, or lie along more than one axis.
        whole: it is of integers: choices that were made already.
        folder: name of the list or dictionary that it lies in; None for none.
    """

    name: str
    width: int | None
    whole: bool = False
    folder: str | None = None


def width_of(shape: Sequence[int | None] | None) -> int | None:
    """Elements of one row; None where the shape has several, or is not known."""
    if shape is None or any(n is None for n in shape) or any(n != 1 for n in shape[:-1]):
        return None
    return (shape[-1] or 0) if shape else 1


def action_outputs(outputs: Sequence[Output], options: LoadOptions, *, spread: bool
                   ) -> tuple[str, ...]:
    """The outputs that the action is made of: one, or one for each of its heads.

    Args:
        outputs: that are neither state, value nor spread; at least one.
        options: sizes of the heads decide where they fit; so does a continuous action.
        spread: the graph has an output for the spread of a continuous action.
    """
    groups: dict[str, list[Output]] = {}
    known = {normalised(output.name) for output in outputs}
    for output in outputs:
        groups.setdefault(_group(output, known), []).append(output)
    chosen = roles.action_output(list(groups))
    heads = [o for o in groups[chosen] if o.width is not None and (o.whole or o.width > 1)]
    single = (roles.action_output([o.name for o in groups[chosen]]),)
    if _continuous(options, chosen, heads, spread):
        return single
    sizes = tuple(options.action_sizes)
    everything = [o for o in outputs if o.width is not None]
    if len(sizes) > 1 and tuple(o.width for o in everything) == sizes:
        return tuple(o.name for o in everything)
    widths = {o.name: o.width for o in outputs}
    several = (len(heads) > 1 and normalised(chosen) not in _TWINS
               and not roles.looks_recurrent(chosen))
    if not several or (sizes and sum(o.width or 0 for o in heads) != sum(sizes)
                       and widths[single[0]] == sum(sizes)):
        return single
    return tuple(o.name for o in heads)


def stem(name: str) -> str:
    """A name's words without a number at the end: ``logits_0`` -> ``logits``."""
    plain = normalised(name)
    match = _NUMBERED.fullmatch(plain)
    return match[1] if match else plain


def unnamed(output: str) -> bool:
    """Whether nothing in a name says that the output is an action's, as in ``linear_2``."""
    return stem(output) not in roles.ACTION and not roles.marks_choices(stem(output))


def _group(output: Output, known: set[str]) -> str:
    if output.folder is not None:
        return output.folder
    name = normalised(output.name)
    if _NUMBERED.fullmatch(name):
        return stem(name)
    # Beside "logits" itself, "aux_logits" are something else.
    if not known & _WORDS and _WORDS & set(name.split("_")):
        return "logits"
    return name


def _continuous(options: LoadOptions, chosen: str, heads: Sequence[Output], spread: bool) -> bool:
    """Whether one output is a mean, and the others are something else."""
    if options.action_sizes or options.action == "discrete":
        return False
    named = normalised(chosen) in roles.CONTINUOUS and not all(o.whole for o in heads)
    return (options.action == "continuous" or named or spread or options.squash is not None
            or bool(options.action_low or options.action_high))
