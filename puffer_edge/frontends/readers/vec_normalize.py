"""The statistics in a pickled VecNormalize of Stable-Baselines3."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.readers.numpy_pickle import NUMPY_NAMES, array_of
from puffer_edge.frontends.readers.pickle_data import Names, Stub, read_pickle

MAX_BYTES = 64 << 20


@dataclass(frozen=True)
class VecNormalizeStatistics:
    """Observations become ``clip((x - mean) / sqrt(var + epsilon), -clip, clip)``.

    Attributes:
        mean, var: float64, one per element of the observation.
        epsilon: added to the variance.
        clip: bound of the normalised observation.
    """

    mean: npt.NDArray[np.float64]
    var: npt.NDArray[np.float64]
    epsilon: float
    clip: float


def load_vec_normalize(path: Path) -> VecNormalizeStatistics | None:
    """Reads the pickle that ``VecNormalize.save`` wrote, without running it.

    Returns:
        The statistics, or None where the wrapper does not normalise observations.

    Raises:
        FileFormatError: the file is damaged or no VecNormalize.
        UnsupportedError: the statistics are those of dictionary observations.
    """
    where = str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileFormatError("the file is larger than any statistics", where=where)
        content = path.read_bytes()
    except OSError as error:
        raise FileFormatError(f"the file cannot be read: {error.strerror}", where=where) from error
    tree = read_pickle(content, Names(NUMPY_NAMES), where=where)
    if not isinstance(tree, Stub) or tree.name != "VecNormalize" or not isinstance(
            tree.state, dict):
        raise FileFormatError("the file holds no VecNormalize", where=where,
                              hint="give the file that env.save(path) wrote")
    state = tree.state
    if state.get("norm_obs") is False:
        return None
    rms = state.get("obs_rms")
    if isinstance(rms, dict):
        raise UnsupportedError("the statistics are those of dictionary observations", where=where,
                               hint="flatten the observations before VecNormalize")
    mean, var = _field(rms, "mean", where).reshape(-1), _field(rms, "var", where).reshape(-1)
    epsilon, clip = (_number(state, name, where) for name in ("epsilon", "clip_obs"))
    if mean.shape != var.shape or np.any(var < 0) or not (epsilon >= 0 and clip > 0):
        raise FileFormatError("the statistics do not fit each other", where=where)
    return VecNormalizeStatistics(mean, var, epsilon, clip)


def _field(rms: Any, name: str, where: str) -> npt.NDArray[np.float64]:
    state = rms.state if isinstance(rms, Stub) and isinstance(rms.state, dict) else {}
    array = array_of(state.get(name))
    if array is None or not np.isfinite(array).all():
        raise FileFormatError(f"obs_rms.{name} is missing or not finite", where=where)
    return np.asarray(array, np.float64)


def _number(state: dict[Any, Any], name: str, where: str) -> float:
    array = array_of(state.get(name))
    if array is None or array.size != 1 or not np.isfinite(array).all():
        raise FileFormatError(f"{name} is missing or no number", where=where)
    return float(array.reshape(-1)[0])
