# SPDX-License-Identifier: MIT
"""Which algorithm a zip is of, by its keys, and where the parts of its actor lie."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from puffer_edge.errors import UnsupportedError
from puffer_edge.readers.stable_baselines3_zip import StableBaselines3File
from puffer_edge.readers.text import printable

HINT = "export the policy to ONNX, or give puffer_edge.load() a torch module of its actor"


@dataclass(frozen=True)
class Layout:
    """Where the parts are.

    Attributes:
        name: of the algorithm, as far as the keys tell.
        hidden: linear layers, each with the activation after it.
        output: the last linear layer.
        kind: logits or mean.
        function: the activation where the file does not tell it: the library's default.
        features: prefixes of the features extractor, the first that is there counts.
        cell: the LSTM between features and layers; empty for none.
        critic: layers of the value, with its extractor and LSTM; none where there is no value.
        squash: tanh, then unscaled to the action's bounds.
        clipped: bound of the mean itself (gSDE of SAC), before the tanh; 0 for none.
        bounded: the network ends with tanh where the action is not squashed, too.
        quantiles: the output is that of quantiles, whose mean counts.
        unused: prefixes of what only training needs, with the reason.
    """

    name: str
    hidden: Sequence[str]
    output: str
    kind: str
    function: str = "relu"
    features: tuple[str, ...] = ("features_extractor.",)
    cell: str = ""
    critic: Critic | None = None
    squash: bool = False
    clipped: bool = False
    bounded: bool = False
    quantiles: bool = False
    unused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Critic:
    """The layers of the value."""

    hidden: Sequence[str]
    output: str
    features: tuple[str, ...]
    cell: str = ""


_TARGET = "a copy that only training needs"
_CRITIC = "the critic, which only training needs"
_SPREAD = "the deterministic action is the mean"


def layout(file: StableBaselines3File, where: str) -> Layout:
    """The layout of a zip.

    Raises:
        UnsupportedError: the keys are those of no algorithm that is supported.
    """
    keys = file.weights
    if "action_net.weight" in keys:
        if not {"action_net.weight", "action_net.bias"} >= keys.keys():
            return _actor_critic(file, where)
        return Layout("ARS", (), "action_net", "")  # linear, of sb3-contrib before 1.7
    if "action_net.0.weight" in keys:
        *hidden, output = _layers(file, "action_net.", where)
        linear = file.class_name == "ARSLinearPolicy" or not (file.class_name or hidden)
        return Layout("ARS", hidden, output, "", squash=not linear,
                      bounded=not linear and _before_1_7(file.version))
    if "actor.latent_pi.0.weight" in keys or "actor.mu.weight" in keys:
        gaussian = "actor.mu.weight" not in keys
        return Layout(
            "SAC or TQC", _layers(file, "actor.latent_pi.", where),
            "actor.mu.0" if gaussian else "actor.mu", "mean", squash=True, clipped=gaussian,
            features=("actor.features_extractor.",),
            unused=(("actor.log_std", _SPREAD), ("critic", _CRITIC)))
    if "actor.mu.0.weight" in keys:
        *hidden, output = _layers(file, "actor.mu.", where)
        return Layout("TD3 or DDPG", hidden, output, "mean", squash=True,
                      features=("actor.features_extractor.",),
                      unused=(("actor_target.", _TARGET), ("critic", _CRITIC)))
    for name, net in (("DQN", "q_net"), ("QR-DQN", "quantile_net")):
        if any(key.startswith(f"{net}.{net}.") for key in keys):
            *hidden, output = _layers(file, f"{net}.{net}.", where)
            return Layout(name, hidden, output, "logits", quantiles=name == "QR-DQN",
                          features=(f"{net}.features_extractor.",),
                          unused=((f"{net}_target.", _TARGET),))
    raise UnsupportedError(
        f"the algorithm is not supported; the first parameters are "
        f"{', '.join(map(printable, list(keys)[:3]))}", where=where, hint=HINT)


def _actor_critic(file: StableBaselines3File, where: str) -> Layout:
    recurrent = "lstm_actor.weight_ih_l0" in file.weights
    shared = recurrent and not any(key.startswith(("lstm_critic.", "critic."))
                                   for key in file.weights)
    if "critic.weight" in file.weights:
        critic = None  # RecurrentPPO with enable_critic_lstm=False has a linear layer instead
    else:
        critic = Critic(
            _layers(file, "mlp_extractor.value_net.", where), "value_net",
            ("vf_features_extractor.", "features_extractor."),
            "" if not recurrent else "lstm_actor" if shared else "lstm_critic")
    # Discrete or continuous: known by the action space where the file tells it.
    name = "RecurrentPPO" if recurrent else "PPO or A2C"
    return Layout(
        name, _layers(file, "mlp_extractor.policy_net.", where), "action_net", "", "tanh",
        ("pi_features_extractor.", "features_extractor."), "lstm_actor" if recurrent else "",
        critic, unused=() if critic else (("critic.", _CRITIC), ("value_net.", _CRITIC),
                                          ("mlp_extractor.value_net.", _CRITIC)))


def _before_1_7(version: str) -> bool:
    """Whether ARS' network ends with tanh whatever ``squash_output`` says."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return found is not None and tuple(map(int, found.groups())) < (1, 7)


def _layers(file: StableBaselines3File, stem: str, where: str) -> list[str]:
    """Names of a stack's linear layers, in order; an activation lies between two."""
    found = {key.removeprefix(stem).split(".")[0] for key in file.weights if key.startswith(stem)}
    names = [f"{stem}{2 * index}" for index in range(len(found))]
    if not all(re.fullmatch(r"\d{1,3}", part) for part in found) or any(
            f"{name}.weight" not in file.weights for name in names):
        raise UnsupportedError(f"{stem[:-1]} is no stack of linear layers and activations",
                               where=where, hint=HINT)
    return names
