"""A limit on how long a child process may take to answer, on every operating system."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from threading import Timer
from typing import Any, TypeVar

T = TypeVar("T")


class Watchdog:
    """Kills a process that does not answer in time, which ends the read that waits for it.

    Args:
        process: the child.
        seconds: the time for one answer.

    Attributes:
        bitten: the process was killed.
    """

    def __init__(self, process: subprocess.Popen[Any], seconds: float) -> None:
        self._process = process
        self._seconds = seconds
        self.bitten = False

    def guard(self, read: Callable[[], T]) -> T:
        """What ``read`` returns; after a kill, what it could still read."""
        timer = Timer(self._seconds, self._bite)
        timer.daemon = True
        timer.start()
        try:
            return read()
        finally:
            timer.cancel()

    def _bite(self) -> None:
        self.bitten = True
        self._process.kill()
