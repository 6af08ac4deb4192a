# SPDX-License-Identifier: MIT
"""The trainer that uses torch: behaviour cloning, DAgger, and quantisation-aware updates."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import MissingDependencyError
from puffer_edge.exporters.request import silent
from puffer_edge.fitting.batches import Batches
from puffer_edge.fitting.fake_quantization import FakeQuantization
from puffer_edge.fitting.losses import Distance
from puffer_edge.fitting.network import Network
from puffer_edge.fitting.practice import Practice, label
from puffer_edge.fitting.seeds import practice_seeds
from puffer_edge.fitting.students import untrained
from puffer_edge.fitting.trainer import Effort, Made
from puffer_edge.ir import Program
from puffer_edge.quantization.recording import Recording

RATE, LAST = 3e-3, 0.05
"""Learning rate of Adam at the beginning, and the part of it that is left at the end (cosine)."""
QUANTISED_RATE = 1e-3
RECALIBRATED = 100
"""Updates between two calibrations."""
CALIBRATING = 4000
"""Steps of the recording that is kept for the export; half of them calibrate."""


@dataclass(frozen=True)
class TorchTrainer:
    """Distils in torch, with one thread, so that the same seed gives the same weights.

    Attributes:
        progress: is told what is being done.
    """

    progress: Callable[[str], None] = silent

    def __post_init__(self) -> None:
        if importlib.util.find_spec("torch") is None:
            raise MissingDependencyError("students are trained in torch",
                                         hint="pip install 'puffer-edge[fit]'")

    def fit(self, teacher: Program, env: Practice | Recording, budget: Effort) -> Made:
        """See :meth:`Trainer.fit`."""
        student = untrained(teacher, budget.candidate, budget.seed)
        if isinstance(env, Recording):
            return self._distilled(student, teacher, [env], budget)
        recordings = [self._played(teacher, env, budget, 0)]
        network = Network(student, recordings[0].observations)
        labels = [label(teacher, recordings[0])]
        for number in range(budget.rounds + 1):
            self.progress(f"{budget.candidate.name}: round {number}")
            self._train(network, recordings, labels, budget, number)
            if number < budget.rounds:
                recordings.append(self._played(network.program(), env, budget, number + 1))
                labels.append(label(teacher, recordings[-1]))
        return self._finished(network, recordings, labels, budget)

    def finetune(self, policy: Program, env: Practice, budget: Effort) -> Made:
        """See :meth:`Trainer.finetune`: PPO of Stable-Baselines3."""
        from puffer_edge.fitting.ppo import finetuned

        program = finetuned(policy, env, budget, self.progress)
        return Made(program, self._played(program, env, budget, 0), words="trained on by PPO")

    def tune(self, policy: Program, env: Practice, budget: Effort) -> Made:
        """The policy's own weights, trained on in integers to act as it does in float.

        For a policy that loses where its weights are rounded, such as one of Q-values that hardly
        differ.

        Args:
            policy: in float; made of ops that torch differentiates.
            env: where it acts.
            budget: the scheme, and ``quantised`` updates.
        """
        recording = self._played(policy, env, budget, 0)
        return self._finished(Network(policy, recording.observations), [recording],
                              [label(policy, recording)], budget)

    def _distilled(self, student: Program, teacher: Program, recordings: Sequence[Recording],
                   budget: Effort) -> Made:
        """By recorded data alone."""
        network = Network(student, recordings[0].observations)
        labels = [label(teacher, each) for each in recordings]
        self._train(network, recordings, labels, budget, 0)
        return self._finished(network, recordings, labels, budget)

    def _played(self, program: Program, env: Practice, budget: Effort, number: int) -> Recording:
        seeds = practice_seeds(budget.seed, number)
        found = env.play(program, seeds, keep=True, steps=budget.steps).recording
        assert found is not None
        return found

    def _train(self, network: Network, recordings: Sequence[Recording], labels: Sequence[Array],
               budget: Effort, number: int) -> None:
        batches = Batches(recordings, labels, bool(network.base.states), budget.seed + number)
        distance = Distance(network.base.contract, np.concatenate(labels))
        self._update(network, batches, distance, budget.updates, RATE if not number else RATE / 2,
                     None)

    def _finished(self, network: Network, recordings: Sequence[Recording],
                  labels: Sequence[Array], budget: Effort) -> Made:
        """With its last updates in integers, where its scheme has some."""
        last = recordings[-1]
        kept = Recording(last.observations[:CALIBRATING], last.reset[:CALIBRATING])
        if not budget.candidate.integers or not budget.quantised:
            return Made(network.program(), kept, words="distilled")
        self.progress(f"{budget.candidate.name}: in integers")
        batches = Batches(recordings, labels, bool(network.base.states), budget.seed + 1000)
        distance = Distance(network.base.contract, np.concatenate(labels))
        self._update(network, batches, distance, budget.quantised, QUANTISED_RATE,
                     FakeQuantization(budget.candidate, kept))
        return Made(network.program(), kept, nearest=True,
                    words="distilled, its last updates in integers")

    def _update(self, network: Network, batches: Batches, distance: Distance, updates: int,
                rate: float, fake: FakeQuantization | None) -> None:
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # more threads add sums in another order
        optimiser = torch.optim.Adam(network.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda update: (
            LAST + (1 - LAST) * 0.5 * (1 + np.cos(np.pi * update / max(updates, 1)))))
        try:
            for update in range(updates):
                if fake is not None:
                    program = network.program()
                    if update % RECALIBRATED == 0:
                        fake.calibrate(program)
                    fake.requantize(program)
                loss = batches.loss(network, distance, fake)
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
                schedule.step()
        finally:
            torch.set_num_threads(threads)
