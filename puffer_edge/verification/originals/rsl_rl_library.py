# SPDX-License-Identifier: MIT
"""rsl_rl's actors in rsl_rl's own models (``rsl_rl.models``, version 5 and later).

Checkpoints of earlier versions have other names for the same parts; the library refuses weights
that it does not know, so that nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.verification.originals.original import Original, Unjudged

_NAMES = (("actor.", "mlp."), ("memory_a.rnn.", "rnn.rnn."),
          ("actor_obs_normalizer.", "obs_normalizer."), ("obs_norm_state_dict.", "obs_normalizer."))
"""Before version 5, and since."""
_PARTS = ("mlp.", "rnn.rnn.", "obs_normalizer.", "distribution.")
_GROUP = "policy"


class LibraryOriginal(Original):
    """A model of the library's with the weights of a checkpoint.

    Args:
        own: arrays of the actor, by their names without those of the checkpoint.
        activation: the user's; rsl_rl's default without.

    Raises:
        ImportError: the library is missing, or has no such models.
        Unjudged: it cannot be built of these.
    """

    def __init__(self, own: Mapping[str, Array], activation: str) -> None:
        super().__init__()
        import torch
        from rsl_rl.models import MLPModel, RNNModel
        from tensordict import TensorDict

        self.torch = torch
        self.of_group: Callable[[Any], Any] = lambda x: TensorDict({_GROUP: x}, batch_size=[1])
        self.judge = f"rsl_rl {_version()}"
        weights = {name: array for name, array in map(_renamed, own, own.values())
                   if name.startswith(_PARTS)}
        linear = sorted((int(match[1]), array.shape) for name, array in weights.items()
                        if (match := re.fullmatch(r"mlp\.(\d+)\.weight", name)))
        if not linear:
            raise Unjudged("the checkpoint has no layers of an actor")
        hidden, width = [shape[0] for _, shape in linear[:-1]], linear[-1][1][0]
        cell = weights.get("rnn.rnn.weight_hh_l0")
        size = (linear[0][1] if cell is None else weights["rnn.rnn.weight_ih_l0"].shape)[1]
        arguments: dict[str, Any] = {
            "hidden_dims": hidden, "activation": activation or "elu",
            "obs_normalization": "obs_normalizer._mean" in weights,
            "distribution_cfg": _distribution(weights)}
        memory: dict[str, Any] = {} if cell is None else {
            "rnn_type": "lstm" if cell.shape[0] == 4 * cell.shape[1] else "gru",
            "rnn_hidden_dim": cell.shape[1],
            "rnn_num_layers": sum(name.startswith("rnn.rnn.weight_hh_l") for name in weights)}
        kind = MLPModel if cell is None else RNNModel
        try:
            self.model = kind(self.of_group(torch.zeros(1, size)), {"actor": [_GROUP]}, "actor",
                              width, **arguments, **memory).eval()
            own_form = self.model.state_dict()
            self.model.load_state_dict({
                name: torch.from_numpy(array.copy()).reshape(
                    own_form[name].shape if name.startswith("obs_normalizer.") else array.shape)
                for name, array in weights.items()})
        except (ValueError, RuntimeError, KeyError) as error:
            raise Unjudged(f"{self.judge} does not take the checkpoint: {error}") from error

    def reset(self) -> None:
        """See :class:`Original`."""
        self.model.reset()

    def step(self, observation: Array) -> dict[str, Array]:
        """See :class:`Original`."""
        with self.torch.no_grad():
            found = self.model(self.of_group(self.torch.from_numpy(observation.copy())[None]))
        return {"mean": found.numpy()}

    def state(self) -> dict[str, Array]:
        """See :class:`Original`."""
        if not self.model.is_recurrent:
            return {}
        cell, parts = self.model.rnn.rnn, self.model.get_hidden_state()
        names = "hc" if isinstance(cell, self.torch.nn.LSTM) else "h"
        if parts is None:
            parts = (self.torch.zeros(cell.num_layers, 1, cell.hidden_size),) * len(names)
        parts = parts if isinstance(parts, tuple) else (parts,)
        return {f"{name}_{n}": part[n].numpy() for name, part in zip(names, parts, strict=True)
                for n in range(cell.num_layers)}


def _renamed(name: str, array: Array) -> tuple[str, Array]:
    for before, since in _NAMES:
        if name.startswith(before):
            return since + name.removeprefix(before), array
    if name in ("std", "log_std"):
        return f"distribution.{name}_param", array
    return name, array


def _distribution(weights: Mapping[str, Array]) -> dict[str, Any] | None:
    """Of a Gaussian with a deviation of its own; whatever else there is has no weights."""
    for kind, name in (("scalar", "std_param"), ("log", "log_std_param")):
        if f"distribution.{name}" in weights:
            return {"class_name": "GaussianDistribution", "std_type": kind}
    return None


def _version() -> str:
    try:
        return version("rsl-rl-lib")
    except PackageNotFoundError:
        return "of an unknown version"
