# SPDX-License-Identifier: MIT
"""Sizes that a trainer wrote beside its weights: an .ini of settings, or a .json of a run."""

from __future__ import annotations

import configparser
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.text import printable

MAX_BYTES = 16 << 20
_HINT = "give config/<env>.ini, or logs/<env>/<run>.json of the run"
_LARGEST = 1 << 20


@dataclass(frozen=True)
class TrainingConfig:
    """What it says about the network; None where it says nothing.

    Attributes:
        hidden_size: width of the network.
        num_layers: recurrent layers.
        notes: how a number was understood.
    """

    hidden_size: int | None
    num_layers: int | None
    notes: tuple[str, ...] = ()


def load_config(path: Path) -> TrainingConfig:
    """Reads ``hidden_size`` and ``num_layers``, of the section ``policy`` where there are several.

    A sweep writes floats; like the trainer, we cut their fractions off.

    Raises:
        FileFormatError: the file is neither INI nor JSON, or a size is no number of any policy.
    """
    where = str(path)
    try:
        text = read_file(path, MAX_BYTES).decode("utf-8-sig")
        pairs = list(_pairs(text))
    except (UnicodeDecodeError, ValueError, RecursionError, configparser.Error) as error:
        raise FileFormatError("the file is neither INI nor JSON", where=where,
                              hint=_HINT) from error
    notes: list[str] = []
    hidden, layers = (_size(pairs, name, where, notes) for name in ("hidden_size", "num_layers"))
    return TrainingConfig(hidden, layers, tuple(notes))


def _pairs(text: str) -> Iterator[tuple[str, Any]]:
    try:
        settings = json.loads(text)
    except ValueError:
        return _ini(text)
    return _json(settings, ())


def _ini(text: str) -> Iterator[tuple[str, Any]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False,
                                       inline_comment_prefixes=("#", ";"))
    parser.read_string(text)
    for section in parser.sections():
        for key, value in parser.items(section):
            yield f"{section}.{key}", value


def _json(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and len(path) < 16:
        for key, part in value.items():
            yield from _json(part, (*path, str(key)))
    elif not isinstance(value, Mapping):
        yield ".".join(path), value


def _size(pairs: list[tuple[str, Any]], name: str, where: str, notes: list[str]) -> int | None:
    found = {key: value for key, value in pairs if key.split(".")[-1].replace("-", "_") == name}
    policy = {key: value for key, value in found.items() if "policy" in key.split(".")[:-1]}
    candidates = policy or {k: v for k, v in found.items() if "sweep" not in k.split(".")}
    numbers = {}
    for key, value in candidates.items():
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not 0 <= number <= _LARGEST or isinstance(value, bool):
            raise FileFormatError(f"{printable(key)} is no size of a network: "
                                  f"{printable(str(value), 40)}", where=where)
        numbers[key] = int(number)
        if number != int(number):
            notes.append(f"{name} {number:g} counts as {int(number)}, as the trainer cuts it off")
    if len(set(numbers.values())) > 1:
        raise FileFormatError(
            f"{name} is there with different values: "
            f"{', '.join(f'{printable(k)} = {v}' for k, v in list(numbers.items())[:6])}",
            where=where, hint=f"give --{name.replace('_', '-')} instead")
    return next(iter(numbers.values()), None)
