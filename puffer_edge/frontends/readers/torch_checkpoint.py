"""Checkpoints of torch.save (zip format) without torch: plain data with numpy arrays for tensors."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.readers.pickle_data import Known, Names, Stub, read_pickle
from puffer_edge.frontends.readers.zip_archive import ZipArchive

Array = npt.NDArray[Any]

MAX_TENSORS = 10_000
MAX_ELEMENTS = 1 << 28
"""Of one tensor; a policy for a microcontroller has a few million."""

_STORAGES = {
    "FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": "bf16",
    "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1",
    "ByteStorage": "u1", "BoolStorage": "?",
}
_DEVICES = re.compile(r"(cpu|cuda|mps|xpu|hpu)(:\d+)?")


@dataclass(frozen=True)
class _Storage:
    """Numbers of one storage, still without a shape."""

    data: Array


def load_checkpoint(source: Path | bytes, *, where: str) -> Any:
    """What was saved: dicts, lists, numbers, strings, numpy arrays, and inert stubs.

    bfloat16 tensors come as float32. Tensors saved from a GPU are read like any other.

    Args:
        source: path or content of the file.
        where: the file, for messages.

    Raises:
        FileFormatError: the file is damaged or hostile.
        UnsupportedError: a tensor is sparse, quantised, complex, or has no data.
    """
    archive = ZipArchive(source, where=where)
    pickles = [name for name in archive.names if name.split("/")[-1] == "data.pkl"]
    if len(pickles) != 1:
        raise archive.error(f"a checkpoint holds one data.pkl, this file has {len(pickles)}")
    prefix = pickles[0].removesuffix("data.pkl")
    order = prefix + "byteorder"
    big = order in archive.names and archive.read(order).strip() == b"big"
    return _Reader(archive, prefix, ">" if big else "<").read(archive.read(pickles[0]))


def flat_state_dict(tree: Any, where: str) -> dict[str, Array]:
    """The state_dict that a checkpoint is: arrays by name.

    Names lose the ``module.`` of DistributedDataParallel and the ``_orig_mod.`` of torch.compile.

    Raises:
        FileFormatError: the checkpoint is something else, or a tensor holds NaN or infinity.
        UnsupportedError: the checkpoint is a whole pickled module.
    """
    if isinstance(tree, Stub):
        raise UnsupportedError(
            f"the file holds a whole module of the class {ascii(f'{tree.module}.{tree.name}')}",
            where=where, hint="save its parameters instead: torch.save(policy.state_dict(), path)")
    if not isinstance(tree, dict) or not tree:
        raise FileFormatError("the file holds no state_dict", where=where,
                              hint="save the policy with torch.save(policy.state_dict(), path)")
    weights: dict[str, Array] = {}
    for key, value in tree.items():
        if not isinstance(key, str) or not isinstance(value, np.ndarray):
            raise FileFormatError(
                f"the file holds no state_dict: {ascii(key)[:60]} is no tensor", where=where,
                hint="save the policy with torch.save(policy.state_dict(), path)")
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise FileFormatError(
                "the tensor holds NaN or infinite values", where=f"{where}: {ascii(key)[1:-1]}",
                hint="the training run has diverged; take an earlier checkpoint")
        name = ".".join(part for part in key.removeprefix("module.").split(".")
                        if part != "_orig_mod")
        name = name.removeprefix("module.")
        if name in weights:
            raise FileFormatError("two tensors have this name", where=f"{where}: {ascii(name)}")
        weights[name] = value
    return weights


class _Reader:
    """Gives the names in a checkpoint's pickle their meaning."""

    def __init__(self, archive: ZipArchive, prefix: str, order: str) -> None:
        self._archive = archive
        self._prefix = prefix
        self._order = order
        self._storages: dict[str, tuple[str, _Storage]] = {}
        self._tensors = 0

    def read(self, content: bytes) -> Any:
        known: dict[tuple[str, str], Any] = {
            ("torch._utils", "_rebuild_tensor_v2"): Known(self._tensor),
            ("torch._utils", "_rebuild_parameter"): Known(self._parameter),
            ("collections", "OrderedDict"): Known(self._ordered),
            ("torch", "Size"): Known(tuple),
        }
        for name in _STORAGES:
            known["torch", name] = name
        return read_pickle(content, Names(known, self._storage), where=self._archive.where)

    def _storage(self, identity: Any) -> _Storage:
        if not isinstance(identity, tuple) or len(identity) != 5 or identity[0] != "storage":
            raise self._archive.error("the checkpoint refers to something that is no storage")
        _, kind, key, device, count = identity
        if not isinstance(kind, str) or kind not in _STORAGES:
            raise UnsupportedError("a tensor has a number type that policies do not have",
                                   where=self._archive.where,
                                   hint="convert the policy with policy.float() and save it again")
        if not isinstance(key, str) or not isinstance(count, int) or not isinstance(device, str):
            raise TypeError
        if not _DEVICES.fullmatch(device):
            raise UnsupportedError(f"a tensor has no data: its device is {ascii(device)}",
                                   where=self._archive.where)
        if key in self._storages:
            before, storage = self._storages[key]
            if before != kind or len(storage.data) != count:
                raise self._archive.error("one storage is declared in two ways")
            return storage
        content = self._archive.read(f"{self._prefix}data/{key}")
        storage = _Storage(_numbers(content, _STORAGES[kind], self._order))
        if len(storage.data) != count:
            raise self._archive.error(f"a storage declares {count} numbers and holds "
                                      f"{len(storage.data)}")
        self._storages[key] = kind, storage
        return storage

    def _tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Array:
        """torch._utils._rebuild_tensor_v2: all indices are checked before anything is made."""
        self._tensors += 1
        integers = (offset, *size, *stride)
        if not isinstance(storage, _Storage) or len(size) != len(stride) or not all(
                type(number) is int and number >= 0 for number in integers):
            raise self._archive.error("a tensor's shape is malformed")
        if self._tensors > MAX_TENSORS or prod(size) > MAX_ELEMENTS:
            raise self._archive.error("the checkpoint has more or larger tensors than any policy")
        if not prod(size):
            return np.zeros(size, storage.data.dtype)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if last >= len(storage.data) or prod(size) > max(len(storage.data), 1):
            raise self._archive.error("a tensor is larger than its storage")
        item = storage.data.itemsize
        view = np.lib.stride_tricks.as_strided(
            storage.data[offset:], size, [step * item for step in stride])
        return np.ascontiguousarray(view).reshape(size)

    def _parameter(self, data: Any, *_: Any) -> Any:
        return data

    def _ordered(self, items: Any = ()) -> OrderedDict[Any, Any]:
        return OrderedDict(items)


def _numbers(content: bytes, kind: str, order: str) -> Array:
    if kind == "bf16":
        half = np.frombuffer(content, np.dtype(order + "u2"))
        return (half.astype(np.uint32) << 16).view(np.float32)
    stored = np.dtype(kind if kind in ("u1", "i1", "?") else order + kind)
    return np.frombuffer(content, stored).astype(stored.newbyteorder("="))
