# SPDX-License-Identifier: MIT
"""``.d3`` files of d3rlpy: the greedy policy of an algorithm, by the settings in the file.

Structure (d3rlpy.models.torch, 2.8): a scaler of the observation, an encoder (linear layers, or
convolutions and a linear layer, each followed by its activation, then by norms), and ``_fc`` or
``_mu``. Actors are squashed by tanh and scaled onto the action's bounds; values of an ensemble are
averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends import heads
from puffer_edge.frontends.d3rlpy_encoder import encode
from puffer_edge.frontends.layers import linear, normalized
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors, add_linear
from puffer_edge.ir import Builder, Continuous, Discrete, Program
from puffer_edge.ir import Normaliser as Described
from puffer_edge.ir.ops import Reshape
from puffer_edge.readers.d3rlpy_file import D3rlpyFile, part, read_d3
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.torch_checkpoint import flat_state_dict

HINT = ("export the greedy policy: algo.save_policy('policy.onnx'), and give that file with "
        "--action")


@dataclass(frozen=True)
class Kind:
    """Where an algorithm has its greedy policy.

    Attributes:
        module: whose state_dict it is.
        encoder: the setting that describes its encoder.
        discrete: the action is the largest output's.
    """

    module: str
    encoder: str
    discrete: bool = False


_ACTOR = Kind("policy", "actor_encoder_factory")
_VALUES = Kind("q_funcs", "encoder_factory", discrete=True)
ALGORITHMS = {
    **dict.fromkeys(("sac", "cql", "cal_ql", "td3", "td3_plus_bc", "ddpg", "iql", "awac", "rebrac",
                     "prdc"), _ACTOR),
    **dict.fromkeys(("dqn", "double_dqn", "nfq", "discrete_cql"), _VALUES),
    "discrete_sac": Kind("policy", "actor_encoder_factory", discrete=True),
    "bc": Kind("imitator", "encoder_factory"),
    "discrete_bc": Kind("imitator", "encoder_factory", discrete=True),
}
"""Others sample candidates and let the values choose, or look at the last steps."""


def load_d3_file(path: Path, options: LoadOptions) -> Program:
    """The Program of a file.

    Raises:
        FileFormatError: the file is damaged, or its tensors do not fit each other.
        UnsupportedError: the algorithm or a part of it is not supported.
        UsageError: the options do not fit the policy.
    """
    where = str(path)
    file = read_d3(read_file(path), where)
    kind = ALGORITHMS.get(file.algorithm.kind)
    if kind is None:
        raise UnsupportedError(f"the greedy policy of d3rlpy's {file.algorithm.kind} is more than "
                               "one network, and is not read", where=where, hint=HINT)
    builder = Builder(f"d3rlpy {file.version}, {file.algorithm.kind}")
    shape = _shape(file, where)
    x = builder.input("observation", (1, int(np.prod(shape))))
    x = _scaled(builder, x, file, where)
    if len(shape) == 3:
        x = builder.add(Reshape, x=x, shape=(1, *shape))
    tensors = Tensors(flat_state_dict(file.modules.get(kind.module), where), where)
    described = part(file.algorithm.settings, kind.encoder, where)
    for name in file.modules.keys() - {kind.module}:
        builder.note("dropped", f"{name}: the greedy action does not need it")
    if kind.module == "q_funcs":
        y = _values(builder, x, tensors, file, where)
    else:
        x = encode(builder, x, tensors, "_encoder.", described, where)
        head = "_mu" if tensors.has("_mu.weight") else "_fc"
        y = linear(builder, x, tensors, head)
        tensors.skip_all("_logstd")
    tensors.finish(f"d3rlpy's {file.algorithm.kind}", HINT)
    if builder.shape(y)[1] != file.action_size:
        raise FileFormatError(f"the policy has {builder.shape(y)[1]} outputs, its settings say "
                              f"{file.action_size}", where=where)
    action: Discrete | Continuous
    if kind.discrete:
        action = Discrete((file.action_size,))
    else:
        low, high = _bounds(file, where)
        action = heads.continuous(builder, options, file.action_size, squash=True, low=low,
                                  high=high)
    contract = heads.contract(builder, options, int(np.prod(shape)), action)
    return builder.build({"logits" if kind.discrete else "mean": y}, contract)


NAME = "d3rlpy"


def matches(weights: dict[str, Array]) -> bool:
    """Whether these are parameters of ``algo.save_model``, which has no settings beside them."""
    return any(name.startswith(("policy._encoder._", "q_funcs.0._encoder._",
                                "imitator._encoder._")) for name in weights)


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """Refuses them.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError("d3rlpy's save_model writes no settings, so neither activations nor "
                           "scalers are known", where=where,
                           hint="give the file that algo.save('policy.d3') writes")


