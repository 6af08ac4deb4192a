# SPDX-License-Identifier: MIT
"""Runs targets on input after input and collects what should not have happened."""

from __future__ import annotations

import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from puffer_edge.errors import ProgramError, PufferEdgeError
from tests.readers.forging import limited_memory

SECONDS, MEMORY = 5.0, 1 << 30
"""Of processor time and address space that one input may take."""
MAX_FAILURES = 10

Target = Callable[[Random, Path], object]
"""Writes an input that the generator chooses into the folder, and reads it."""


@dataclass
class Outcome:
    """What came of the inputs of a target.

    Attributes:
        read, refused, failed: inputs that were taken, that gave one of our errors, and that did
            what no input may.
        slowest: seconds of processor time.
        failures: number of the input, and what happened; only one of each kind.
    """

    read: int = 0
    refused: int = 0
    failed: int = 0
    slowest: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> int:
        return self.read + self.refused + self.failed


class TooLongError(BaseException):
    """No Exception, so that nothing but the engine takes it."""


@contextmanager
def limited_time() -> Iterator[None]:
    """Ends the block after :data:`SECONDS` of processor time."""
    def stop(*_: Any) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def run_one(name: str, target: Target, seed: int, number: int, folder: Path,
            outcome: Outcome) -> None:
    """One input; target, seed and number decide which."""
    start = time.process_time()
    try:
        with limited_memory(MEMORY), limited_time():
            target(Random(f"{name}/{seed}/{number}"), folder)
        outcome.read += 1
    except ProgramError as error:
        _failed(outcome, number, error)
    except PufferEdgeError as error:
        if any(ord(letter) < 32 and letter != "\n" for letter in str(error)):
            _failed(outcome, number, error)
        else:
            outcome.refused += 1
    except (Exception, TooLongError) as error:
        _failed(outcome, number, error)
    outcome.slowest = max(outcome.slowest, time.process_time() - start)


def _failed(outcome: Outcome, number: int, error: BaseException) -> None:
    outcome.failed += 1
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
    outcome.failures.setdefault(place, f"input {number}: {place}: {str(error)[:200]}")


def run(name: str, target: Target, *, seed: int, folder: Path, seconds: float = 0,
        inputs: int | None = None) -> Outcome:
    """As many inputs as the time allows, or a number of them, or until many fail differently."""
    outcome, number = Outcome(), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_one(name, target, seed, -1, folder, Outcome())  # makes what it changes, imports
        end = time.monotonic() + seconds
        while len(outcome.failures) < MAX_FAILURES and (
                number < inputs if inputs is not None else time.monotonic() < end or not number):
            run_one(name, target, seed, number, folder, outcome)
            number += 1
    return outcome
