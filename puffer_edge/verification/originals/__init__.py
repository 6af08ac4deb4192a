# SPDX-License-Identifier: MIT
"""The second readers: whatever owns a policy's format runs the original beside the Program.

The oracle is made by our reader, so it cannot see a misreading. Here the library that owns a format
(``owners.OWNERS``, a file each) runs the file in a child process with limits; what it gives is
compared with the Program before sampling and before argmax. A crash there is a result, not an end.
"""

from __future__ import annotations

from puffer_edge.verification.originals.judging import SecondReading, mode_of, read_again

__all__ = ["SecondReading", "mode_of", "read_again"]
