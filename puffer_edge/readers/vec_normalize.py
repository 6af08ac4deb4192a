# SPDX-License-Identifier: MIT
"""The statistics in a pickled VecNormalize of Stable-Baselines3."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.numpy_pickle import array_of, numpy_names
from puffer_edge.readers.pickle_data import Names, Stub, read_pickle
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.text import printable

MAX_BYTES = 64 << 20
_HINT = "give the file that env.save(path) wrote"


@dataclass(frozen=True)
class VecNormalizeStatistics:
    """Observations become ``clip((x - mean) / sqrt(var + epsilon), -clip, clip)``.

    Attributes:
        mean, var: float64, one per element of the observation.
        epsilon: added to the variance.
        clip: bound of the normalised observation; infinite for none.
    """

    mean: npt.NDArray[np.float64]
    var: npt.NDArray[np.float64]
    epsilon: float
    clip: float


def load_vec_normalize(path: Path
                       ) -> VecNormalizeStatistics | dict[str, VecNormalizeStatistics] | None:
    """Reads the pickle that ``VecNormalize.save`` wrote, without running it.

    Returns:
        The statistics, those of each key of dictionary observations, or None where the wrapper does
        not normalise observations.

    Raises:
        FileFormatError: the file is damaged or no VecNormalize.
    """
    where = str(path)
    content = read_file(path, MAX_BYTES)
    names = Names(numpy_names(Budget(len(content), where)), hint=_HINT)
    tree = read_pickle(content, names, where=where)
    if not isinstance(tree, Stub) or tree.name != "VecNormalize" or not isinstance(
            tree.state, dict):
        raise FileFormatError("the file holds no VecNormalize", where=where, hint=_HINT)
    state = tree.state
    if state.get("norm_obs") is False:
        return None
    rms = state.get("obs_rms")
    if isinstance(rms, dict):
        return {str(key): _statistics(part, state, f"{where}: {printable(str(key))}")
                for key, part in rms.items() if isinstance(key, str)}
    return _statistics(rms, state, where)


def _statistics(rms: Any, state: dict[Any, Any], where: str) -> VecNormalizeStatistics:
    moments = rms.state if isinstance(rms, Stub) and isinstance(rms.state, dict) else {}
    mean, var = (_array(moments.get(name), f"obs_rms.{name}", where) for name in ("mean", "var"))
    epsilon, clip = (_number(state.get(name), name, where) for name in ("epsilon", "clip_obs"))
    if mean.shape != var.shape or not mean.size or not clip > 0 or not (
            np.isfinite(mean).all() and np.isfinite(var).all() and 0 <= epsilon < np.inf
            and np.all(var >= 0) and np.all(var + epsilon > 0)):
        raise FileFormatError("the statistics are not finite or do not fit each other", where=where)
    return VecNormalizeStatistics(mean.reshape(-1), var.reshape(-1), epsilon, clip)


def _array(value: Any, name: str, where: str) -> npt.NDArray[np.float64]:
    array = array_of(value)
    if array is None:
        raise FileFormatError(f"{name} is missing or not made of numbers", where=where)
    return array


def _number(value: Any, name: str, where: str) -> float:
    array = _array(value, name, where)
    if array.size != 1:
        raise FileFormatError(f"{name} is no single number", where=where)
    return float(array.reshape(-1)[0])
