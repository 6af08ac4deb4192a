# SPDX-License-Identifier: MIT
"""Batches of what was played: single steps, or windows of steps where a policy remembers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.fitting.fake_quantization import FakeQuantization
from puffer_edge.fitting.losses import Distance
from puffer_edge.fitting.network import Network
from puffer_edge.quantization.recording import Recording

SIZE = 256
WINDOW, WINDOWS = 32, 32
"""Steps of a window, and windows of a batch."""
FORGOTTEN = 4
"""Steps of a window that does not begin with its episode which only fill the state."""


class Batches:
    """Draws batches.

    Args:
        recordings: all that was played.
        labels: what the teacher said to each, [T, width].
        remembers: the policy has a state.
        seed: of the draws.
    """

    def __init__(self, recordings: Sequence[Recording], labels: Sequence[Array], remembers: bool,
                 seed: int) -> None:
        self._observations = np.concatenate([each.observations for each in recordings])
        self._labels = np.concatenate(labels).astype(np.float32)
        self._random = np.random.default_rng(seed)
        self._remembers = remembers
        if remembers:
            self._windows = np.array([
                (start, end, fresh) for start, end, fresh in _windows(recordings)])

    def loss(self, network: Network, distance: Distance, fake: FakeQuantization | None) -> Any:
        """The distance over a batch, of torch."""
        import torch

        if not self._remembers:
            rows = self._random.integers(len(self._labels), size=SIZE)
            found, *_ = network.step(self._observations[rows], {}, fake)
            return distance(found, torch.from_numpy(self._labels[rows]))
        chosen = self._windows[self._random.integers(len(self._windows), size=WINDOWS)]
        state, total = network.fresh(len(chosen)), torch.zeros(())
        integers = fake.initial(len(chosen)) if fake is not None else {}
        for step in range(WINDOW):
            rows = np.minimum(chosen[:, 0] + step, chosen[:, 1] - 1)
            live = (chosen[:, 0] + step < chosen[:, 1]) & (
                (chosen[:, 2] == 1) | (step >= FORGOTTEN))
            found, state, integers = network.step(self._observations[rows], state, fake, integers)
            if live.any():
                total = total + distance(found[live], torch.from_numpy(
                    self._labels[rows[live]])) * float(live.mean())
        return total / WINDOW


def _windows(recordings: Sequence[Recording]) -> list[tuple[int, int, int]]:
    """Start and end of every window, and whether its episode begins there."""
    found, before = [], 0
    for recording in recordings:
        length = len(recording.observations)
        starts = np.flatnonzero(recording.reset)
        for start, end in zip(starts, np.append(starts[1:], length), strict=True):
            found += [(before + place, before + min(place + WINDOW, end), int(place == start))
                      for place in range(int(start), int(end), WINDOW // 2)]
        before += length
    return found
