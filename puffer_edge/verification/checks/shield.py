# SPDX-License-Identifier: MIT
"""Whether a shield acts within the steps that it promises, and on clean observations never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array32
from puffer_edge.artefact.opening import Subject
from puffer_edge.errors import FileFormatError
from puffer_edge.ir import Program
from puffer_edge.quantization.recording import Recording
from puffer_edge.readers.npz import read_npz
from puffer_edge.shield.describing import read_described
from puffer_edge.shield.holding_back import FILE
from puffer_edge.shield.shield import FAULTS, Shield
from puffer_edge.verification import exchanging
from puffer_edge.verification.emulators.machine import Machine
from puffer_edge.verification.faults import Acted, inject, judge, kinds, place, regular
from puffer_edge.verification.report import Report
from puffer_edge.verification.shielded import Steps, oracle

ON_A_COMPUTER, ON_A_CORE = 50, 5
"""Trials of each kind."""
CLEAN_STEPS = 2000
SELDOM = 1e-2
"""A shield that reacts to more of the clean steps is of no use."""


@dataclass(frozen=True)
class Shielding:
    """What is checked: the artefact's Program, its shield, and clean observations."""

    program: Program
    shield: Shield
    clean: Recording


def read_shielding(subject: Subject, program: Program) -> Shielding | None:
    """The shield of an artefact and what is known to be clean, if it has a shield.

    Raises:
        FileFormatError: what lies there does not fit the policy.
    """
    shield = read_described(subject.manifest, program)
    if shield is None:
        return None
    if FILE not in subject.manifest["files"]:
        rows = _within(shield, subject.vectors.observations[:32])
        return Shielding(program, shield, Recording(rows, np.arange(len(rows)) == 0))
    path = subject.directory / FILE
    arrays = read_npz(path, "the shield's clean observations", "export the policy again")
    seen, reset = arrays.get("observations"), arrays.get("reset")
    size = program.contract.observation_size
    if (seen is None or reset is None or seen.ndim != 2 or seen.shape[1] != size or not len(seen)
            or reset.shape != seen.shape[:1] or not np.isfinite(seen).all()):
        raise FileFormatError("the clean observations do not fit the policy", where=str(path),
                              hint="export the policy again")
    return Shielding(program, shield, Recording(seen.astype(np.float32), reset.astype(bool)))


def _within(shield: Shield, rows: Array32) -> Array32:
    """Made-up observations, kept in the shield's range."""
    return np.clip(rows, np.array(shield.guard.low, np.float32),
                   np.array(shield.guard.high, np.float32))


def check_faults(what: Shielding, machine: Machine, where: str, trials: int, report: Report
                 ) -> list[Acted]:
    """Faults of each kind at random steps: the oracle's bits, and each found in time."""
    random, found, equal = np.random.default_rng(0), [], True
    clean = _within(what.shield, what.clean.observations)
    for kind in kinds(what.shield):
        fed = inject(what.shield, kind, clean, trials, random)
        stepped = _run(machine, fed)
        equal &= stepped == oracle(what.program, what.shield, fed)
        bits, counts = zip(*(_found(step, place(kind)) for step in stepped), strict=True)
        found.append(judge(kind, bits, counts))
    report.check(f"the shield on {where} has the bits of the oracle", equal,
                 f"actions, faults, counters and tokens of {trials} faults of each kind")
    report.check(
        f"the shield on {where} acts in time", all(each.found == each.trials for each in found),
        "; ".join(f"{each.kind.name}: {each.found} of {each.trials} within {each.kind.within} "
                  f"step{'s' * (each.kind.within > 1)}" for each in found))
    return found


def check_clean(what: Shielding, machine: Machine, where: str, report: Report) -> int:
    """Clean observations in good time: how many steps are reacted to."""
    seen, reset = (each[:CLEAN_STEPS] for each in (what.clean.observations, what.clean.reset))
    now = np.cumsum(regular(what.shield, len(seen), np.random.default_rng(0))) % 2**32
    bits = [_found(step, 0)[0] for step in _run(machine, Steps(seen, now, now, now, reset))]
    acted = sum(bit != 0 for bit in bits)
    kinds_of = [name for i, name in enumerate(FAULTS) if any(bit >> i & 1 for bit in bits)]
    report.check(f"the shield on {where} leaves clean observations alone",
                 acted <= SELDOM * len(bits),
                 f"it acts in {acted:,} of {len(bits):,} recorded steps"
                 + (f", for {', '.join(kinds_of)}" if kinds_of else ""))
    return acted


def check_likelihood(what: Shielding, report: Report) -> dict[str, Any]:
    """Which exchanged elements are told; nothing without a likelihood."""
    line = what.shield.likelihood
    if line is None:
        return {}
    alarms = exchanging.false_alarms(what.program, line, what.clean)
    found = exchanging.pairs(what.program, line, what.clean)
    steps = len(what.clean.observations)
    report.check("unlikely observations are told", alarms <= SELDOM * steps,
                 f"{alarms:,} of {steps:,} clean steps are called unlikely; "
                 f"{exchanging.in_words(found)}")
    return {"steps": steps, "alarms": alarms, "within": exchanging.WITHIN,
            "pairs": exchanging.plain(found)}


def _run(machine: Machine, fed: Steps) -> list[bytes]:
    resets = frozenset(int(i) for i in np.flatnonzero(fed.reset))
    return [step.action for step in machine.run(fed.records(), resets)]


def _found(step: bytes, counter: int) -> tuple[int, int]:
    """Of ``shielded_action_t``, what was reacted to, and a counter."""
    found = np.frombuffer(step, "<u4")[-(2 + len(FAULTS)):]
    return int(found[0]), int(found[2 + counter])


def as_table(found: Sequence[Acted]) -> list[dict[str, Any]]:
    """As JSON has it."""
    return [{"kind": each.kind.name, "trials": each.trials, "found": each.found,
             "within": each.kind.within, "slowest": each.slowest} for each in found]
