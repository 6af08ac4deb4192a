# SPDX-License-Identifier: MIT
"""The hash of a contract: equal where two contracts compute the same of the same robot."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import numpy as np

from puffer_edge.robot.contract import RobotContract


def plain(contract: RobotContract) -> dict[str, object]:
    """All that a contract says, as JSON holds it."""
    return json.loads(json.dumps(asdict(contract)))  # type: ignore[no-any-return]


def identity(contract: RobotContract) -> str:
    """SHA-256 of what is computed, in hexadecimal; names for readers and units do not count.

    Numbers count as float32, which is what they are computed with.
    """
    said = plain(contract)
    del said["name"]
    for term in said["observation"]:  # type: ignore[attr-defined]
        del term["unit"]
    text = json.dumps(_rounded(said), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return str(np.float32(value)) if isinstance(value, float) else value
