# SPDX-License-Identifier: MIT
"""The one exception tree of puffer-edge.

Every failure that a user can cause or meet is a :class:`PufferEdgeError`. It says *what* went
wrong, *where* (file, layer, tensor), and *what to do*; the command line prints it without a
traceback and ends with the class's ``exit_code``. Options in its texts are written as the command
line has them; from Python they read as Python takes them.
"""

from __future__ import annotations

from puffer_edge.wording import in_callers_words


class PufferEdgeError(Exception):
    """Base of every error that puffer-edge raises on purpose.

    Args:
        what: what went wrong, one sentence.
        where: the file, layer or tensor concerned; empty when there is none.
        hint: what the user can do about it; empty when nothing can be done.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        what, hint = in_callers_words(what), in_callers_words(hint)
        self.what = what
        self.where = where
        self.hint = hint
        message = f"{where}: {what}" if where else what
        super().__init__(f"{message}\n  hint: {hint}" if hint else message)


class UsageError(PufferEdgeError):
    """An option or argument is missing, contradictory or out of range."""

    exit_code = 2


class StepError(UsageError):
    """A step was refused: state and action are as they were before it.

    Args:
        what: what went wrong.
        status: what the step of the C artefact returns then, a number of ``ir.Status``.
    """

    def __init__(self, what: str, status: int, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.status = status


class FileFormatError(PufferEdgeError):
    """The file is truncated, damaged, hostile, or not of a kind that can be read."""

    exit_code = 3


class UnsupportedError(PufferEdgeError):
    """The file is sound, but holds an op, a dtype or a structure that is not supported."""

    exit_code = 4


class OutputError(PufferEdgeError):
    """The output cannot be written, or would overwrite something that is not ours."""

    exit_code = 5


class VerificationError(PufferEdgeError):
    """The artefact does not do what its manifest says."""

    exit_code = 6


class ToolError(PufferEdgeError):
    """A compiler, an emulator or an interpreter cannot be started, or does not end in its time."""


class MissingDependencyError(PufferEdgeError):
    """An optional package or program is not installed; the hint is the command that installs it."""

    exit_code = 7


class UnconfirmedError(PufferEdgeError):
    """Under ``--strict``: something was assumed that the user has not confirmed.

    Attributes:
        codes: of the assumptions, as ``--accept`` takes them.
    """

    exit_code = 8

    def __init__(self, what: str, *, codes: tuple[str, ...] = (), where: str = "",
                 hint: str = "") -> None:
        self.codes = codes
        accept = ", ".join(map(repr, codes))
        super().__init__(what, where=where, hint=hint or (
            f"give the options that decide, or confirm with accept=[{accept}]"))


class StaleError(PufferEdgeError):
    """What another process should have written is missing or too old."""


class PolicyWarning(UserWarning):
    """From Python: what was assumed of a policy, or is doubtful; the command line prints it."""


class ProgramError(PufferEdgeError):
    """A Program is not well formed: a defect of a front end or pass, never of the user's file."""

    exit_code = 70
