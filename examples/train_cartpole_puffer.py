# SPDX-License-Identifier: MIT
"""Train a recurrent policy in PufferLib 3.0's format on CartPole-v1 without velocities.

Run it as ``nice python examples/train_cartpole_puffer.py`` after train_cartpole_sb3.py; it takes
three minutes.

The policy sees only the positions of cart and pole, so it has to remember in order to know how
they move. It is taught by DAgger (Ross, Gordon, Bagnell 2011): it plays, the Stable-Baselines3
policy, which does see the velocities, says what it would do in every state met, and the network
is fitted to all the advice so far.
"""

from __future__ import annotations

import gymnasium
import numpy as np
import torch
from gymnasium.wrappers import TransformObservation
from playing import POLICIES, Environment, accept
from stable_baselines3 import PPO
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

NAME = "cartpole_puffer_lstm"
HIDDEN = 32
POSITIONS = [0, 2]  # of [cart position, its velocity, pole angle, its velocity]
ROUNDS, EPISODES, UPDATES, BATCH = 12, 32, 500, 32
LEARNING_RATE = 5e-3
MISTAKES = 0.3  # largest share of random actions in an episode: they lead to states worth advice
SCALE = torch.tensor([1.0, 1.0, 5.0, 1.0])  # makes the four parts of an observation alike in size
HORIZON = 500  # steps after which CartPole-v1 ends an episode

State = tuple[Tensor, Tensor]
Batch = tuple[Tensor, ...]  # states (B, T, 4), advice (B, T, 2), values (B, T), mask (B, T)


class Default(nn.Module):
    """Encoder and heads, with the key names of pufferlib.models.Default."""

    def __init__(self, observations: int, actions: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(observations, HIDDEN), nn.GELU())
        self.decoder = nn.Linear(HIDDEN, actions)
        self.value = nn.Linear(HIDDEN, 1)


