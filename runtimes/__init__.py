"""What executes an artefact: device code, and the runtimes of the host behind one ``Policy``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from puffer_edge.runtimes.backends import BACKENDS

if TYPE_CHECKING:
    from puffer_edge.runtimes.policy import Policy

__all__ = ["BACKENDS", "load"]


def load(policy: Any, backend: str | None = None, *, trust: bool = False,
         **options: Any) -> Policy:
    """A policy, ready to be stepped.

    Args:
        policy: the directory of an artefact, the path of a policy file, or a Program.
        backend: one of :data:`BACKENDS`; by default ``native``, or ``numpy`` where cffi or a
            compiler is missing (the bits are the same).
        trust: take an artefact whose code is not what this version makes of its Program, as that
            of another version; what runs is made of the Program in either case.
        options: what a policy file does not hold, as for ``puffer_edge.load``.

    Raises:
        UsageError: there is no such back end, or a directory or Program is given options.
        FileFormatError: the artefact is damaged, its code another, or the policy file cannot be
            read.
        UnsupportedError: the back end cannot run the policy.
        MissingDependencyError: the back end is not installed; the hint is the pip command.

    Native compiles and runs C code of the artefact's Program on this computer.
    """
    from puffer_edge.runtimes.loading import open_policy

    return open_policy(policy, backend, options, trust=trust)
