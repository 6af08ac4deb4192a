# SPDX-License-Identifier: MIT
"""One verifier per kind of artefact, behind one table: whatever does not fit is refused here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from puffer_edge.errors import UsageError
from puffer_edge.targets import Platform, Target, find_exported
from puffer_edge.verification.verifiers.c import C
from puffer_edge.verification.verifiers.microbit import MicroBit
from puffer_edge.verification.verifiers.micropython import MicroPython
from puffer_edge.verification.verifiers.model_file import ModelFile
from puffer_edge.verification.verifiers.rpi import RaspberryPi
from puffer_edge.verification.verifiers.verifier import Verifier

VERIFIERS: tuple[Verifier, ...] = (MicroBit(), MicroPython(), RaspberryPi(), ModelFile(), C())
"""The first that knows an artefact verifies it."""

DEMANDS = ("min_agreement", "max_error")


def look_up(manifest: Mapping[str, Any], target: str, options: Mapping[str, Any]
            ) -> tuple[Verifier, Platform]:
    """What verifies an artefact, and for which core.

    Args:
        manifest: of the artefact.
        target: that the user gave; empty for the one exported for.
        options: of ``verify``, those that the user gave.

    Raises:
        UsageError: the artefact is of no kind that is known, or not for that target, or an option
            is of no use for its kind.
    """
    made_for = find_exported(manifest["target"])
    verifier = next(each for each in VERIFIERS if each.knows(manifest))
    wanted = find_exported(target) if target else made_for
    if wanted.name not in verifier.cores(manifest):
        raise UsageError(f"the artefact was exported for {made_for.name}, not for {wanted.name}",
                         hint=f"export the policy with --target {wanted.name}")
    useless = [name for name in options if name not in verifier.takes]
    if useless:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in useless)
        raise UsageError(f"{verifier.title} takes no {flags}: {verifier.why_not(useless[0])}",
                         hint="leave it out")
    if "emulator" in options and isinstance(wanted, Target) and wanted.isa == "host":
        raise UsageError("nothing is emulated for this computer", hint="leave out --emulator")
    if manifest["scheme"] == "float32" and (more := [x for x in DEMANDS if x in options]):
        raise UsageError(f"--{more[0].replace('_', '-')} is for policies with rounded weights; one "
                         "in float32 gives the same numbers or fails", hint="leave it out")
    if not re.fullmatch("-O([0-3sgz]|fast)", options.get("optimize", "-O2")):
        raise UsageError(f"{options['optimize']!r} is no optimisation flag",
                         hint="give -O2, -O3, -Os...")
    return verifier, wanted
