# SPDX-License-Identifier: MIT
"""Stored Programs that are changed: anyhow, or such that many of them still are Programs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from random import Random
from typing import Any

import numpy as np

from puffer_edge.artefact import program_file
from puffer_edge.ir import Program
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.op import OPS
from tests import zoo
from tests.fuzz import mutations as change

PROGRAMS = ("mlp", "lstm", "lstm_int8", "mlp_int8", "mlp_int16", "conv_int8")
SOUND = 0.4
"""Share of changes that keep to types and shapes."""

Arrays = dict[str, Any]
Change = Callable[[Random, Arrays, dict[str, Any]], None]


def changed_program(random: Random, cases: Sequence[str] = PROGRAMS) -> Program:
    """A Program of the zoo with other attributes, names, numbers, sizes or connections.

    Raises:
        FileFormatError: it is none any more.
    """
    with np.load(io.BytesIO(_stored(random.choice(cases)))) as data:
        arrays = {name: data[name] for name in data.files}
    if random.random() < SOUND:
        text = json.loads(arrays["program"].tobytes())
        for _ in range(random.randint(1, 3)):
            random.choice(CHANGES if _constants(arrays) else OTHERS)(random, arrays, text)
        arrays["program"] = _text(text)
        return program_file.from_bytes(_written(arrays))
    if random.random() < 0.7:
        arrays["program"] = _text(change.tree(random, json.loads(arrays["program"].tobytes())))
    else:
        name = random.choice(sorted(arrays))
        changed = change.words(random, arrays[name].tobytes())
        arrays[name] = np.frombuffer(changed, arrays[name].dtype).reshape(arrays[name].shape)
    content = _written(arrays)
    return program_file.from_bytes(
        change.raw(random, content) if random.random() < 0.1 else content)


@cache
def _stored(case: str) -> bytes:
    return program_file.to_bytes(zoo.program(case))


def _text(value: Any) -> Any:
    return np.frombuffer(change.as_json(value), np.uint8)


def _written(arrays: Arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _constants(arrays: Arrays) -> list[str]:
    return [name for name, array in arrays.items() if name != "program" and array.size]


def _numbers(random: Random, arrays: Arrays, text: dict[str, Any]) -> None:
    """Some elements of a constant: others that its type has."""
    name = random.choice(_constants(arrays))
    array = arrays[name].copy()
    flat = array.reshape(-1)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(flat.size)
        value = flat[at].item()
        if array.dtype.kind == "f":
            flat[at] = random.choice((0.0, -0.0, -value, value * 2, value / 3, value + 1e-3,
                                      1e-30, 1e-45, 3.0, -200.0, flat[random.randrange(flat.size)]))
        elif array.dtype.kind in "iu":
            info = np.iinfo(array.dtype)
            chosen = random.choice((0, -value, value + 1, value - 1, value // 2, value * 2,
                                    info.min, info.max, flat[random.randrange(flat.size)].item()))
            flat[at] = min(max(chosen, info.min), info.max)
    arrays[name] = array


def _scaled(random: Random, arrays: Arrays, text: dict[str, Any]) -> None:
    """A whole constant smaller, negated, constant or mixed up; integers stay integers."""
    name = random.choice(_constants(arrays))
    array = arrays[name]
    match random.randrange(4):
        case 0:
            arrays[name] = (array / random.choice((2, 3, 16))).astype(array.dtype)
        case 1 if array.dtype.kind == "f":
            arrays[name] = -array
        case 2:
            arrays[name] = np.full_like(array, array.reshape(-1)[0])
        case _:
            order = list(range(len(array))) if array.ndim else []
            random.shuffle(order)
            arrays[name] = array[order] if order else array


def _exchanged(random: Random, arrays: Arrays, text: dict[str, Any]) -> None:
    """Two constants of one type and shape."""
    name = random.choice(_constants(arrays))
    alike = [other for other in _constants(arrays)
             if (arrays[other].shape, arrays[other].dtype)
             == (arrays[name].shape, arrays[name].dtype)]
    other = random.choice(alike)
    arrays[name], arrays[other] = arrays[other], arrays[name]


def _resized(random: Random, arrays: Arrays, text: dict[str, Any]) -> None:
    """Every axis and number of one size, one smaller or larger."""
    sizes = sorted({size for name in _constants(arrays) for size in arrays[name].shape if size > 1})
    if not sizes:
        return
    size, grow = random.choice(sizes), random.random() < 0.5
    for name in _constants(arrays):
        for axis, length in enumerate(arrays[name].shape):
            if length % size or length > 8 * size:
                continue  # four gates of n units each have 4 n rows
            parts = np.split(arrays[name], length // size, axis)
            last = [part.take([-1], axis) for part in parts]
            parts = [np.concatenate((part, end), axis) if grow
                     else part.take(range(size - 1), axis)
                     for part, end in zip(parts, last, strict=True)]
            arrays[name] = np.concatenate(parts, axis)

    def of(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: of(part) for key, part in value.items()}
        if isinstance(value, list):
            return [of(part) for part in value]
        return size + (1 if grow else -1) if value == size and isinstance(value, int) else value

    text.update(of(text))


def _attribute(random: Random, arrays: Arrays, text: dict[str, Any]) -> None:
    """A whole number or scale of an op, a little off."""
    owners = [op for op in text["ops"] for op in (op, op.get("quantization"))
              if isinstance(op, dict)]
    owner = random.choice(owners)
    keys = [key for key, value in owner.items()
            if isinstance(value, int | float) and not isinstance(value, bool)]
    if keys:
        key = random.choice(keys)
        owner[key] = owner[key] + random.choice((-1, 1)) if isinstance(owner[key], int) else (
            owner[key] * random.choice((0.5, 1.1, 2.0)))


def _function(random: Random, arrays: Arrays, text: dict[str, Any]) -> None:
    """Another function in an activation's place."""
    places = [part for op in text["ops"] for part in op.values()
              if isinstance(part, dict) and part.get("class") == "Activation"]
    if places:
        random.choice(places).update(function=random.choice(sorted(FUNCTIONS)), parameters=[])


def _input(random: Random, arrays: Arrays, text: dict[str, Any]) -> None:
    """An op reads another value that was there before it."""
    at = random.randrange(len(text["ops"]))
    op, names = text["ops"][at], [text["input"], *(pair[0] for pair in text["states"])]
    for earlier in text["ops"][:at]:
        names += [earlier[key] for key in ("y", "y_c", "y_h") if isinstance(earlier.get(key), str)]
    reads = [field.name for field in fields(OPS[op["class"]]) if op.get(field.name) in names]
    if reads:
        op[random.choice(reads)] = random.choice(names)


def _contract(random: Random, arrays: Arrays, text: dict[str, Any]) -> None:
    """Another way to make actions of the same outputs."""
    action = text["contract"]["action"]
    if action["class"] == "Discrete":
        sizes = action["sizes"]
        total, cut = sum(sizes), random.randint(1, max(1, sum(sizes) - 1))
        action["sizes"] = [total] if len(sizes) > 1 or total < 2 else [cut, total - cut]
    elif action["class"] == "Continuous":
        action["squash"] = random.choice(("", "tanh"))
        action["rescale"] = random.choice((True, False))


OTHERS: tuple[Change, ...] = (_attribute, _function, _input, _contract)
CHANGES: tuple[Change, ...] = (_numbers, _numbers, _scaled, _exchanged, _resized, *OTHERS)
