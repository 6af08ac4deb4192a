# SPDX-License-Identifier: MIT
"""The size of the observation, which no archive tells: found from the layers that it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.torchscript.sizes import PartWanted, ShapeWanted, SizeWanted
from puffer_edge.frontends.torchscript.trace import Trace
from puffer_edge.ir import Op
from puffer_edge.ir.ops import Binary, Gather, Reshape, Slice, Split, Unary
from puffer_edge.readers.text import printable

PROBES = (5040, 10080)
"""Sizes that are tried first: larger than any slice, and divisible by most numbers."""

HINT = "give it with --observation, as in obs:48, or image:4x84x84"
_ELEMENTWISE = (Binary, Gather, Reshape, Slice, Split, Unary)


class Follower(Protocol):
    """What gives a step for inputs of given shapes; ``trace.Tracer``, for one."""

    def follow(self, shapes: dict[str, tuple[int, ...]], *, sizing: bool = False) -> Trace:
        """One step; arguments and errors as of ``trace.Tracer.follow``."""


def observe(tracer: Follower, names: list[str], options: LoadOptions, where: str
            ) -> tuple[Trace, str]:
    """A step with inputs of the right sizes, and how these were found.

    The layers decide: each one that gets a number of elements that grows with an input's wants a
    certain one. Where only slices take something from the observation, it has at least the elements
    that they reach, and that is assumed.

    Args:
        tracer: of the archive or module.
        names: of the inputs: the observation, its parts, recurrent state.
        options: with the shapes, if the user gives them.
        where: the archive, for messages.

    Returns:
        The step, and what was assumed, or an empty text.

    Raises:
        UnsupportedError: something is not supported, or a size cannot be told.
    """
    shapes = _given(names, options)
    left = [name for name in names if name not in shapes]
    shapes = {name: shapes.get(name, (1, PROBES[0])) for name in names}
    while True:
        found = _try(tracer, shapes, left)
        if isinstance(found, Trace) and not left:
            break
        if isinstance(found, PartWanted):  # of a dictionary of observations
            name = found.name
            known = [field.shape for field in options.observation if field.name == name]
            shapes[name] = (1, *known[0]) if known else (1, PROBES[0])
            left += [] if known else [name]
        elif isinstance(found, ShapeWanted) and found.name in left:
            shapes[found.name] = found.shape
            left.remove(found.name)
        elif isinstance(found, SizeWanted) and left:
            name, size = _solved(tracer, shapes, left, found, where)
            shapes[name] = (1, size)
            left.remove(name)
        elif isinstance(found, Trace) and len(left) == 1 and len(shapes) == 1:
            second = _try(tracer, {left[0]: (1, PROBES[1])})
            if not isinstance(second, Trace):
                raise _unknown(left, where)
            return _reached(tracer, left[0], found, second, where)
        else:
            raise _unknown(left, where)
    # Without sizing: what forward itself asserts of the sizes must hold.
    return tracer.follow(shapes), ""


def _given(names: list[str], options: LoadOptions) -> dict[str, tuple[int, ...]]:
    """The shapes that the user gives: of one input, or of those that are called so."""
    fields = options.observation
    if not fields:
        return {}
    if len(names) == 1:
        shape = fields[0].shape if len(fields) == 1 else (sum(f.size for f in fields),)
        return {names[0]: (1, *shape)}
    return {field.name: (1, *field.shape) for field in fields if field.name in names}


def _unknown(names: list[str], where: str) -> UnsupportedError:
    return UnsupportedError(
        f"the size of {', '.join(map(printable, names))} is not in the file, and the layers do not "
        "tell it", where=where, hint=HINT)


def _try(tracer: Follower, shapes: dict[str, tuple[int, ...]], left: Sequence[str] = ()
         ) -> Trace | PartWanted | ShapeWanted | SizeWanted:
    try:
        return tracer.follow(shapes, sizing=True)
    except (PartWanted, ShapeWanted, SizeWanted) as wanted:
        return wanted
    except FileFormatError as error:  # the shapes do not fit, for another reason
        raise UnsupportedError(error.what, where=error.where, hint=HINT) from None
    except UnsupportedError as error:
        if not left:
            raise
        size = ", ".join(map(printable, left))
        raise UnsupportedError(
            error.what, where=error.where, hint=f"{error.hint}; " * bool(error.hint)
            + f"the size of {size} is not in the file: {HINT}") from None


def _solved(tracer: Follower, shapes: dict[str, tuple[int, ...]], names: list[str],
            first: SizeWanted, where: str) -> tuple[str, int]:
    """The one input on which it depends what a layer is given, and the size that it wants."""
    sizes = {}
    for name in names:
        second = _try(tracer, {**shapes, name: (1, PROBES[1])})
        if not isinstance(second, SizeWanted) or second.call != first.call:
            raise _unknown(names, where)
        # What grows with the input is one side; the other is the layer's own.
        pairs = ((first.has, second.has, first.wants, second.wants),
                 (first.wants, second.wants, first.has, second.has))
        for low, high, wants, still in pairs:
            if wants == still and high > low:
                more, rest = divmod((wants - low) * (PROBES[1] - PROBES[0]), high - low)
                sizes[name] = PROBES[0] + more if rest == 0 else 0
    if len(sizes) != 1 or min(sizes.values()) < 1:
        raise _unknown(names, where)
    return next(iter(sizes.items()))


def _reached(tracer: Follower, name: str, first: Trace, second: Trace, where: str
             ) -> tuple[Trace, str]:
    """The smallest observation that has all elements which slices take from it."""
    if not _same(first, second):
        raise _unknown([name], where)
    low, high, best = 0, PROBES[0], first  # low is too small, high is large enough
    while high - low > 1:
        middle = (low + high) // 2
        try:
            trace = tracer.follow({name: (1, middle)})
        except (UnsupportedError, FileFormatError):
            low = middle
            continue
        if _same(trace, second):
            high, best = middle, trace
        else:
            low = middle
    return best, (f"the observation has {high} elements: forward reads no further than that, and "
                  "no layer takes it whole")


def _same(a: Trace, b: Trace) -> bool:
    """Whether both take the same elements and compute the same with them.

    What depends on the size itself may only be looked at, element by element.
    """
    left, right = a.recorder.graph.builder, b.recorder.graph.builder
    if len(left.ops) != len(right.ops):
        return False
    for one, other in zip(left.ops, right.ops, strict=True):
        shapes = [(left.shape(n), right.shape(m))
                  for n, m in zip(one.outputs, other.outputs, strict=True)]
        grows = any(left.shape(n) != right.shape(m)
                    for n, m in zip(one.inputs, other.inputs, strict=True) if n and m)
        if type(one) is not type(other) or not _fits(one, other, grows) or (
                not grows and any(n != m for n, m in shapes)):
            return False
    results = zip(a.exported.results, b.exported.results, strict=True)
    return all(one.shape == other.shape for one, other in results)


def _fits(one: Op, other: Op, grows: bool) -> bool:
    if isinstance(one, Slice) and isinstance(other, Slice):
        return (one.starts, one.steps) == (other.starts, other.steps)
    if grows:
        return isinstance(one, _ELEMENTWISE) and not isinstance(one, Reshape)
    return one == other
