# SPDX-License-Identifier: MIT
"""A limit on how long a child process may take to answer, on every operating system."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, TypeVar

from puffer_edge.processes import patience

T = TypeVar("T")


class Watchdog:
    """Kills a process that does not answer in time, which ends the read that waits for it.

    Args:
        process: the child.
        seconds: the time for one answer on an idle computer; see ``processes.patience``.

    Attributes:
        bitten: the process was killed.
    """

    def __init__(self, process: subprocess.Popen[Any], seconds: float) -> None:
        self._process = process
        self._seconds = seconds
        self.bitten = False

    def guard(self, read: Callable[[], T]) -> T:
        """What ``read`` returns; after a kill, what it could still read."""
        answered = Event()
        Thread(target=self._wait, args=(answered,), daemon=True).start()
        try:
            return read()
        finally:
            answered.set()

    def _wait(self, answered: Event) -> None:
        start = time.monotonic()
        while not answered.is_set():
            left = start + patience(self._seconds) - time.monotonic()
            if left <= 0:
                self.bitten = True
                self._process.kill()
                return
            answered.wait(left)