class LSTMWrapper(nn.Module):
    """A recurrent policy, with the key names of pufferlib.models.LSTMWrapper."""

    def __init__(self, policy: Default) -> None:
        super().__init__()
        self.policy = policy
        self.lstm = nn.LSTM(HIDDEN, HIDDEN, batch_first=True)
        self.cell = nn.LSTMCell(HIDDEN, HIDDEN)  # for single steps; the same parameters
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            setattr(self.cell, name, getattr(self.lstm, f"{name}_l0"))

    def remember(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Whole episodes (B, T, n) to hidden states (B, T, HIDDEN) and the last cell state."""
        hidden, (_, cell) = self.lstm(self.policy.encoder(observations))
        return hidden, cell

    def forward_eval(self, observations: Tensor, state: State | None) -> tuple[Tensor, State]:
        """One step (B, n) to logits (B, k) and the next state."""
        hidden, cell = self.cell(self.policy.encoder(observations), state)
        return self.policy.decoder(hidden), (hidden, cell)


class PufferPlayer:
    """A recurrent policy that takes its most likely action; zero state at each episode's start."""

    def __init__(self, network: LSTMWrapper) -> None:
        self.network = network
        self.state: State | None = None

    def reset(self) -> None:
        """Forget the episode so far."""
        self.state = None

    @torch.no_grad()
    def step(self, observation: np.ndarray) -> tuple[np.ndarray, int]:
        """Give the logits and the action for one observation."""
        batch = torch.as_tensor(observation)[None]
        logits, self.state = self.network.forward_eval(batch, self.state)
        return logits[0].numpy(), int(logits.argmax())


def make_environment() -> Environment:
    """CartPole-v1 whose observation is [cart position, pole angle]."""
    environment = gymnasium.make("CartPole-v1")
    space = environment.observation_space
    assert isinstance(space, gymnasium.spaces.Box)
    positions = gymnasium.spaces.Box(space.low[POSITIONS], space.high[POSITIONS])
    return TransformObservation(environment, lambda full: full[POSITIONS], positions)


@torch.no_grad()
def collect(expert: PPO, network: LSTMWrapper | None, seed: int) -> Batch:
    """Play EPISODES episodes, by the network or, if there is none yet, by the expert."""
    environments = gymnasium.make_vec("CartPole-v1", num_envs=EPISODES)
    observation, _ = environments.reset(seed=seed)
    random = np.random.default_rng(seed)
    mistakes = random.uniform(0, MISTAKES, EPISODES)
    states = torch.zeros(EPISODES, HORIZON, 4)
    mask = torch.zeros(EPISODES, HORIZON)
    alive = np.ones(EPISODES, dtype=bool)
    memory: State | None = None
    for step in range(HORIZON):
        batch = torch.as_tensor(observation)
        states[:, step] = batch
        mask[:, step] = torch.as_tensor(alive)
        if network is None:
            logits = expert.policy.get_distribution(batch).distribution.logits
        else:
            logits, memory = network.forward_eval(batch[:, POSITIONS], memory)
        action = np.where(random.random(EPISODES) < mistakes,
                          random.integers(2, size=EPISODES), logits.argmax(-1).numpy())
        observation, _, terminated, truncated, _ = environments.step(action)
        alive &= ~(terminated | truncated)
    flat = states.flatten(0, 1)
    advice = expert.policy.get_distribution(flat).distribution.probs.unflatten(0, mask.shape)
    values = expert.policy.predict_values(flat).squeeze(-1).unflatten(0, mask.shape)
    return states, advice, values, mask


def fit(network: LSTMWrapper, tutor: nn.Linear, data: Batch, learning_rate: float) -> float:
    """Fit the network to all the advice so far; give the mean loss of the last updates."""
    optimizer = torch.optim.Adam([*network.parameters(), *tutor.parameters()], learning_rate)
    losses = []
    for _ in range(UPDATES):
        rows = torch.randint(len(data[0]), (BATCH,))
        states, advice, values, mask = (part[rows] for part in data)
        hidden, cell = network.remember(states[..., POSITIONS])
        error = -(advice * network.policy.decoder(hidden).log_softmax(-1)).sum(-1)
        # The advice alone teaches too slowly that differences of positions are velocities.
        error = error + (tutor(hidden) - states * SCALE).square().sum(-1)
        # Nobody uses the value head after training; it is fitted so that the file is complete.
        estimates = network.policy.value(hidden).squeeze(-1)
        error = error + 0.01 * smooth_l1_loss(estimates, values, reduction="none")
        # A cell that only counts steps is of no use and grows past what an integer export likes.
        loss = (error * mask).sum() / mask.sum() + 1e-3 * cell.square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return float(np.mean(losses[-20:]))


def main() -> None:
    torch.set_num_threads(1)  # more threads add sums in another order, so train another policy
    torch.manual_seed(1)
    expert = PPO.load(POLICIES / "cartpole_sb3.zip", device="cpu")
    network = LSTMWrapper(Default(len(POSITIONS), 2))
    tutor = nn.Linear(HIDDEN, 4)  # reads the whole state from the memory; not part of the policy
    with torch.no_grad():
        network.policy.encoder[0].weight *= 2 * SCALE[POSITIONS]
    rounds: list[Batch] = []
    for number in range(ROUNDS):
        rounds.append(collect(expert, network if number else None, seed=1000 * number))
        data = tuple(torch.cat(part) for part in zip(*rounds, strict=True))
        loss = fit(network, tutor, data, LEARNING_RATE * (1 - number / ROUNDS))
        length = rounds[-1][-1].sum(1).mean()
        print(f"round {number}: {length:.0f} steps an episode, loss {loss:.4f}")
    accept(NAME, make_environment, PufferPlayer(network), threshold=400)
    torch.save(network.state_dict(), POLICIES / f"{NAME}.pt")


if __name__ == "__main__":
    main()
