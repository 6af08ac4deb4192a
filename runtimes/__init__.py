# SPDX-License-Identifier: MIT
"""What executes an artefact: device code, and the runtimes of the host behind one ``Policy``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from puffer_edge.arguments import LoadArguments, PolicySource
from puffer_edge.runtimes.backends import BACKENDS
from puffer_edge.signatures import public

if TYPE_CHECKING:
    from os import PathLike

    from typing_extensions import Unpack

    from puffer_edge.frontends.options import LoadOptions
    from puffer_edge.robot import RobotContract
    from puffer_edge.runtimes.policy import Policy

__all__ = ["BACKENDS", "load"]


@public(LoadArguments.__annotations__)
def load(policy: PolicySource, backend: str | None = None, *, trust: bool = False,
         contract: str | PathLike[str] | RobotContract | None = None,
         options: LoadOptions | None = None, **changes: Unpack[LoadArguments]) -> Policy:
    """A policy, ready to be stepped.

    Args:
        policy: the directory of an artefact, the path of a policy file, or a Program.
        backend: one of :data:`BACKENDS`; by default ``native``, or ``numpy`` where cffi or a
            compiler is missing (the bits are the same).
        trust: take an artefact whose code is not what this version makes of its Program, as that
            of another version; what runs is made of the Program in either case.
        contract: of the robot that it is for: a file that ``puffer_edge.contract`` reads, or what
            it gave. An artefact that was exported for another one is refused.
        options: what a policy file does not hold, as for ``puffer_edge.load``.
        changes: single ones of them by name.

    Raises:
        UsageError: there is no such back end, or a directory or Program is given options, or the
            policy is for another robot's contract.
        FileFormatError: the artefact is damaged, its code another, or the policy file cannot be
            read.
        UnsupportedError: the back end cannot run the policy.
        MissingDependencyError: the back end is not installed; the hint is the pip command.

    Native compiles and runs C code of the artefact's Program on this computer.
    """
    from puffer_edge.runtimes.loading import open_policy

    given: dict[str, Any] = {"options": options, **changes} if options or changes else {}
    return open_policy(policy, backend, given, trust=trust, contract=contract)
