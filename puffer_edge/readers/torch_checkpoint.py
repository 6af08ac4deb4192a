"""Checkpoints of torch.save (zip format) without torch: plain data, numpy arrays for tensors."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.readers.budget import Budget, is_shape
from puffer_edge.readers.numpy_pickle import numpy_names
from puffer_edge.readers.pickle_data import (
    Known,
    Names,
    RefusedError,
    Stub,
    read_pickle,
)
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.text import printable
from puffer_edge.readers.zip_archive import ZipArchive

Array = npt.NDArray[Any]

STORAGES = {
    "FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": "bf16",
    "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1",
    "ByteStorage": "u1", "BoolStorage": "?",
}
_DEVICES = re.compile(r"(cpu|cuda|mps|xpu|hpu)(:\d{1,3})?")
_LEGACY = b"\x80\x02\x8a\nl\xfc"
_SAVE = "save the policy with torch.save(policy.state_dict(), path)"


@dataclass(frozen=True)
class _Storage:
    """Numbers of one storage, still without a shape."""

    data: Array


def load_checkpoint(source: Path | bytes, *, where: str) -> Any:
    """What was saved: dicts, lists, numbers, strings, arrays for tensors, and inert stubs.

    bfloat16 tensors come as float32. Tensors saved from a GPU are read like any other. Arrays can
    share memory and are read-only.

    Args:
        source: path or content of the file.
        where: the file, for messages.

    Raises:
        FileFormatError: the file is damaged or hostile.
        UnsupportedError: a tensor is complex, quantised or has no data.
    """
    content = source if isinstance(source, bytes) else read_file(source)
    if is_legacy(content):
        from puffer_edge.readers.legacy_checkpoint import load_legacy

        return load_legacy(content, where=where)
    archive = ZipArchive(content, where=where)
    pickles = [name for name in archive.names if name.split("/")[-1] == "data.pkl"]
    if len(pickles) != 1:
        raise archive.error(f"a checkpoint holds one data.pkl, this file has {len(pickles)}")
    prefix = pickles[0].removesuffix("data.pkl")
    order = prefix + "byteorder"
    big = order in archive.names and archive.read(order).strip() == b"big"
    reader = TensorReader(lambda key: archive.read(f"{prefix}data/{key}"), where,
                          ">" if big else "<", archive.budget)
    return reader.read(archive.read(pickles[0]))


def is_legacy(content: bytes) -> bool:
    """Whether this is the format that torch wrote before 1.6."""
    return content.startswith(_LEGACY)


def flat_state_dict(tree: Any, where: str) -> dict[str, Array]:
    """The state_dict that a checkpoint is: arrays by name.

    Names lose the ``module.`` of DistributedDataParallel and the ``_orig_mod.`` of torch.compile.

    Raises:
        FileFormatError: the checkpoint is something else, or a tensor holds NaN or infinity.
        UnsupportedError: the checkpoint is a whole pickled module, or a tensor is of a kind that
            policies do not have.
    """
    if isinstance(tree, Stub):
        raise UnsupportedError(
            f"the file holds a whole module or another object, {_class_of(tree)}", where=where,
            hint="save its parameters instead: torch.save(policy.state_dict(), path)")
    if not isinstance(tree, dict) or not tree:
        raise FileFormatError("the file holds no state_dict", where=where, hint=_SAVE)
    weights: dict[str, Array] = {}
    budget = Budget(0, where)  # for tensors under several names
    checked: set[int] = set()
    for key, value in tree.items():
        # Never str(stub): it would print what the stub was made from, which can be endless.
        shown = _class_of(key) if isinstance(key, Stub) else printable(str(key))
        place = f"{where}: {shown}"
        if isinstance(value, Stub) and value.module.startswith("torch."):
            raise UnsupportedError(
                f"the tensor is of a kind that policies do not have, {_class_of(value)}",
                where=place, hint="convert the policy with policy.float() and save it again")
        if not isinstance(key, str) or not isinstance(value, np.ndarray):
            raise FileFormatError("the file holds no state_dict: this is no tensor", where=place,
                                  hint=_SAVE)
        if id(value) in checked:
            budget.array(value.shape)
        elif not _finite(value):
            raise FileFormatError(
                "the tensor holds NaN or infinite values", where=place,
                hint="the training run has diverged; take an earlier checkpoint")
        name = ".".join(part for part in key.removeprefix("module.").split(".")
                        if part != "_orig_mod").removeprefix("module.")
        if name in weights:
            raise FileFormatError("two tensors have this name without their prefixes", where=place)
        weights[name] = value
        checked.add(id(value))
    return weights


def _class_of(stub: Stub) -> str:
    return repr(printable(f"{stub.module}.{stub.name}"))


def _finite(array: Array) -> bool:
    """Whether all elements are finite numbers of float32, with which we compute."""
    with np.errstate(over="ignore"):
        return array.dtype.kind != "f" or bool(np.isfinite(array.astype(np.float32)).all())


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
