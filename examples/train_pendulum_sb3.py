# SPDX-License-Identifier: MIT
"""Train PPO with VecNormalize on Pendulum-v1 with Stable-Baselines3: under a minute.

Run it as ``nice python examples/train_pendulum_sb3.py``. The observation statistics are in a file
of their own, as always with VecNormalize; without them the policy plays badly.
"""

from __future__ import annotations

import gymnasium
import torch
from playing import POLICIES, Environment, Sb3Player, accept
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

NAME = "pendulum_sb3"


def make_environment() -> Environment:
    return gymnasium.make("Pendulum-v1")


def main() -> None:
    torch.set_num_threads(1)  # more threads add sums in another order, so train another policy
    normalize = VecNormalize(make_vec_env("Pendulum-v1", n_envs=4, seed=1), norm_reward=False)
    model = PPO("MlpPolicy", normalize, seed=1, device="cpu", n_steps=256, batch_size=64,
                n_epochs=10, learning_rate=1e-3, gamma=0.9, gae_lambda=0.95,
                policy_kwargs={"net_arch": [32, 32]})  # activation: SB3's tanh
    model.learn(100_000)
    normalize.training = False  # the statistics stay as they are from here on
    accept(NAME, make_environment, Sb3Player(model, normalize), threshold=-400)
    model.save(POLICIES / f"{NAME}.zip")
    normalize.save(str(POLICIES / "pendulum_vecnormalize.pkl"))


if __name__ == "__main__":
    main()
