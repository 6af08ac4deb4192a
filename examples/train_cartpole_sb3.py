# SPDX-License-Identifier: MIT
"""Train PPO on CartPole-v1 with Stable-Baselines3 and save it as its users do.

Run it as ``nice python examples/train_cartpole_sb3.py``; it takes a quarter of a minute.
"""

from __future__ import annotations

import gymnasium
import torch
from playing import POLICIES, Environment, Sb3Player, accept
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

NAME = "cartpole_sb3"


def make_environment() -> Environment:
    return gymnasium.make("CartPole-v1")


def main() -> None:
    torch.set_num_threads(1)  # more threads add sums in another order, so train another policy
    model = PPO("MlpPolicy", make_vec_env("CartPole-v1", n_envs=8, seed=1), seed=1, device="cpu",
                n_steps=128, batch_size=256, n_epochs=10, learning_rate=1e-3, gamma=0.98,
                gae_lambda=0.9, policy_kwargs={"net_arch": [32, 32]})  # activation: SB3's tanh
    model.learn(60_000)
    accept(NAME, make_environment, Sb3Player(model), threshold=475)
    model.save(POLICIES / f"{NAME}.zip")


if __name__ == "__main__":
    main()
