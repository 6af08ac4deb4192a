# SPDX-License-Identifier: MIT
"""Checkpoints of torch.save (zip format) without torch: plain data, numpy arrays for tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.legacy_checkpoint import load_legacy
from puffer_edge.readers.pickle_data import (
    Stub,
)
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.tensor_pickle import TensorReader
from puffer_edge.readers.text import printable
from puffer_edge.readers.zip_archive import ZipArchive

_LEGACY = b"\x80\x02\x8a\nl\xfc"
_SAVE = "save the policy with torch.save(policy.state_dict(), path)"


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
