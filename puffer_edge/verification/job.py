# SPDX-License-Identifier: MIT
"""One verification: the artefact, its code, and what the user wishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from puffer_edge.artefact.opening import Subject
from puffer_edge.boards import Board
from puffer_edge.targets import Platform
from puffer_edge.verification.demands import Demands
from puffer_edge.verification.reference import Reference


@dataclass(frozen=True)
class Job:
    """What a :class:`verifiers.verifier.Verifier` works on.

    Attributes:
        subject: the artefact.
        code: its files of code, made again; see ``exporters.regenerating.read_code``.
        core: what it is verified for.
        demands: of a policy with rounded weights.
        toolchain, emulator, optimize: what C is built with and run on.
        board: that it is verified for, if one is named.
        native: C may be built for this computer and run there.
        reference: what somebody else computed.
        page: what ``report.html`` shows is wanted, too.
        progress: is told what is being done.
    """

    subject: Subject
    code: Mapping[str, bytes]
    core: Platform
    demands: Demands
    toolchain: str = "zig"
    emulator: str = "unicorn"
    optimize: str = "-O2"
    board: Board | None = None
    native: bool = True
    reference: Path | Reference | None = None
    page: bool = False
    progress: Callable[[str], None] = lambda text: None
