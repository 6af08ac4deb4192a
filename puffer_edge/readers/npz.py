# SPDX-License-Identifier: MIT
"""Reads .npz and .npy files that a stranger may have made: arrays of numbers or one error.

numpy's own reader parses headers as Python and makes arrays of any size that a header claims. Here
a header is three known entries, an array is as large as the bytes that are there, and what a file
unfolds to is bounded by its own size.
"""

from __future__ import annotations

import re
import struct
from math import prod
from pathlib import Path

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.zip_archive import ZipArchive

LARGEST_FILE = 1 << 32
"""Bytes; a million steps of a thousand observations."""
UNFOLDED = 1 << 28
"""Bytes that any file may unfold to; a larger one to :data:`RATIO` times its size."""
RATIO = 16
LONGEST_HEADER = 4096
"""Bytes; the header of an array of numbers has some hundred."""

_MAGIC = b"\x93NUMPY"
_ENTRY = re.compile(r"\s*'(descr|fortran_order|shape)'\s*:\s*"
                    r"('[<>|=][bufi]\d{1,2}'|True|False|\([\d,\s]*\))\s*(?:,|$)")


def read_npz(path: Path, what: str, hint: str) -> dict[str, Array]:
    """All arrays of an .npz by name.

    Args:
        path: the file.
        what: what the file is to the user, for the message.
        hint: what the user can do.

    Raises:
        FileFormatError: the file is missing, damaged, no .npz, holds anything but arrays of
            numbers, or unfolds to more than its size allows.
    """
    try:
        return unpack(read_file(path, LARGEST_FILE), str(path))
    except FileFormatError as error:
        raise FileFormatError(f"{what} cannot be read: {error.what}", where=str(path),
                              hint=hint) from error


def read_npy(path: Path, what: str, hint: str) -> Array:
    """The array of an .npy; arguments and errors as of :func:`read_npz`."""
    try:
        return parse(read_file(path, LARGEST_FILE), str(path))
    except FileFormatError as error:
        raise FileFormatError(f"{what} cannot be read: {error.what}", where=str(path),
                              hint=hint) from error


def unpack(content: bytes, where: str) -> dict[str, Array]:
    """The arrays of an .npz's bytes; see :func:`read_npz`."""
    if not content.startswith(b"PK\x03\x04"):
        raise FileFormatError("it is no .npz file", where=where)
    budget = max(UNFOLDED, RATIO * len(content))
    archive = ZipArchive(content, where=where, stored_only=False, inflated=budget)
    if sum(archive.size(name) for name in archive.names) > budget:
        raise FileFormatError(f"it unfolds to more than {budget >> 20} MiB", where=where)
    return {name.removesuffix(".npy"): parse(archive.read(name), f"{where}, {name}")
            for name in archive.names}


def parse(content: bytes, where: str) -> Array:
    """The array of an .npy's bytes, read-only.

    Raises:
        FileFormatError: it is no array of numbers, or not of the length that its header says.
    """
    def wrong(what: str) -> FileFormatError:
        return FileFormatError(what, where=where)

    if len(content) < 12 or not content.startswith(_MAGIC) or content[6] not in (1, 2, 3):
        raise wrong("it is no .npy file")
    wide = content[6] > 1
    length = struct.unpack_from("<I" if wide else "<H", content, 8)[0]
    start = (12 if wide else 10) + length
    if length > LONGEST_HEADER or start > len(content):
        raise wrong("its header is too long for an array of numbers")
    entries = _entries(content[start - length:start])
    if entries is None:
        raise wrong("it holds objects or records, not an array of numbers")
    try:
        dtype = np.dtype(entries["descr"].strip("'"))
        shape = tuple(int(number) for number in re.findall(r"\d{1,19}", entries["shape"]))
        if prod(shape) * dtype.itemsize != len(content) - start:
            raise wrong(f"its header says {prod(shape)} numbers of {dtype}, "
                        f"it holds {len(content) - start} bytes")
        array: Array = np.frombuffer(content, dtype, prod(shape), start)
        array = array.reshape(shape, order="F" if entries["fortran_order"] == "True" else "C")
        return array.astype(dtype.newbyteorder("="), copy=False)
    except (TypeError, ValueError) as error:
        raise wrong(f"it holds no array of numbers: {error}") from None


def _entries(header: bytes) -> dict[str, str] | None:
    """The three entries of a header; None where it says anything else."""
    text = header.decode("latin-1").strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    text, entries, place = text[1:-1].strip(), {}, 0
    while place < len(text):
        found = _ENTRY.match(text, place)
        if found is None or found[1] in entries:
            return None
        entries[found[1]] = found[2]
        place = found.end()
    sound = (set(entries) == {"descr", "fortran_order", "shape"} and entries["shape"][0] == "("
             and entries["descr"][0] == "'" and entries["fortran_order"] in ("True", "False"))
    return entries if sound else None
