# SPDX-License-Identifier: MIT
"""Zips that Stable-Baselines3 and sb3-contrib save."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support.networks import rows
from tests.frontends.support.row import Made, Row

Make = Callable[[Path], Made]


def _env(observation: Any, action: Any) -> Any:
    import gymnasium

    class Env(gymnasium.Env):  # type: ignore[misc, type-arg, unused-ignore]
        observation_space, action_space = observation, action

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            return self.observation_space.sample(), {}

        def step(self, action: Any) -> Any:
            return self.observation_space.sample(), 0.0, False, False, {}

    return Env()


def _spaces() -> Any:
    from gymnasium import spaces

    return spaces


def _model(kind: str, policy: str, observation: Any, action: Any, directory: Path,
           **arguments: Any) -> tuple[Any, Path]:
    """A model with random weights, those of the output far apart, saved as a zip."""
    import stable_baselines3
    import torch

    library: Any = stable_baselines3
    if not hasattr(library, kind):
        import sb3_contrib as library
    torch.manual_seed(1)
    small = ({} if kind == "ARS" else {"n_steps": 8} if kind in ("PPO", "A2C", "RecurrentPPO")
             else {"buffer_size": 10})
    if kind in ("PPO", "RecurrentPPO"):
        small["batch_size"] = 8
    model = getattr(library, kind)(policy, _env(observation, action), device="cpu", seed=1,
                                   **small, **arguments)
    with torch.no_grad():
        for name, parameter in model.policy.named_parameters():
            if ".cnn." in name or ".linear." in name:
                # Filters of one sign each: sums that cancel would make the bound a loose one.
                sign = torch.sign(torch.randn(parameter.shape[0]) + 0.5)
                parameter.copy_(parameter.abs() * sign.reshape(-1, *(1,) * (parameter.ndim - 1)))
            elif parameter.ndim == 2 and (parameter.shape[0] < 6 or kind == "ARS"):
                parameter.copy_(torch.randn_like(parameter) / parameter.shape[1] ** 0.5)
    path = directory / "model.zip"
    model.save(path)
    model.policy.set_training_mode(False)
    return model, path


def _vector(size: int = 5) -> Any:
    return _spaces().Box(-1, 1, (size,))


def _value_based(kind: str, directory: Path) -> Made:
    import torch
    model, path = _model(kind, "MlpPolicy", _vector(), _spaces().Discrete(3), directory,
                         policy_kwargs={"net_arch": [12, 10]})
    net = model.policy.q_net if kind == "DQN" else model.policy.quantile_net

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            y = net(rows(torch, x))
            return {"logits": (y if kind == "DQN" else y.mean(1)).numpy()}
    # torch sums 200 quantiles, we add their weights: more roundings than the bound knows.
    return Made(path, step, 5, slack=0 if kind == "DQN" else 1e-5)


def _dqn_image(directory: Path) -> Made:
    import torch
    image = _spaces().Box(0, 255, (2, 36, 36), np.uint8)
    model, path = _model("DQN", "CnnPolicy", image, _spaces().Discrete(3), directory,
                         policy_kwargs={"features_extractor_kwargs": {"features_dim": 16}})

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            pixels = torch.from_numpy(x.reshape(1, 2, 36, 36).astype(np.uint8))
            return {"logits": model.policy.q_net(pixels).numpy()}
    return Made(path, step, 2 * 36 * 36, steps=5, observations=lambda random, size:
                random.integers(0, 256, size).astype(np.float32))


def _sac_parts(directory: Path) -> Made:
    import torch
    spaces = _spaces()
    space = spaces.Dict({"b": _vector(3), "a": _vector(2)})
    model, path = _model("SAC", "MultiInputPolicy", space, spaces.Box(-1, 1, (2,)), directory,
                         policy_kwargs={"net_arch": [12, 10]})

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            parts = {"a": torch.from_numpy(x[None, :2]), "b": torch.from_numpy(x[None, 2:])}
            return {"mean": model.policy.actor.get_action_dist_params(parts)[0].numpy()}
    return Made(path, step, 5)


def _squashed(kind: str, directory: Path, *, use_sde: bool = False) -> Made:
    import torch
    box = _spaces().Box(np.float32([-2, 0]), np.float32([1, 3]))
    arguments: dict[str, Any] = {"use_sde": True} if use_sde else {}
    model, path = _model(kind, "MlpPolicy", _vector(), box, directory,
                         policy_kwargs={"net_arch": [12, 10]}, **arguments)
    actor = model.policy.actor

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            if kind == "TD3" or kind == "DDPG":
                return {"mean": actor.mu[:-1](rows(torch, x)).numpy()}  # without its tanh
            return {"mean": actor.get_action_dist_params(rows(torch, x))[0].numpy()}
    return Made(path, step, 5)


def _actor_critic(kind: str, directory: Path, observation: Any, *, policy: str = "MlpPolicy",
                  continuous: bool = False, **arguments: Any) -> Made:
    import torch
    spaces = _spaces()
    action = spaces.Box(-1, 1, (2,)) if continuous else spaces.Discrete(3)
    model, path = _model(kind, policy, observation, action, directory, **arguments)
    net = model.policy
    output = "mean" if continuous else "logits"
    parts = observation.spaces if isinstance(observation, spaces.Dict) else {"": observation}

    def shaped(x: Any) -> Any:
        pieces, start = {}, 0
        for name, space in parts.items():
            size = int(getattr(space, "n", 0) or np.prod(space.shape))
            piece = torch.from_numpy(x[start : start + size])[None]
            start += size
            if space.dtype == np.uint8:
                piece = piece.reshape(1, *space.shape) / 255
            pieces[name] = piece
        return pieces if isinstance(observation, spaces.Dict) else pieces[""]

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            if net.share_features_extractor:
                actor = critic = net.features_extractor(shaped(x))
            else:
                actor = net.pi_features_extractor(shaped(x))
                critic = net.vf_features_extractor(shaped(x))
            actor, critic = (net.mlp_extractor.forward_actor(actor),
                             net.mlp_extractor.forward_critic(critic))
            return {output: net.action_net(actor).numpy(), "value": net.value_net(critic).numpy()}

    def draw(random: np.random.Generator, size: int) -> Any:
        pieces = []
        for space in parts.values():
            if space.dtype == np.uint8:
                pieces.append(random.integers(0, 256, space.shape).ravel())
            elif hasattr(space, "n"):
                pieces.append(np.eye(space.n)[random.integers(space.n)] if np.ndim(space.n) == 0
                              and space.shape == () else random.integers(0, 2, space.shape))
            else:
                pieces.append(random.standard_normal(space.shape).ravel())
        return np.concatenate(pieces).astype(np.float32)

    size = sum(int(getattr(space, "n", 0) or np.prod(space.shape)) for space in parts.values())
    return Made(path, step, size, observations=draw, steps=5 if policy != "MlpPolicy" else 30)


def _flat(directory: Path, kind: str, **arguments: Any) -> Made:
    return _actor_critic(kind, directory, _vector(), policy_kwargs={"net_arch": [12, 10]},
                         **arguments)


def _image(directory: Path, **keywords: Any) -> Made:
    image = _spaces().Box(0, 255, (2, 36, 36), np.uint8)
    return _actor_critic("PPO", directory, image, policy="CnnPolicy", policy_kwargs={
        "features_extractor_kwargs": {"features_dim": 16}, "net_arch": [], **keywords})


def _parts(directory: Path) -> Made:
    spaces = _spaces()
    space = spaces.Dict({"vec": _vector(3), "img": spaces.Box(0, 255, (1, 36, 36), np.uint8),
                         "kind": spaces.Discrete(4), "flags": spaces.MultiBinary(2)})
    return _actor_critic("PPO", directory, space, policy="MultiInputPolicy", policy_kwargs={
        "features_extractor_kwargs": {"cnn_output_dim": 8}, "net_arch": [12]})


def _recurrent(directory: Path, *, continuous: bool = False, **keywords: Any) -> Made:
    import torch
    spaces = _spaces()
    action = spaces.Box(-1, 1, (2,)) if continuous else spaces.Discrete(3)
    model, path = _model("RecurrentPPO", "MlpLstmPolicy", _vector(), action, directory,
                         policy_kwargs={"lstm_hidden_size": 8, "net_arch": [10], **keywords})
    net = model.policy
    memories: dict[str, Any] = {}

    def run(layer: Any, name: str, x: Any) -> Any:
        y, memories[name] = layer(x.unsqueeze(0), memories.get(name))
        return y.squeeze(0)

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            features = rows(torch, x)
            latent = run(net.lstm_actor, "actor", features)
            y = net.action_net(net.mlp_extractor.forward_actor(latent)).numpy()
            outputs = {"mean" if continuous else "logits": y}
            if net.lstm_critic is not None:
                critic = run(net.lstm_critic, "critic", features)
            elif net.shared_lstm:
                critic = latent
            else:
                critic = net.critic(features)
            return outputs | {"value": net.value_net(
                net.mlp_extractor.forward_critic(critic)).numpy()}
    return Made(path, step, 5, steps=10)


def _flags(directory: Path) -> Made:
    """Of a MultiBinary action: a head of two choices per flag, with 0 as the first logit."""
    import torch
    spaces = _spaces()
    model, path = _model("PPO", "MlpPolicy", _vector(), spaces.MultiBinary(4), directory,
                         policy_kwargs={"net_arch": [12, 10]})
    net = model.policy

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            actor, critic = net.mlp_extractor(net.features_extractor(rows(torch, x)))
            logits = net.action_net(actor)
            return {"logits": torch.stack([torch.zeros_like(logits), logits], -1).numpy(),
                    "value": net.value_net(critic).numpy()}
    return Made(path, step, 5)


def _ars(directory: Path, policy: str, **keywords: Any) -> Made:
    import torch
    spaces = _spaces()
    action = spaces.Discrete(3) if not keywords else spaces.Box(-2, 1, (2,))
    model, path = _model("ARS", policy, _vector(), action, directory,
                         policy_kwargs=keywords or None)
    layers = [layer for layer in model.policy.action_net if not isinstance(layer, torch.nn.Tanh)]

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            y = torch.nn.Sequential(*layers)(rows(torch, x)).numpy()
            return {"logits" if not keywords else "mean": y}
    return Made(path, step, 5)


_FILE, _ZIP, _NEEDS = "stable_baselines3", "`.zip`", "`--activation`, `--vec-normalize`"
_CONTRIB = "sb3_contrib"


def _row(policy: str, make: Make, source: str, needs: str = _NEEDS, package: str = _FILE) -> Row:
    trainer = "sb3-contrib" if package == _CONTRIB else "Stable-Baselines3"
    return Row(trainer, policy, _ZIP, make, f"zip, {source}", needs, package)


ROWS: tuple[Row, ...] = (
    _row("PPO, MlpPolicy", partial(_flat, kind="PPO"), "PPO or A2C"),
    _row("A2C, MlpPolicy, continuous", partial(_flat, kind="A2C", continuous=True), "PPO or A2C"),
    _row("PPO, gSDE", partial(_flat, kind="PPO", continuous=True, use_sde=True), "PPO or A2C"),
    _row("PPO, CnnPolicy", _image, "PPO or A2C", "`--vec-normalize`"),
    _row("PPO, CnnPolicy, extractors apart", partial(_image, share_features_extractor=False),
         "PPO or A2C"),
    _row("PPO, MultiInputPolicy", _parts, "PPO or A2C", "`--activation`"),
    _row("PPO, MultiBinary actions", _flags, "PPO or A2C"),
    _row("DQN, MlpPolicy", partial(_value_based, "DQN"), "DQN"),
    _row("DQN, CnnPolicy", _dqn_image, "DQN"),
    _row("SAC, MultiInputPolicy", _sac_parts, "SAC or TQC"),
    _row("SAC, MlpPolicy", partial(_squashed, "SAC"), "SAC or TQC"),
    _row("SAC, gSDE", partial(_squashed, "SAC", use_sde=True), "SAC or TQC"),
    _row("TD3, MlpPolicy", partial(_squashed, "TD3"), "TD3 or DDPG"),
    _row("DDPG, MlpPolicy", partial(_squashed, "DDPG"), "TD3 or DDPG"),
    _row("QR-DQN, MlpPolicy", partial(_value_based, "QRDQN"), "QR-DQN", package=_CONTRIB),
    _row("TQC, MlpPolicy", partial(_squashed, "TQC"), "SAC or TQC", package=_CONTRIB),
    _row("ARS, LinearPolicy", partial(_ars, policy="LinearPolicy"), "ARS", package=_CONTRIB),
    _row("ARS, MlpPolicy, continuous", partial(_ars, policy="MlpPolicy", net_arch=[12, 10]), "ARS",
         package=_CONTRIB),
    _row("RecurrentPPO, MlpLstmPolicy", _recurrent, "RecurrentPPO", package=_CONTRIB),
    _row("RecurrentPPO, one LSTM for both",
         partial(_recurrent, shared_lstm=True, enable_critic_lstm=False), "RecurrentPPO",
         package=_CONTRIB),
    _row("RecurrentPPO, no critic LSTM, continuous",
         partial(_recurrent, continuous=True, enable_critic_lstm=False), "RecurrentPPO",
         package=_CONTRIB),
)
