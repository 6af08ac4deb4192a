# SPDX-License-Identifier: MIT
"""Plays a policy on a gymnasium environment: shared by the training scripts and evaluate.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import gymnasium
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

POLICIES = Path(__file__).parent / "policies"
TEST_SEED = 100_000  # training draws its seeds far below, so no start state is met twice
REFERENCE_STEPS = 300

Environment: TypeAlias = "gymnasium.Env[Any, Any]"


class Player(Protocol):
    """A policy that takes its most likely action."""

    def reset(self) -> None:
        """Forget the episode so far."""

    def step(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray | int]:
        """Give the network's raw float32 outputs and the action for one observation."""


class Sb3Player:
    """A PPO policy, with the observation statistics it was trained with if there are any."""

    def __init__(self, model: PPO, normalize: VecNormalize | None = None) -> None:
        self.model = model
        self.normalize = normalize

    def reset(self) -> None:
        """Do nothing: the policy has no memory."""

    def step(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray | int]:
        """Give ``action_net``'s outputs before any softmax or clip, and what SB3 would do."""
        if self.normalize is not None:
            observation = self.normalize.normalize_obs(observation)
        policy = self.model.policy
        with torch.no_grad():
            batch = policy.obs_to_tensor(observation)[0]
            features = policy.extract_features(batch, policy.pi_features_extractor)
            outputs = policy.action_net(policy.mlp_extractor.forward_actor(features))
        action, _ = self.model.predict(observation, deterministic=True)
        return outputs[0].numpy(), action if action.ndim else int(action)


@dataclass(frozen=True)
class Episode:
    """One episode: observations (T, n), outputs (T, k), actions (T,) or (T, a), the return."""

    observations: np.ndarray
    outputs: np.ndarray
    actions: np.ndarray
    total: float


def play(environment: Environment, player: Player, seed: int) -> Episode:
    """Play one greedy episode that starts from ``seed``."""
    observation, _ = environment.reset(seed=seed)
    player.reset()
    steps: list[tuple[np.ndarray, np.ndarray, np.ndarray | int]] = []
    total, done = 0.0, False
    while not done:
        outputs, action = player.step(observation)
        steps.append((observation, outputs, action))
        observation, reward, terminated, truncated, _ = environment.step(action)
        total += float(reward)
        done = terminated or truncated
    observations, outputs, actions = (np.stack(column) for column in zip(*steps, strict=True))
    return Episode(observations, outputs, actions, total)


def play_many(environment: Environment, player: Player, episodes: int) -> np.ndarray:
    """Returns of greedy episodes from the seeds TEST_SEED, TEST_SEED + 1 ..."""
    return np.array([play(environment, player, TEST_SEED + k).total for k in range(episodes)])


def confidence_interval(returns: np.ndarray, draws: int = 10_000) -> tuple[float, float]:
    """95 % percentile bootstrap of the mean (Efron 1979): returns are capped, so not normal."""
    index = np.random.default_rng(0).integers(len(returns), size=(draws, len(returns)))
    low, high = np.quantile(returns[index].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def print_table(rows: Sequence[tuple[str, str, np.ndarray]]) -> None:
    """Print policy, environment and returns, one row each."""
    table = Table("policy", "environment", "episodes", "mean return", "95 % CI", "min", "max")
    for name, environment, returns in rows:
        low, high = confidence_interval(returns)
        table.add_row(name, environment, str(len(returns)), f"{returns.mean():.1f}",
                      f"{low:.1f} .. {high:.1f}", f"{returns.min():.1f}", f"{returns.max():.1f}")
    Console(width=100).print(table)


def accept(name: str, make: Callable[[], Environment], player: Player, threshold: float) -> None:
    """Print the returns of 20 episodes; write the reference file, or stop below the threshold.

    Raises:
        SystemExit: the policy plays worse than promised; nothing is written.
    """
    environment = make()
    returns = play_many(environment, player, 20)
    print_table([(name, environment.spec.id if environment.spec else "", returns)])
    if returns.mean() < threshold:
        raise SystemExit(f"{name}: mean return {returns.mean():.1f}, {threshold} was wanted")
    episode = play(environment, player, TEST_SEED)
    head = slice(REFERENCE_STEPS)
    POLICIES.mkdir(exist_ok=True)
    np.savez_compressed(POLICIES / f"{name}_reference.npz",
                        observations=episode.observations[head].astype(np.float32),
                        logits=episode.outputs[head], actions=episode.actions[head])
