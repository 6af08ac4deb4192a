# SPDX-License-Identifier: MIT
"""The pickle of a torch.save: names of tensors and storages become numpy arrays."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.readers.budget import Budget, is_shape
from puffer_edge.readers.numpy_pickle import numpy_names
from puffer_edge.readers.pickle_data import (
    Known,
    Names,
    RefusedError,
    Stub,
    read_pickle,
)
from puffer_edge.readers.text import printable

STORAGES = {
    "FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": "bf16",
    "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1",
    "ByteStorage": "u1", "BoolStorage": "?",
}
_DEVICES = re.compile(r"(cpu|cuda|mps|xpu|hpu)(:\d{1,3})?")


@dataclass(frozen=True)
class _Storage:
    """Numbers of one storage, still without a shape."""

    data: Array


class TensorReader:
    """Gives the names in a checkpoint's pickle their meaning.

    Args:
        fetch: the bytes of a storage by its key.
        where: the file, for messages.
        order: byte order of the numbers, ``<`` or ``>``.
        budget: of the file.
    """

    def __init__(self, fetch: Callable[[str], bytes], where: str, order: str, budget: Budget
                 ) -> None:
        self._fetch = fetch
        self._where = where
        self._order = order
        self._storages: dict[str, tuple[str, _Storage]] = {}
        self._budget = budget

    def read(self, content: bytes) -> Any:
        """The data of a pickle."""
        known: dict[tuple[str, str], Any] = {
            ("torch._utils", "_rebuild_tensor_v2"): Known(self._tensor),
            ("torch._utils", "_rebuild_parameter"): Known(lambda data, *_: data),
            ("torch._utils", "_rebuild_parameter_with_state"): Known(lambda data, *_: data),
            # Filled by SETITEMS; an argument could be repeated without end.
            ("collections", "OrderedDict"): Known(lambda: OrderedDict()),
            ("torch", "Size"): Known(_size),
            **numpy_names(self._budget, strict=False),  # statistics beside the weights
        }
        # The classes of storages stay stubs, which cannot be taken for the names of tensors.
        return read_pickle(content, Names(known, self._storage), where=self._where)

    def _storage(self, identity: Any) -> Any:
        if type(identity) is tuple and len(identity) == 4 and identity[0] == "module" and (
                isinstance(identity[1], Stub)):
            return identity[1]  # a class, with its source; torch before 1.6 wrote modules so
        if type(identity) is tuple and len(identity) == 6 and identity[5] is None:
            identity = identity[:5]  # torch before 1.6 could save a part of a storage
        if type(identity) is not tuple or len(identity) != 5 or not isinstance(identity[0], str):
            raise RefusedError("the checkpoint refers to something that is no storage")
        tag, kind, key, device, count = identity
        if tag != "storage" or not is_shape((count,)) or not isinstance(device, str) or not (
                isinstance(key, str) and len(key) < 64):
            raise RefusedError("a storage is malformed")
        if not isinstance(kind, Stub) or kind.called or kind.module != "torch" or (
                kind.name not in STORAGES):
            raise UnsupportedError("a tensor has a number type that policies do not have",
                                   where=self._where,
                                   hint="convert the policy with policy.float() and save it again")
        if not _DEVICES.fullmatch(device):
            raise UnsupportedError(
                f"a tensor has no data: its device is {printable(device, 20)!r}",
                where=self._where)
        if key not in self._storages:
            numbers = _numbers(self._fetch(key), STORAGES[kind.name], self._order)
            self._storages[key] = kind.name, _Storage(numbers)
        before, storage = self._storages[key]
        if before != kind.name:
            raise RefusedError("one storage is declared in two ways")
        if len(storage.data) != count:
            raise RefusedError(f"a storage declares {count} numbers and holds {len(storage.data)}")
        return storage

    def _tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Array:
        """torch._utils._rebuild_tensor_v2: all indices are checked before anything is made."""
        if not isinstance(storage, _Storage) or not is_shape((offset,)) or not is_shape(
                stride) or not is_shape(size) or len(size) != len(stride):
            raise RefusedError("a tensor's shape is malformed")
        if not self._budget.array(size, storage.data.itemsize):
            return np.zeros(size, storage.data.dtype)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if last >= len(storage.data):
            raise RefusedError("a tensor is larger than its storage")
        # A one-element axis may have any stride, which would overflow when counted in bytes.
        steps = [step * storage.data.itemsize if n > 1 else 0
                 for n, step in zip(size, stride, strict=True)]
        view = np.lib.stride_tricks.as_strided(storage.data[offset:], size, steps)
        return np.ascontiguousarray(view).reshape(size)


def _size(items: Any) -> Any:
    if not is_shape(items):
        raise RefusedError("a torch.Size is malformed")
    return items


def _numbers(content: bytes, kind: str, order: str) -> Array:
    if kind == "bf16":
        half = np.frombuffer(content, np.dtype(order + "u2"))
        return (half.astype(np.uint32) << 16).view(np.float32)
    if kind == "?":
        flags: Array = np.frombuffer(content, np.uint8) != 0
        return flags
    stored = np.dtype(order + kind)
    return np.frombuffer(content, stored).astype(stored.newbyteorder("="), copy=False)
