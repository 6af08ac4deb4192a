# SPDX-License-Identifier: MIT
"""``.d3`` files of d3rlpy: a pickle of a dictionary with a torch checkpoint and the run's settings.

``algo.save("policy.d3")`` pickles ``{"torch": bytes, "config": JSON, "version": text}``. The pickle
is walked as data; nothing in it is run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.pickle_data import Names, read_pickle
from puffer_edge.readers.text import printable
from puffer_edge.readers.torch_checkpoint import load_checkpoint

MAX_CONFIG = 1 << 20
"""Bytes of the settings; they hold no weights."""
_HINT = "give the file that algo.save() of d3rlpy wrote"


@dataclass(frozen=True)
class Part:
    """A part of the settings: which kind, and its parameters."""

    kind: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class D3rlpyFile:
    """What a file holds.

    Attributes:
        modules: state_dicts of the algorithm's networks and optimisers, by name.
        algorithm: its kind and settings.
        observation_shape: as the settings have it: sizes, or shapes where it has parts.
        action_size: choices of a discrete action, or elements of a continuous one.
        version: of d3rlpy.
    """

    modules: dict[str, Any]
    algorithm: Part
    observation_shape: tuple[Any, ...]
    action_size: int
    version: str


def looks_like_d3(content: bytes) -> bool:
    """Whether this is such a pickle, by its first key and a word of its settings."""
    return (content[:1] == b"\x80" and b"\x05torch" in content[:64]
            and b'"observation_shape"' in content)


def read_d3(content: bytes, where: str) -> D3rlpyFile:
    """Reads a file.

    Raises:
        FileFormatError: it is damaged, or no such file.
        UnsupportedError: a tensor is of a kind that policies do not have.
    """
    tree = read_pickle(content, Names({}, hint=_HINT), where=where)
    if not isinstance(tree, dict):
        raise FileFormatError("the pickle holds no dictionary", where=where, hint=_HINT)
    weights, text = tree.get("torch"), tree.get("config")
    if not isinstance(weights, bytes) or not isinstance(text, str) or len(text) > MAX_CONFIG:
        raise FileFormatError("the pickle holds no weights with their settings", where=where,
                              hint=_HINT)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError("the settings are no JSON", where=where, hint=_HINT) from error
    settings = found if isinstance(found, dict) else {}
    shape, size = settings.get("observation_shape"), settings.get("action_size")
    if not isinstance(shape, list) or not isinstance(size, int) or not 0 < size < 1 << 20:
        raise FileFormatError("the settings name no observation or action", where=where, hint=_HINT)
    modules = load_checkpoint(weights, where=where)
    if not isinstance(modules, dict):
        raise FileFormatError("the weights are no state_dicts", where=where, hint=_HINT)
    return D3rlpyFile(modules, part(settings, "config", where), tuple(shape), size,
                      printable(str(tree.get("version")), 20))


def part(settings: dict[str, Any], name: str, where: str) -> Part:
    """A part of settings, ``{"type": ..., "params": {...}}``.

    Raises:
        FileFormatError: it is missing or has another form.
    """
    found = settings.get(name)
    found = found if isinstance(found, dict) else {}
    kind, parameters = found.get("type"), found.get("params")
    if not isinstance(kind, str) or not isinstance(parameters, dict):
        raise FileFormatError(f"the settings have no {name}", where=where, hint=_HINT)
    return Part(printable(kind, 40), parameters)
