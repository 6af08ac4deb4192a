# SPDX-License-Identifier: MIT
"""Train PPO on Acrobot-v1 with Stable-Baselines3 and save it as its users do.

Run it as ``nice python examples/train_acrobot_sb3.py``; it takes one or two minutes.
"""

from __future__ import annotations

import gymnasium
import torch
from playing import POLICIES, Environment, Sb3Player, accept
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

NAME = "acrobot_sb3"


def make_environment() -> Environment:
    return gymnasium.make("Acrobot-v1")


def main() -> None:
    torch.set_num_threads(1)  # more threads add sums in another order, so train another policy
    model = PPO("MlpPolicy", make_vec_env("Acrobot-v1", n_envs=16, seed=1), seed=1, device="cpu",
                n_steps=256, batch_size=256, n_epochs=4, learning_rate=5e-4, gamma=0.99,
                gae_lambda=0.94, ent_coef=0.01,
                policy_kwargs={"net_arch": [32, 32]})  # activation: SB3's tanh
    model.learn(300_000)
    accept(NAME, make_environment, Sb3Player(model), threshold=-100)
    model.save(POLICIES / f"{NAME}.zip")


if __name__ == "__main__":
    main()
