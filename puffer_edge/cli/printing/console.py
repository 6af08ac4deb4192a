# SPDX-License-Identifier: MIT
"""The terminal: what is printed goes through here; the only file that knows rich's console."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)

from puffer_edge.errors import PufferEdgeError
from puffer_edge.progress import Part, nobody

COLOURS = {"passed": "green", "failed": "bold red", "not checked": "yellow",
           "not judged": "bold yellow",
           "assumed": "yellow", "warning": "bold yellow", "dropped": "cyan", "folded": "cyan",
           "stated": "cyan", "quantised": "green"}
_LAST = ("assumed", "warning")
"""Kinds of notes that can be dangerous: printed after the others, the worst last."""


class _Patient(Console):
    """A console whose reader may go: what ``head`` does not want is nobody's failure."""

    def on_broken_pipe(self) -> None:
        _to_nowhere(self.file)


_console = _Patient(highlight=False)
_errors = _Patient(stderr=True, highlight=False)


def say(what: Any = "", *, soft_wrap: bool = False, width: int | None = None) -> None:
    """Prints text in rich's markup, or a table."""
    with _while_somebody_reads():
        if width is not None:
            width = min(width, _console.width)
        _console.print(what, soft_wrap=soft_wrap, width=width)


def say_plain(text: str) -> None:
    """Prints text as it is, for machines."""
    with _while_somebody_reads():
        print(text, flush=True)


def say_json(data: Any) -> None:
    """Prints data for machines."""
    say_plain(json.dumps(data, indent=2))


def say_aside(text: str) -> None:
    """A line about a file, to who looks at the terminal; standard output is for the result."""
    with _while_somebody_reads():
        _errors.print(escape(text), soft_wrap=True)


def flush() -> None:
    """Empties the buffers: an interpreter that ends while nobody reads would fail."""
    for stream in sys.stdout, sys.stderr:
        try:
            stream.flush()
        except BrokenPipeError:
            _to_nowhere(stream)
        except (OSError, ValueError):
            pass


def _to_nowhere(stream: Any) -> None:
    """What nobody reads is dropped; the exit code is the verdict's all the same."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextmanager
def _while_somebody_reads() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _to_nowhere(sys.stdout)


@contextmanager
def working(title: str, *, quiet: bool, lines: bool = False) -> Iterator[Callable[[str], None]]:
    """A spinner on stderr while something runs; yields a function that says what is being done.

    What also counts (``progress.Part``) has a bar and the time left. With ``lines`` each of its
    words is a line instead; where nobody looks at a terminal, nothing is said.
    """
    if quiet or not (lines or _errors.is_terminal):
        yield nobody
        return
    if lines:
        yield lambda text: _errors.print(escape(text), soft_wrap=True)
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), _Bar(), _Left(),
                  console=_errors, transient=True) as shown:
        task = shown.add_task(escape(title), total=None)

        def tell(text: str) -> None:
            """A new kind of work starts its own clock."""
            if not isinstance(text, Part):
                shown.reset(task, total=None, description=escape(f"{title}: {text}"))
                return
            words = escape(f"{title}: {text.text}")
            if shown.tasks[task].description != words or shown.tasks[task].total != text.total:
                shown.reset(task, total=text.total, description=words)
            shown.update(task, completed=text.done)

        yield tell


class _Bar(BarColumn):
    """A bar of what counts."""

    def render(self, task: Task) -> Any:
        return super().render(task) if task.total else ""


class _Left(TimeRemainingColumn):
    """The time left of what counts."""

    def render(self, task: Task) -> Any:
        return super().render(task) if task.total else ""


def failed(error: PufferEdgeError) -> None:
    """Prints an error: where, what, and what to do."""
    where = f"{error.where}: " if error.where else ""
    _errors.print(f"[bold red]error:[/] {escape(where + error.what)}", soft_wrap=True)
    if error.hint:
        _errors.print(f"[bold]hint:[/]  {escape(error.hint)}", soft_wrap=True)


def notes(found: Sequence[Mapping[str, Any]]) -> None:
    """Facts first, then what is assumed, then warnings; an assumption with its code."""
    def danger(note: Mapping[str, Any]) -> int:
        return -1 if note.get("accepted") or note["kind"] not in _LAST else _LAST.index(
            note["kind"])

    for note in sorted(found, key=danger):
        kind, code = note["kind"], escape(f" [{note['code']}]") if note.get("code") else ""
        colour = "green" if note.get("accepted") else COLOURS[kind]
        kind = "accepted" if note.get("accepted") else kind
        say(f"[{colour}]{kind}{code}[/]: {escape(note['text'])}", soft_wrap=True)
