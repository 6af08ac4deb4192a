# SPDX-License-Identifier: MIT
"""What of a checkpoint is no parameter and no setting: told by its name and its class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from puffer_edge.readers.numpy_pickle import PickledArray
from puffer_edge.readers.pickle_data import Stub

MAX_PARTS = 2_000
_OF_TRAINING = (
    "__builtin__", "_codecs", "argparse", "builtins", "collections", "copyreg", "datetime",
    "easydict", "functools", "gym", "gymnasium", "hydra", "ml_collections", "numpy.random",
    "omegaconf", "pathlib", "random", "ray", "tensordict", "torch.amp", "torch.cuda",
    "torch.distributions", "torch.optim", "types", "wandb")
"""Packages whose objects are settings, spaces, random generators, optimizers."""


def class_of(value: Any) -> str:
    """Class of the first object, array or tensor in a value; empty where it is plain data."""
    left = MAX_PARTS
    stack: list[Any] = [value]
    while stack and left:
        left -= 1
        part = stack.pop()
        if isinstance(part, Stub):
            if part.called or part.state is not None:
                return f"{part.module}.{part.name}"
        elif isinstance(part, np.ndarray):
            return "torch.Tensor"
        elif isinstance(part, PickledArray):
            return "numpy.ndarray"
        elif isinstance(part, Mapping):
            stack.extend(reversed(list(part.values())))
        elif isinstance(part, list | tuple | set | frozenset):
            stack.extend(part)
    return "" if not stack else type(value).__name__


def only_trains(name: str) -> bool:
    """Whether a class is known for what no action needs; data without a class is."""
    return "." not in name or name.startswith(tuple(f"{package}." for package in _OF_TRAINING))
