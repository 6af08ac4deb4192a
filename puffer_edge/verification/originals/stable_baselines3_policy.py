# SPDX-License-Identifier: MIT
"""A policy object of Stable-Baselines3 from names, shapes and words, with the file's weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.readers.stable_baselines3_zip import Space, StableBaselines3File
from puffer_edge.verification.originals import plain_layers
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Unjudged

Memory = dict[str, Array]


@dataclass
class Built:
    """A policy that acts.

    Attributes:
        policy: of the library.
        outputs: the layers whose results are the raw outputs, by name.
        shape: [layers, 1, width] of the LSTM's state; empty for none.
        quantiles: whose mean counts; 0 for none.
    """

    policy: Any
    outputs: dict[str, Any]
    shape: tuple[int, ...] = ()
    quantiles: int = 0
    _critic: Any = field(default=None)

    def zero_state(self) -> Memory:
        """The state after a reset."""
        self._critic = None
        return {name: np.zeros(self.shape, np.float32) for name in ("h", "c")} if self.shape else {}

    def act(self, x: Any, memory: Memory) -> tuple[Array, Memory]:
        """The deterministic action for one observation of the environment, and the new state."""
        import torch

        policy = self.policy
        if not self.shape:
            action, _ = policy.predict(x, deterministic=True)
            if "value" in self.outputs:
                policy.predict_values(policy.obs_to_tensor(x)[0])
            return np.asarray(action), {}
        before = memory["h"], memory["c"]
        action, after = policy.predict(x, state=before, episode_start=np.array([False]),
                                       deterministic=True)
        from sb3_contrib.common.recurrent.type_aliases import RNNStates

        own = tuple(torch.from_numpy(part) for part in before)
        states = RNNStates(own, self._critic or own)
        *_, new = policy.forward(policy.obs_to_tensor(x)[0], states, torch.zeros(1),
                                 deterministic=True)
        self._critic = new.vf
        return np.asarray(action), {"h": np.asarray(after[0]), "c": np.asarray(after[1])}


def build(file: StableBaselines3File, job: Job) -> Built:
    """The policy of a file.

    Raises:
        Unjudged: its class is not one of the library's, or cannot be made from the file.
    """
    if file.policy_class and not file.policy_class.startswith(("stable_baselines3.",
                                                               "sb3_contrib.")):
        raise Unjudged(f"the policy's class is of {file.policy_class}, not of the library")
    if file.weights.keys() <= {"action_net.weight", "action_net.bias"}:  # ARS before 1.7
        file = replace(file, weights={name.replace(".", ".0."): array
                                      for name, array in file.weights.items()})
    maker = _Maker(file, job)
    keys = file.weights
    makers: tuple[tuple[str, Callable[[], Built]], ...] = (
        ("lstm_actor.weight_ih_l0", maker.recurrent), ("action_net.weight", maker.actor_critic),
        ("action_net.0.weight", maker.ars), ("actor.latent_pi.0.weight", maker.sac),
        ("actor.mu.weight", maker.sac), ("actor.mu.0.weight", maker.td3),
        ("q_net.q_net.0.weight", maker.dqn), ("quantile_net.quantile_net.0.weight", maker.qrdqn))
    for key, make in makers:
        if key in keys:
            built = make()
            built.policy.set_training_mode(False)
            return built
    raise Unjudged("the algorithm is not known")


class _Maker:
    def __init__(self, file: StableBaselines3File, job: Job) -> None:
        import torch

        self.torch, self.file, self.job = torch, file, job
        self.state = {name: torch.from_numpy(np.array(array))
                      for name, array in file.weights.items()}
        self.observation = self._observation()
        self.action = self._action()

    def actor_critic(self) -> Built:
        """PPO, A2C and, with masks, MaskablePPO."""
        if self.file.policy_class.startswith("sb3_contrib.common.maskable"):
            from sb3_contrib.common.maskable import policies as library
            names = ("MaskableActorCriticPolicy", "MaskableActorCriticCnnPolicy",
                     "MaskableMultiInputActorCriticPolicy")
            return self._actor_critic(library, names, {})
        from stable_baselines3.common import policies
        names = ("ActorCriticPolicy", "ActorCriticCnnPolicy", "MultiInputActorCriticPolicy")
        return self._actor_critic(policies, names, {})

    def recurrent(self) -> Built:
        """RecurrentPPO."""
        from sb3_contrib.common.recurrent import policies

        width = self.file.weights["lstm_actor.weight_hh_l0"].shape[1]
        layers = len(self._numbers("lstm_actor.weight_ih_l"))
        names = ("RecurrentActorCriticPolicy", "RecurrentActorCriticCnnPolicy",
                 "RecurrentMultiInputActorCriticPolicy")
        own = "lstm_critic.weight_ih_l0" in self.state
        built = self._actor_critic(policies, names, {
            "lstm_hidden_size": width, "n_lstm_layers": layers, "enable_critic_lstm": own,
            "shared_lstm": not own and "critic.weight" not in self.state})
        built.shape = (layers, 1, width)
        return built

    def _actor_critic(self, library: Any, names: tuple[str, str, str], more: dict[str, Any]
                      ) -> Built:
        pi, vf = "pi_features_extractor.", "vf_features_extractor."
        spread = self.file.weights.get("log_std")
        kinds = {"net_arch": {"pi": self._widths("mlp_extractor.policy_net."),
                              "vf": self._widths("mlp_extractor.value_net.")},
                 "share_features_extractor": all(
                     np.array_equal(array, self.file.weights.get(name.replace(pi, vf, 1), ()))
                     for name, array in self.file.weights.items() if name.startswith(pi)),
                 **self._images(pi if any(k.startswith(pi) for k in self.state)
                                else "features_extractor."), **more}
        if spread is not None and spread.ndim == 2:
            kinds |= {"use_sde": True, "full_std": spread.shape[1] > 1 or spread.shape[1] == int(
                np.prod(self.action.shape))}
        if self.file.squash_output is not None:
            kinds["squash_output"] = self.file.squash_output
        policy = self._made(getattr(library, self._variant(names)), kinds)
        policy.load_state_dict(self.state)
        return Built(policy, {"output": policy.action_net, "value": policy.value_net})

    def ars(self) -> Built:
        """ARS, linear or not."""
        from sb3_contrib.ars.policies import ARSLinearPolicy, ARSPolicy

        bias = "action_net.0.bias" in self.state
        squash = ({} if self.file.squash_output is None
                  else {"squash_output": self.file.squash_output})
        widths = self._widths("action_net.")[:-1]
        linear = self.file.class_name == "ARSLinearPolicy" or not (
            self.file.class_name or widths)
        policy = (ARSLinearPolicy(self.observation, self.action, with_bias=bias, **squash) if linear
                  else self._made(ARSPolicy, {"net_arch": widths, "with_bias": bias, **squash},
                                  schedule=False))
        policy.load_state_dict(self.state)
        version = [int(part) for part in self.file.version.split(".")[:2] if part.isdecimal()]
        if not linear and squash == {"squash_output": False} and version and version < [1, 7]:
            # Its network ended with tanh even so, and the actions were clipped.
            policy.action_net.append(self.torch.nn.Tanh())
            return Built(policy, {"output": policy.action_net})
        return Built(policy, {"output": self._last(policy.action_net)})

    def sac(self) -> Built:
        """SAC and TQC, whose actors are of one class."""
        from stable_baselines3.sac import policies

        names = ("SACPolicy", "CnnPolicy", "MultiInputPolicy")
        kinds = {"net_arch": {"pi": self._widths("actor.latent_pi."), "qf": [4]},
                 **self._images("actor.features_extractor.")}
        if "actor.mu.weight" not in self.state:
            kinds["use_sde"] = True
            if self.file.clip_mean is not None:
                kinds["clip_mean"] = self.file.clip_mean
        policy = self._actor(getattr(policies, self._variant(names)), kinds)
        return Built(policy, {"output": policy.actor.mu})

    def td3(self) -> Built:
        """TD3 and DDPG."""
        from stable_baselines3.td3 import policies

        names = ("TD3Policy", "CnnPolicy", "MultiInputPolicy")
        kinds = {"net_arch": {"pi": self._widths("actor.mu.")[:-1], "qf": [4]},
                 **self._images("actor.features_extractor.")}
        policy = self._actor(getattr(policies, self._variant(names)), kinds)
        return Built(policy, {"output": self._last(policy.actor.mu)})

    def dqn(self) -> Built:
        """DQN."""
        from stable_baselines3.dqn import policies

        names = ("DQNPolicy", "CnnPolicy", "MultiInputPolicy")
        kinds = {"net_arch": self._widths("q_net.q_net.")[:-1],
                 **self._images("q_net.features_extractor.")}
        policy = self._made(getattr(policies, self._variant(names)), kinds)
        policy.load_state_dict(self.state)
        return Built(policy, {"output": policy.q_net.q_net})

    def qrdqn(self) -> Built:
        """QR-DQN, whose values are means of quantiles."""
        from sb3_contrib.qrdqn import policies

        names = ("QRDQNPolicy", "CnnPolicy", "MultiInputPolicy")
        *hidden, last = self._widths("quantile_net.quantile_net.")
        count = last // int(self.action.n)
        kinds = {"net_arch": hidden, "n_quantiles": count,
                 **self._images("quantile_net.features_extractor.")}
        policy = self._made(getattr(policies, self._variant(names)), kinds)
        policy.load_state_dict(self.state)
        return Built(policy, {"output": self._last(policy.quantile_net.quantile_net)},
                     quantiles=count)

    def _actor(self, kind: Any, keywords: dict[str, Any]) -> Any:
        """A policy of which only the actor is filled: the critics do not act."""
        policy = self._made(kind, keywords)
        policy.actor.load_state_dict({name.removeprefix("actor."): tensor for name, tensor
                                      in self.state.items() if name.startswith("actor.")})
        return policy

    def _made(self, kind: Any, keywords: dict[str, Any], *, schedule: bool = True) -> Any:
        found = re.fullmatch(r"<class 'torch\.nn\.modules\.\w+\.(\w+)'>", self.file.activation)
        if self.job.activation:
            keywords["activation_fn"] = plain_layers.activation(self.torch, self.job.activation)
        elif found:
            keywords["activation_fn"] = getattr(self.torch.nn, found[1])
        elif self.file.activation:
            raise Unjudged(f"the activation {self.file.activation} is not torch's")
        if not self.file.normalize_images and schedule:
            keywords["normalize_images"] = False
        rate = (lambda progress: 0.0,) if schedule else ()
        return kind(self.observation, self.action, *rate, **keywords)

    def _variant(self, names: tuple[str, str, str]) -> str:
        flat, images, parts = names
        if self.file.observation.kind == "dict":
            return parts
        return images if any(".cnn." in name for name in self.state) else flat

    def _images(self, prefix: str) -> dict[str, Any]:
        """Arguments of the features extractor: how wide what it makes of an image is."""
        for name, array in self.file.weights.items():
            if name.startswith(prefix) and name.endswith("linear.0.weight"):
                word = ("cnn_output_dim" if self.file.observation.kind == "dict"
                        else "features_dim")
                return {"features_extractor_kwargs": {word: int(array.shape[0])}}
        return {}

    def _last(self, layers: Any) -> Any:
        return [layer for layer in layers.modules()
                if isinstance(layer, self.torch.nn.Linear)][-1]

    def _numbers(self, stem: str) -> list[int]:
        found = {re.match(rf"{re.escape(stem)}(\d+)", name) for name in self.state}
        return sorted({int(match[1]) for match in found if match})

    def _widths(self, stem: str) -> list[int]:
        """Rows of each linear layer of a stack."""
        return [len(self.file.weights[f"{stem}{n}.weight"]) for n in self._numbers(stem)]

    def _observation(self) -> Any:
        from gymnasium import spaces

        given = self.file.observation
        if given.kind == "dict":
            return spaces.Dict({name: _space(part) for name, part in given.parts.items()})
        if not given.kind or (given.kind == "box" and not given.shape):
            given = Space("box", (self.job.size,))
        return _space(given)

    def _action(self) -> Any:
        from gymnasium import spaces

        given = self.file.action
        if given.kind == "box" and given.low and given.high:
            return _space(given)
        if given.kind in ("discrete", "multidiscrete", "multibinary"):
            return _space(given)
        if self.job.low:
            low, high = (np.array(side, np.float32) for side in (self.job.low, self.job.high))
            return spaces.Box(low, high)
        continuous = given.kind == "box" or "log_std" in self.state
        width = self.job.width
        return spaces.Box(-np.inf, np.inf, (width,)) if continuous else spaces.Discrete(width)


def _space(given: Space) -> Any:
    from gymnasium import spaces

    if given.kind == "discrete":
        return spaces.Discrete(given.sizes[0], start=given.start[0] if given.start else 0)
    if given.kind == "multidiscrete":
        start = {"start": given.start} if len(given.start) == len(given.sizes) else {}
        return spaces.MultiDiscrete(list(given.sizes), **start)
    if given.kind == "multibinary":
        return spaces.MultiBinary(given.shape[0] if len(given.shape) == 1 else list(given.shape))
    dtype = np.dtype(given.dtype or "float32")
    if given.low and given.high:
        low, high = (np.array(side, dtype).reshape(given.shape) for side in (given.low, given.high))
        return spaces.Box(low, high, dtype=dtype.type)
    edges = (0, 255) if dtype == np.uint8 else (-np.inf, np.inf)
    return spaces.Box(*edges, given.shape, dtype.type)
