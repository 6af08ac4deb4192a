# SPDX-License-Identifier: MIT
"""The observations that a Stable-Baselines3 zip ends with: evidence of how they were normalised.

``_last_obs`` is what the policy saw last; ``_last_original_obs`` is a raw observation. Both are
base64 pickles of numpy arrays, or of dictionaries of them, and are read without being run. What is
in them that is no array of numbers tells nothing, and is left alone.
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.numpy_pickle import array_of, numpy_names
from puffer_edge.readers.pickle_data import Known, Names, read_pickle

Parts = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class LastObservation:
    """What the file says of the last observations; parts by key, ``""`` for one that has none.

    Attributes:
        seen: ``_last_obs`` [environments, ...], as the policy saw it; empty if it is not told.
        original: ``_last_original_obs``; empty if it is not told.
        trained: the file holds a ``_last_obs``, readable or not: the model was trained.
        has_original: the same of ``_last_original_obs``.
    """

    seen: Parts
    original: Parts
    trained: bool
    has_original: bool


def last_observation(data: Mapping[str, Any], where: str) -> LastObservation:
    """The evidence in a zip's JSON."""
    seen, original = data.get("_last_obs"), data.get("_last_original_obs")
    return LastObservation(_parts(seen, f"{where}: _last_obs"),
                           _parts(original, f"{where}: _last_original_obs"),
                           seen is not None, original is not None)


def _parts(entry: Any, where: str) -> Parts:
    text = entry.get(":serialized:") if isinstance(entry, dict) else None
    if not isinstance(text, str):
        return {}
    try:
        content = base64.b64decode(text, validate=True)
        # Filled by SETITEMS; an argument could be repeated without end.
        known = numpy_names(Budget(len(content), where)) | {
            ("collections", "OrderedDict"): Known(lambda: OrderedDict())}
        tree = read_pickle(content, Names(known), where=where)
    except (ValueError, FileFormatError):
        return {}
    named = tree if isinstance(tree, dict) else {"": tree}
    found = {key: array_of(value) for key, value in named.items() if isinstance(key, str)}
    arrays = {key: array for key, array in found.items() if array is not None and array.ndim}
    return arrays if len(arrays) == len(named) else {}
