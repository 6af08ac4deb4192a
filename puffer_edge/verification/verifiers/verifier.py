# SPDX-License-Identifier: MIT
"""What every kind of artefact says for itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from puffer_edge.verification.job import Job
from puffer_edge.verification.report import Report


class Verifier(Protocol):
    """Verifies one kind of artefact.

    Attributes:
        title: the kind, for a message.
        takes: options of ``verify`` that mean something to it, by name.
    """

    title: str
    takes: frozenset[str]

    def knows(self, manifest: Mapping[str, Any]) -> bool:
        """Whether the artefact is of this kind."""

    def cores(self, manifest: Mapping[str, Any]) -> Collection[str]:
        """Names of the targets that an artefact of that manifest can be verified for."""

    def why_not(self, option: str) -> str:
        """Why an option that is not in ``takes`` means nothing here, for a message."""

    def verify(self, job: Job) -> Report:
        """The report; nothing is written.

        Raises:
            FileFormatError: a file of the artefact is missing or does not fit.
            MissingDependencyError: a compiler, an emulator or a runtime is not installed.
            VerificationError: the policy does not compile, or faults. What merely differs is a
                failed check of the report instead.
            ToolError: a tool does not end in its time.
        """


JUDGED = frozenset(("reference", "original", "min_agreement", "max_error"))
"""Options of every kind that takes the observations of a recording."""
