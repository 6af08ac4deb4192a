# SPDX-License-Identifier: MIT
"""Bounds the time that one file can take."""

from __future__ import annotations

import time

from puffer_edge.errors import FileFormatError

LIMIT = 10.0
"""Seconds; a file of a thousand lines takes some hundredths of one."""
TICKS = 256
"""Steps of the analysis between two looks at the clock."""


class Clock:
    """Counts steps, and raises when they have taken too long since :meth:`start`.

    Args:
        limit: seconds of the processor; on a busy machine a file takes longer.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self.limit = limit
        self.start("")

    def start(self, path: str) -> None:
        """Begins with a file."""
        self._path = path
        self._ticks = 0
        self._end = time.process_time() + self.limit

    def tick(self) -> None:
        """One step.

        Raises:
            FileFormatError: the time is over.
        """
        self._ticks += 1
        if self._ticks % TICKS == 0 and time.process_time() > self._end:
            raise FileFormatError(f"takes more than {self.limit:g} s to check", where=self._path,
                                  hint="split the file, or exclude it")
