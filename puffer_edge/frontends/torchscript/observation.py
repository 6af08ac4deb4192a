"""The size of the observation, which no archive tells: found from the layers that it reaches."""

from __future__ import annotations

from typing import Protocol

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.torchscript.sizes import SizeWanted
from puffer_edge.frontends.torchscript.trace import Trace
from puffer_edge.ir import Op
from puffer_edge.ir.ops import Binary, Gather, Reshape, Slice, Split, Unary

PROBES = (5040, 10080)
"""Sizes that are tried first: larger than any slice, and divisible by most numbers."""

HINT = "give it with --observation, as in obs:48, or image:4x84x84"
_ROUNDS = 4
_ELEMENTWISE = (Binary, Gather, Reshape, Slice, Split, Unary)


class Follower(Protocol):
    """What gives a step for inputs of given shapes; ``trace.Tracer``, for one."""

    def follow(self, shapes: dict[str, tuple[int, ...]], *, sizing: bool = False) -> Trace:
        """One step; arguments and errors as of ``trace.Tracer.follow``."""


def observe(tracer: Follower, name: str, options: LoadOptions, where: str) -> tuple[Trace, str]:
    """A step with an observation of the right size, and how that was found.

    The layers decide: each one that gets a number of elements that grows with the observation's
    wants a certain one. Where only slices take something from it, it has at least the elements that
    they reach, and that is assumed.

    Args:
        tracer: of the archive or module.
        name: of the argument that is the observation.
        options: with the shape, if the user gives it.
        where: the archive, for messages.

    Returns:
        The step, and what was assumed, or an empty text.

    Raises:
        UnsupportedError: something is not supported, or the size cannot be told.
    """
    fields = options.observation
    if fields:
        shape = fields[0].shape if len(fields) == 1 else (sum(f.size for f in fields),)
        return tracer.follow({name: (1, *shape)}), ""
    size = None
    for _ in range(_ROUNDS):
        if size is not None:
            try:
                return tracer.follow({name: (1, size)}, sizing=True), ""
            except SizeWanted:
                break
        found = [_try(tracer, name, probe) for probe in PROBES]
        if isinstance(found[0], Trace) and isinstance(found[1], Trace):
            return _reached(tracer, name, found[0], found[1], where)
        size = _solved(found)
        if size is None:
            break
    raise UnsupportedError("the size of the observation is not in the file, and its layers do "
                           "not tell it", where=where, hint=HINT)


def _try(tracer: Follower, name: str, size: int) -> Trace | SizeWanted | UnsupportedError:
    try:
        return tracer.follow({name: (1, size)}, sizing=True)
    except SizeWanted as wanted:
        return wanted
    except FileFormatError as error:  # the shapes do not fit, for another reason
        return UnsupportedError(error.what, where=error.where, hint=HINT)


def _solved(found: list[Trace | SizeWanted | UnsupportedError]) -> int | None:
    """The size at which the layer that complained gets what it wants."""
    first, second = found
    for problem in found:
        if isinstance(problem, UnsupportedError):
            raise problem
    if not isinstance(first, SizeWanted) or not isinstance(second, SizeWanted) or (
            first.call != second.call):
        return None
    # What grows with the observation is one side; the other is the layer's own.
    pairs = ((first.has, second.has, first.wants, second.wants),
             (first.wants, second.wants, first.has, second.has))
    for low, high, wants, still in pairs:
        slope, rest = divmod(high - low, PROBES[1] - PROBES[0])
        if wants == still and slope > 0 and rest == 0:
            size, rest = divmod(wants - low, slope)
            return PROBES[0] + size if rest == 0 and PROBES[0] + size > 0 else None
    return None


def _reached(tracer: Follower, name: str, first: Trace, second: Trace, where: str
             ) -> tuple[Trace, str]:
    """The smallest observation that has all elements which slices take from it."""
    if not _same(first, second):
        raise UnsupportedError("the size of the observation is not in the file, and its layers "
                               "do not tell it", where=where, hint=HINT)
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
