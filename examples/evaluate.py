# SPDX-License-Identifier: MIT
"""Play the bundled policies with the networks that trained them and print their returns.

``python examples/evaluate.py [policy ...] [--episodes N]``. Actions are greedy and the seeds of
the episodes fixed, so the numbers come out the same every time. Stable-Baselines3 unpickles what
it loads; therefore this takes the names of bundled policies, not the path of any file.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
import train_acrobot_sb3
import train_cartpole_puffer
import train_cartpole_sb3
import train_pendulum_sb3
from playing import POLICIES, Environment, Player, Sb3Player, play_many, print_table
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize


def load_cartpole_sb3() -> Sb3Player:
    return Sb3Player(PPO.load(POLICIES / "cartpole_sb3.zip", device="cpu"))


def load_acrobot_sb3() -> Sb3Player:
    return Sb3Player(PPO.load(POLICIES / "acrobot_sb3.zip", device="cpu"))


def load_cartpole_puffer_lstm() -> train_cartpole_puffer.PufferPlayer:
    positions = len(train_cartpole_puffer.POSITIONS)
    network = train_cartpole_puffer.LSTMWrapper(train_cartpole_puffer.Default(positions, 2))
    weights = torch.load(POLICIES / "cartpole_puffer_lstm.pt", weights_only=True)
    network.load_state_dict(weights)
    return train_cartpole_puffer.PufferPlayer(network)


def load_pendulum_sb3() -> Sb3Player:
    environment = DummyVecEnv([train_pendulum_sb3.make_environment])
    normalize = VecNormalize.load(str(POLICIES / "pendulum_vecnormalize.pkl"), environment)
    return Sb3Player(PPO.load(POLICIES / "pendulum_sb3.zip", device="cpu"), normalize)


BUNDLED: dict[str, tuple[Callable[[], Environment], Callable[[], Player]]] = {
    "cartpole_sb3": (train_cartpole_sb3.make_environment, load_cartpole_sb3),
    "cartpole_puffer_lstm": (train_cartpole_puffer.make_environment, load_cartpole_puffer_lstm),
    "acrobot_sb3": (train_acrobot_sb3.make_environment, load_acrobot_sb3),
    "pendulum_sb3": (train_pendulum_sb3.make_environment, load_pendulum_sb3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Play the bundled policies.")
    parser.add_argument("policy", nargs="*", metavar="policy",
                        help=f"any of {', '.join(BUNDLED)}; all if none is given")
    parser.add_argument("--episodes", type=int, default=20)
    options = parser.parse_args()
    unknown = set(options.policy) - set(BUNDLED)
    if unknown:
        parser.error(f"no bundled policy {', '.join(sorted(unknown))}; "
                     f"there are {', '.join(BUNDLED)}")
    if options.episodes < 1:
        parser.error("--episodes must be 1 or more")
    torch.set_num_threads(1)
    rows = []
    for name in options.policy or BUNDLED:
        make, load = BUNDLED[name]
        environment = make()
        returns = play_many(environment, load(), options.episodes)
        rows.append((name, environment.spec.id if environment.spec else "", returns))
    print_table(rows)


if __name__ == "__main__":
    main()
