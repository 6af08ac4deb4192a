# SPDX-License-Identifier: MIT
"""Names that a file chose, made fit for messages and for the contract."""

from __future__ import annotations

import keyword
import re

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")


def is_identifier(name: str) -> bool:
    """Whether a name can stand as a field of the contract."""
    return bool(_IDENTIFIER.fullmatch(name)) and not keyword.iskeyword(name)


def normalised(name: str) -> str:
    """Lower case words joined by one underscore each: ``/actor/Mean`` becomes ``actor_mean``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
