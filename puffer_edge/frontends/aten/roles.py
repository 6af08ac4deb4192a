# SPDX-License-Identifier: MIT
"""Which inputs and outputs of ``forward`` are recurrent state: the user's pairs, else by place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.frontends.aten.exported import Exported, Port, Result
from puffer_edge.frontends.graph import roles
from puffer_edge.frontends.graph.names import normalised
from puffer_edge.readers.text import printable

_RECURRENT = re.compile(r"(h|c|hx|cx|hc|ht|ct|hiddens?|cells?|states?|lstm|gru|rnn|mem|memory|"
                        r"carry|recurrent)\d*")


def state_pairs(exported: Exported, given: Sequence[tuple[str, str]], where: str
                ) -> dict[str, Result]:
    """Input name -> the output that is its next value.

    Where the user gives no pairs, inputs after the first whose names look recurrent (``h``,
    ``state_0``, ``lstm_hidden``) belong to the last outputs of equal shape, in the same order; so
    do all inputs after the first where the last outputs have all their shapes.

    Args:
        exported: the graph.
        given: pairs of an argument's name and an output's key, path or index.
        where: for messages.

    Raises:
        UsageError: a given pair is not there.
        UnsupportedError: an input looks like state but no output fits.
    """
    if given:
        return {_port(exported, a, where).name: _result(exported, b, where) for a, b in given}
    pairs: dict[str, Result] = {}
    free = [r for r in exported.results[1:] if r.name and not roles.is_value(r.label)]
    more = exported.ports[1:]
    # All further arguments come back in their shapes: state, whatever they are called.
    same = len(free) >= len(more) and all(
        p.shape == r.shape and prod(p.shape) > 1 and p.dtype.startswith("float")
        for p, r in zip(more, free[len(free) - len(more) :], strict=True))
    for port in reversed([p for p in more if same or looks_recurrent(p)]):
        fitting = [r for r in free if r.shape == port.shape]
        if not fitting:
            raise UnsupportedError(
                f"argument {printable(port.name)} looks like recurrent state, but forward returns "
                f"no new value of its shape {port.shape}", where=where,
                hint="return it after the action, or name the pair, as in states=(('h', '1'),)")
        pairs[port.name] = fitting[-1]
        free = free[: free.index(fitting[-1])]  # the order stays
    return dict(reversed(pairs.items()))


def looks_recurrent(port: Port) -> bool:
    """Whether an argument is by its name recurrent state."""
    return port.dtype.startswith("float") and any(
        _RECURRENT.fullmatch(word) for word in normalised(port.name).split("_"))


def outside_names(results: Sequence[Result]) -> dict[str, Result]:
    """Outputs by their last key; ``output_1`` where they have only a position.

    A single number after the action, the only one among outputs without names, is the value.
    """
    named: dict[str, Result] = {}
    single = [index for index, r in enumerate(results)
              if index and len(r.path) == 1 and prod(r.shape) == 1]
    value = single if not any(r.name and _words(r) for r in results) else []
    for index, result in enumerate(results):
        words = _words(result)
        name = words[-1] if words else f"output_{index}"
        if value == [index]:
            name = "value"
        if result.name:
            name = "_".join(words) if name in named else name
            named[f"{name}_{index}" if name in named else name] = result
    return named


def folder(result: Result) -> str | None:
    """Name of the list that an output lies in, or of a dictionary called logits or the like."""
    if len(result.path) < 2:
        return None
    words = [word for word in result.path[:-1] if not word.isdigit()]
    name = words[-1] if words else f"output_{result.path[0]}"
    listed = result.path[-1].isdigit()
    return name if listed or normalised(name) in roles.ACTION else None


def _words(result: Result) -> list[str]:
    return [word for word in result.path if not word.isdigit()]


def _port(exported: Exported, name: str, where: str) -> Port:
    for port in exported.ports:
        if port.name == name:
            return port
    raise UsageError(f"forward has no argument {printable(name)}", where=where,
                     hint=f"its tensors are {', '.join(printable(p.name) for p in exported.ports)}")


def _result(exported: Exported, name: str, where: str) -> Result:
    for index, result in enumerate(exported.results):
        if result.name and name in (result.label, str(index), result.path[-1:][0]
                                    if result.path else ""):
            return result
    labels = [printable(r.label) or str(i) for i, r in enumerate(exported.results)]
    raise UsageError(f"forward returns no {printable(name)}", where=where,
                     hint=f"its outputs are {', '.join(labels)}")
