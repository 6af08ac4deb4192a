# SPDX-License-Identifier: MIT
"""PufferLib's policies whose keys are known, but do not tell the network: one error names them.

What their encoders do to the observation (which bytes are categories, where objects begin) is in
the code of pufferlib.ocean.torch and in the environment, not in the tensors.
"""

from __future__ import annotations

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Program

NAME = "PufferLib"
_KEYS = {
    "NMMO3": "player_discrete_encoder.0.weight",
    "Terraform": "local_net_2d.0.weight",
    "ImpulseWars": "weaponTypeEmbedding.weight",
    "GPUDrive (or Drive)": "road_encoder.0.weight",
}
"""A tensor that only this policy has, below ``policy.`` where it is wrapped."""
_HINTS = {
    "NMMO3": "; its scatter_ cannot be exported: add up F.one_hot planes in a subclass",
    "TowerClimb": "; its Conv3d has no form on a device yet, so a policy of Conv2d has to be "
                  "trained in its place",
    "ImpulseWars": "; its masks of bits have no form on a device: let the caller unpack them",
}


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are those of such a policy."""
    return bool(_policy(weights))


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """Never a Program.

    Raises:
        UnsupportedError: names the policy, and says what to do.
    """
    policy = _policy(weights)
    raise UnsupportedError(
        f"these are the weights of PufferLib's {policy} policy, whose network cannot be told from "
        "its keys", where=where,
        hint="give its class, too: puffer_edge.load(path, module=MyPolicy(...), "
             "observation_shape=...) in Python, or export the policy to ONNX"
             + _HINTS.get(policy, ""))


def _policy(weights: dict[str, Array]) -> str:
    body = {key.removeprefix("policy."): array for key, array in weights.items()}
    for name, key in _KEYS.items():
        if key in body:
            return name
    first = body.get("network.0.weight")
    if first is not None and "actor.weight" in body:
        if first.ndim == 5:
            return "TowerClimb"
        # Points of four numbers, of which the largest features count.
        if first.ndim == 2 and first.shape[1] == 4 and "network.2.weight" in body and (
                "value_fn.weight" in body):
            return "Boids"
    four = "decoder.decoder.weight" in body or "decoder.decoder_mean.weight" in body
    if four and "encoder.encoder.weight" not in body and any(
            key.startswith("encoder.") for key in body):
        kind = "image" if any(array.ndim == 4 for array in body.values()) else "own"
        return f"version 4 {kind}-encoder"
    return ""
