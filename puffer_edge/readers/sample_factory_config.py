# SPDX-License-Identifier: MIT
"""``config.json`` of a Sample Factory experiment: what its checkpoints do not hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.text import printable

MAX_BYTES = 1 << 20
NONLINEARITIES = ("elu", "relu", "tanh")


@dataclass(frozen=True)
class SampleFactoryConfig:
    """The defaults are the trainer's.

    Attributes:
        nonlinearity: after every hidden layer.
        obs_subtract_mean, obs_scale: the observation is ``(x - mean) / scale`` before anything.
    """

    nonlinearity: str = "elu"
    obs_subtract_mean: float = 0.0
    obs_scale: float = 1.0


def load_config(path: Path) -> SampleFactoryConfig:
    """Reads the settings that the network needs.

    Raises:
        FileFormatError: the file is no such JSON, or a setting is none of the trainer's.
        UnsupportedError: the mean of the action is squashed by ``continuous_tanh_scale``.
    """
    where = str(path)
    try:
        settings = json.loads(read_file(path, MAX_BYTES).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError("the file is no JSON", where=where,
                              hint="give train_dir/<experiment>/config.json") from error
    if not isinstance(settings, dict) or "nonlinearity" not in settings:
        raise FileFormatError("these are no settings of Sample Factory", where=where,
                              hint="give train_dir/<experiment>/config.json")
    name = settings["nonlinearity"]
    if name not in NONLINEARITIES:
        raise FileFormatError(f"the nonlinearity {printable(str(name), 40)} is none of "
                              f"{', '.join(NONLINEARITIES)}", where=where)
    mean = _number(settings, "obs_subtract_mean", 0.0, where)
    scale = _number(settings, "obs_scale", 1.0, where)
    if not abs(scale) > 1e-8:
        raise FileFormatError(f"obs_scale is {scale:g}, which nothing can be divided by",
                              where=where)
    if _number(settings, "continuous_tanh_scale", 0.0, where) > 0:
        raise UnsupportedError("the mean of the action goes through continuous_tanh_scale",
                               where=where, hint="export the policy to ONNX")
    return SampleFactoryConfig(name, mean, scale)


def _number(settings: dict[str, Any], name: str, default: float, where: str) -> float:
    value = settings.get(name, default)
    try:
        number = float(value) if type(value) in (int, float) else inf
    except OverflowError:  # an integer of hundreds of digits
        number = inf
    if not isfinite(number):
        raise FileFormatError(f"{name} is no number", where=where)
    return number