def _shape(file: D3rlpyFile, where: str) -> tuple[int, ...]:
    shape = file.observation_shape
    if len(shape) not in (1, 3) or not all(isinstance(size, int) and 0 < size < 1 << 16
                                           for size in shape):
        raise UnsupportedError("the observation is neither a vector nor an image", where=where,
                               hint=HINT)
    return shape


def _values(builder: Builder, x: str, tensors: Tensors, file: D3rlpyFile, where: str) -> str:
    """The mean over the values of all networks, and over the quantiles of each."""
    described = part(file.algorithm.settings, _VALUES.encoder, where)
    values = part(file.algorithm.settings, "q_func_factory", where)
    if values.kind not in ("mean", "qr"):
        raise UnsupportedError(f"values of the kind {values.kind} are not read: they sample",
                               where=where, hint=HINT)
    members = sorted({name.partition(".")[0] for name in tensors.names()})
    if len(members) != 1:
        raise UnsupportedError(f"the values are the mean of {len(members)} networks, of which one "
                               "is read", where=where, hint=HINT)
    x = encode(builder, x, tensors, "0._encoder.", described, where)
    weight, bias = tensors.linear("0._fc")
    rows, actions = len(weight), file.action_size
    if rows % actions or (values.kind == "mean" and rows != actions):
        raise FileFormatError(f"{rows} values are not those of {actions} actions", where=where)
    # The mean of linear functions is the linear function of the mean.
    weight, bias = (array.astype(np.float64).reshape(actions, rows // actions, -1).mean(axis=1)
                    for array in (weight, bias))
    return add_linear(builder, x, (weight, bias[:, 0]), "0._fc", tensors.place("0._fc"))


def _scaled(builder: Builder, x: str, file: D3rlpyFile, where: str) -> str:
    """The observation as d3rlpy's scaler gives it to the encoder."""
    scaler = part(file.algorithm.settings, "observation_scaler", where)
    size, layer = builder.shape(x)[1], "observation_scaler"
    if scaler.kind == "none":
        return x
    if scaler.kind == "pixel":
        mean, deviation = np.zeros(size), np.full(size, 255.0)
    elif scaler.kind == "min_max":
        low, high = (_vector(scaler.settings, name, size, where) for name in ("minimum", "maximum"))
        mean, deviation = (low + high) / 2, (high - low) / 2
    elif scaler.kind == "standard":
        mean, deviation = (_vector(scaler.settings, name, size, where) for name in ("mean", "std"))
        epsilon = scaler.settings.get("eps")
        if not isinstance(epsilon, float) or not epsilon >= 0:
            raise FileFormatError("the scaler of the observation has no eps", where=where)
        deviation = deviation + epsilon
    else:
        raise UnsupportedError(f"the scaler {scaler.kind} of the observation is not supported",
                               where=where, hint=HINT)
    if not (deviation > 1e-30).all():
        raise FileFormatError("the scaler of the observation divides by zero", where=where)
    builder.normalise(Described(layer, tuple(mean.tolist()), tuple(deviation.tolist()), None))
    return normalized(builder, x, 1 / deviation, -mean / deviation, layer)


def _bounds(file: D3rlpyFile, where: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What the squashed action is scaled onto."""
    scaler = part(file.algorithm.settings, "action_scaler", where)
    size = file.action_size
    if scaler.kind == "none":
        return (-1.0,) * size, (1.0,) * size
    if scaler.kind != "min_max":
        raise UnsupportedError(f"the scaler {scaler.kind} of the action is not supported",
                               where=where, hint=HINT)
    low, high = (_vector(scaler.settings, name, size, where) for name in ("minimum", "maximum"))
    return tuple(low.tolist()), tuple(high.tolist())


def _vector(settings: dict[str, Any], name: str, size: int, where: str) -> npt.NDArray[np.float64]:
    try:
        found = np.asarray(settings.get(name), np.float64).reshape(-1)
    except (TypeError, ValueError, OverflowError):
        found = np.zeros(0)
    if found.size != size or not np.isfinite(found).all():
        raise FileFormatError(f"{name} of a scaler is not {size} finite numbers", where=where)
    return found


