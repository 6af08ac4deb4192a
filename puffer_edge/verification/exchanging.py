# SPDX-License-Identifier: MIT
"""Which pairs of exchanged elements of an observation a shield's likelihood tells, and how soon."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from puffer_edge.ir import Program
from puffer_edge.quantization.recording import Recording
from puffer_edge.shield.novelty import advance, step_scores, sums, values_of
from puffer_edge.shield.shield import NOVELTY, Likelihood

WITHIN = 200
"""Steps in which a pair is told, or is not."""
PAIRS = 66
"""Of more, a part."""
TOLD = 0.5
"""Pairs that are told less often cannot be told apart."""


@dataclass(frozen=True)
class Pair:
    """Two elements that were exchanged.

    Attributes:
        elements: which.
        rate: part of the beginnings from which it was told within ``WITHIN`` steps.
        delay: steps, in the middle of these; 0 where it never was.
    """

    elements: tuple[int, int]
    rate: float
    delay: int

    @property
    def told(self) -> bool:
        """More often than not."""
        return self.rate >= TOLD


def pairs(program: Program, line: Likelihood, clean: Recording, beginnings: int = 100, seed: int = 0
          ) -> list[Pair]:
    """Of every pair, from random steps of the recording on."""
    size = clean.observations.shape[1]
    listed = list(combinations(range(size), 2))
    chosen = [listed[k] for k in np.unique(np.linspace(
        0, len(listed) - 1, min(len(listed), PAIRS)).astype(int))] if listed else []
    starts = np.random.default_rng(seed).integers(
        0, max(len(clean.observations) - WITHIN, 1), beginnings)
    return [_pair(program, line, clean, pair, starts.tolist()) for pair in chosen]


def _pair(program: Program, line: Likelihood, clean: Recording, pair: tuple[int, int],
          starts: list[int]) -> Pair:
    other = clean.observations.copy()
    other[:, list(pair)] = other[:, list(pair)[::-1]]
    scores = step_scores(_novelty(program, Recording(other, clean.reset)))
    delays = []
    for start in starts:
        total = 0
        for i in range(start, min(start + WITHIN, len(scores))):
            total = advance(0 if clean.reset[i] else total, int(scores[i]), line.allowance,
                            line.threshold)
            if total > line.threshold:
                delays.append(i - start + 1)
                break
    return Pair(pair, len(delays) / len(starts), int(np.median(delays)) if delays else 0)


def false_alarms(program: Program, line: Likelihood, clean: Recording) -> int:
    """Steps of a recording that are called unlikely."""
    total = sums(step_scores(_novelty(program, clean)), clean.reset, line.allowance, line.threshold)
    return int((total > line.threshold).sum())


def _novelty(program: Program, recording: Recording) -> Any:
    name = program.outputs[program.output_names.index(NOVELTY)]
    return values_of(program, name, recording)


def in_words(found: list[Pair]) -> str:
    """What was told, and which were not."""
    told = [pair for pair in found if pair.told]
    slowest = max((pair.delay for pair in told), default=0)
    rest = ", ".join(f"{a} and {b}" for a, b in (
        pair.elements for pair in found if not pair.told))
    return (f"{len(told)} of {len(found)} pairs of exchanged elements are told, in the middle "
            f"within {slowest} steps" + (f"; not to be told apart: {rest}" if rest else ""))


def plain(found: list[Pair]) -> list[dict[str, Any]]:
    """As JSON has it."""
    return [{**asdict(pair), "elements": list(pair.elements), "told": pair.told} for pair in found]
