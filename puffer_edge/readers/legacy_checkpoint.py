# SPDX-License-Identifier: MIT
"""Checkpoints of torch.save before 1.6: five pickles one after another, then the numbers.

The pickles are a magic number, the protocol, facts about the machine, what was saved, and the keys
of its storages; the storages follow in that order, each its length (int64) and its numbers.
"""

from __future__ import annotations

import pickletools
from typing import Any

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.pickle_data import MAX_OPCODES, Names, Stub, read_pickle
from puffer_edge.readers.tensor_pickle import STORAGES, TensorReader

_SIZES = {name: 2 if kind == "bf16" else np.dtype(kind).itemsize for name, kind in STORAGES.items()}
_HINT = "load it once with torch.load(path, weights_only=True) and torch.save it again"
MAX_STORAGES = 10_000


def load_legacy(content: bytes, *, where: str) -> Any:
    """What was saved, as ``torch_checkpoint.load_checkpoint`` gives it.

    Raises:
        FileFormatError: the file is damaged or hostile.
        UnsupportedError: a tensor is of a kind that policies do not have.
    """
    start, parts = 0, []
    for _ in range(5):
        end = _end(content, start, where)
        parts.append(content[start:end])
        start = end
    _, _, machine, saved, listed = parts
    kinds = _kinds(saved, where)
    keys = read_pickle(listed, Names(hint=_HINT), where=where)
    if not isinstance(keys, list) or len(keys) > MAX_STORAGES or not all(
            isinstance(key, str) and key in kinds for key in keys) or len(set(keys)) < len(keys):
        raise _error("the storages are not those that the tensors use", where)
    storages: dict[str, bytes] = {}
    facts = read_pickle(machine, Names(hint=_HINT), where=where)
    little = not isinstance(facts, dict) or facts.get("little_endian") is not False
    for key in keys:
        count = int.from_bytes(content[start : start + 8], "little" if little else "big")
        size = count * _SIZES[kinds[key]]
        start += 8
        if start + size > len(content):
            raise _error("the file is truncated", where)
        storages[key] = content[start : start + size]
        start += size

    def fetch(key: str) -> bytes:
        if key not in storages:
            raise _error("a tensor's storage is missing", where)
        return storages[key]

    budget = Budget(len(content), where)
    return TensorReader(fetch, where, "<" if little else ">", budget).read(saved)


def _end(content: bytes, start: int, where: str) -> int:
    """Where the pickle that starts here ends."""
    try:
        for count, (opcode, _, position) in enumerate(pickletools.genops(content[start:])):
            if opcode.name == "STOP" and position is not None:
                return start + position + 1
            if count > MAX_OPCODES:
                break
    except (ValueError, IndexError, OverflowError) as error:
        raise _error("the pickle is damaged", where) from error
    raise _error("the pickle has no end", where)


def _kinds(saved: bytes, where: str) -> dict[str, str]:
    """Type of each storage by its key; nothing is made of the tensors yet."""
    kinds: dict[str, str] = {}

    def note(identity: Any) -> Stub:
        if type(identity) is tuple and len(identity) in (5, 6) and isinstance(
                identity[1], Stub) and isinstance(identity[2], str):
            kinds.setdefault(identity[2], identity[1].name)
        if type(identity) is tuple and len(identity) == 4 and isinstance(identity[1], Stub):
            return identity[1]  # the class of a module
        return Stub("torch", "storage")

    read_pickle(saved, Names(persistent=note, hint=_HINT), where=where)
    return {key: kind for key, kind in kinds.items() if kind in _SIZES}


def _error(what: str, where: str) -> FileFormatError:
    return FileFormatError(what, where=where, hint=_HINT)
