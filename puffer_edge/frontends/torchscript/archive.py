# SPDX-License-Identifier: MIT
"""A TorchScript archive in parts: the tree of objects, the constant tensors, the code as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puffer_edge.errors import UnsupportedError
from puffer_edge.readers.pickle_data import Stub
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.tensor_pickle import TensorReader
from puffer_edge.readers.zip_archive import ZipArchive

MAX_CODE = 1 << 22
"""Bytes of all code together; that of a policy has some ten thousand."""


@dataclass(frozen=True)
class Archive:
    """What ``torch.jit.save`` wrote.

    Attributes:
        root: the module, as an inert stub.
        constants: what the code calls ``CONSTANTS.c0``, in order.
        code: text of each file by the module that it stands for, as ``__torch__.torch.nn``.
        where: the file, for messages.
    """

    root: Stub
    constants: tuple[Any, ...]
    code: dict[str, str]
    where: str


def read_archive(path: Path) -> Archive:
    """Reads an archive.

    Raises:
        FileFormatError: the archive is damaged or hostile.
        UnsupportedError: a tensor is of a kind that policies do not have.
    """
    where = str(path)
    content = read_file(path)
    archive = ZipArchive(content, where=where, stored_only=False)
    pickles = [name for name in archive.names if name.split("/")[-1] == "data.pkl"]
    if len(pickles) != 1:
        raise archive.error(f"an archive holds one data.pkl, this file has {len(pickles)}")
    prefix = pickles[0].removesuffix("data.pkl")
    root = _pickle(archive, prefix, "data")
    if not isinstance(root, Stub) or not isinstance(root.state, dict):
        raise archive.error("its data.pkl holds no module")
    constants = _pickle(archive, prefix, "constants")
    if not isinstance(constants, tuple | list):
        raise archive.error("its constants.pkl holds no tuple")
    return Archive(root, tuple(constants), _code(archive, prefix), where)


def _pickle(archive: ZipArchive, prefix: str, name: str) -> Any:
    order = prefix + "byteorder"
    big = order in archive.names and archive.read(order).strip() == b"big"
    reader = _Reader(lambda key: archive.read(f"{prefix}{name}/{key}"), archive.where,
                     ">" if big else "<", archive.budget)
    return reader.read(archive.read(f"{prefix}{name}.pkl"))


class _Reader(TensorReader):
    """Refuses bfloat16, in which the code would compute; a checkpoint's is read as float32."""

    def _storage(self, identity: Any) -> Any:
        storage = super()._storage(identity)
        if identity[1].name == "BFloat16Storage":
            raise UnsupportedError("its tensors are of bfloat16, not float32", where=self._where,
                                   hint="convert the policy with policy.float() and save it again")
        return storage


def _code(archive: ZipArchive, prefix: str) -> dict[str, str]:
    start, left = f"{prefix}code/", MAX_CODE
    code: dict[str, str] = {}
    for name in archive.names:
        if name.startswith(start) and name.endswith(".py"):
            content = archive.read(name)
            left -= len(content)
            if left < 0:
                raise archive.error("the archive has more code than any policy")
            module = name.removeprefix(start).removesuffix(".py").replace("/", ".")
            code[module] = content.decode("utf-8", "replace")
    return code
