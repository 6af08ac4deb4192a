# SPDX-License-Identifier: MIT
"""Recurrent state that forward may be called without: ``forward(x, h: Optional[Tensor] = None)``.

Where an episode begins, such a policy is called without, and then with what it returned. The shape
of the state is that of what it returns after the action.
"""

from __future__ import annotations

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.aten.exported import Port
from puffer_edge.frontends.aten.roles import looks_recurrent
from puffer_edge.frontends.graph import roles
from puffer_edge.frontends.torchscript.arguments import Argument, names_of
from puffer_edge.frontends.torchscript.trace import Trace, Tracer


def with_states(tracer: Tracer, trace: Trace) -> Trace:
    """The step that is given the state, where arguments with defaults are state.

    They are where they are called so, and at least as many tensors come after the action.

    Args:
        tracer: of the archive.
        trace: the step without.

    Returns:
        The step, or ``trace`` where there is nothing of the kind.
    """
    exported = trace.exported
    names = names_of([a for a in tracer.optional if _is_state(a)])
    after = [r for r in exported.results[1:] if r.name and not roles.is_value(r.label)]
    if not names or len(after) < len(names):
        return trace
    shapes = {port.name: port.shape for port in exported.ports}
    shapes |= {name: result.shape for name, result in zip(
        names, after[len(after) - len(names):], strict=True)}
    try:
        return tracer.follow(shapes)
    except (FileFormatError, UnsupportedError):  # another shape: no state, or not this one's
        return trace


def added(before: Trace, after: Trace) -> list[str]:
    """Names of the inputs that only the second step has."""
    known = {port.name for port in before.exported.ports}
    return [port.name for port in after.exported.ports if port.name not in known]


def left_out(tracer: Tracer, trace: Trace) -> list[str]:
    """Arguments of tensors that forward is called without."""
    given = {port.name for port in trace.exported.ports}
    return [a.name for a in tracer.optional if not set(a.tensors) <= given]


def _is_state(argument: Argument) -> bool:
    return any(looks_recurrent(Port(name, (), "float32")) for name in argument.tensors)
