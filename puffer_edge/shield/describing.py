# SPDX-License-Identifier: MIT
"""A shield as ``policy.json`` has it under the key ``shield``, to and fro."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puffer_edge.errors import FileFormatError
from puffer_edge.ir import Program
from puffer_edge.shield.checking import decoded
from puffer_edge.shield.shield import FAULTS, Shield, identity, plain
from puffer_edge.shield.showing import rows

KEY = "shield"


def described(shield: Shield | None) -> dict[str, Any]:
    """The entry of a manifest; none without a shield."""
    if shield is None:
        return {}
    return {KEY: {"hash": identity(shield), "faults": list(FAULTS), "words": rows(shield),
                  "numbers": plain(shield)}}


def read_described(manifest: Mapping[str, Any], program: Program) -> Shield | None:
    """The shield of an artefact, if it has one.

    Raises:
        FileFormatError: what stands there is none, or does not fit the policy.
    """
    if KEY not in manifest:
        return None
    found = manifest[KEY]
    if not isinstance(found, Mapping):
        raise FileFormatError("holds no shield", where="policy.json")
    shield = decoded(found.get("numbers"), program, "policy.json")
    if found.get("hash") != identity(shield):
        raise FileFormatError("the shield is not the one that the artefact was exported with",
                              where="policy.json")
    return shield
