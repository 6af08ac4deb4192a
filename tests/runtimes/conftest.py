# SPDX-License-Identifier: MIT
"""What tests of shared memory share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

SEGMENTS = Path("/dev/shm")


@pytest.fixture
def name() -> Iterator[str]:
    """Of a segment that nobody has; it is gone afterwards."""
    found = f"pe_{uuid.uuid4().hex[:20]}"
    yield found
    if SEGMENTS.is_dir():
        (SEGMENTS / found).unlink(missing_ok=True)
