"""Reads an .npz that a stranger may have made: arrays or one error, never objects."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError


def read_npz(path: Path, what: str, hint: str) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an .npz by name.

    Args:
        path: the file.
        what: what the file is to the user, for the message.
        hint: what the user can do.

    Raises:
        FileFormatError: the file is missing, damaged, no .npz, or holds pickled objects.
    """
    try:
        with open(path, "rb") as file:
            if file.read(4) != b"PK\x03\x04":
                raise ValueError("it is no .npz file")
            file.seek(0)
            with np.load(file, allow_pickle=False) as data:
                return {key: np.asarray(data[key]) for key in data.files}
    except (OSError, ValueError, KeyError, EOFError, TypeError, NotImplementedError,
            zipfile.BadZipFile, zlib.error, OverflowError, MemoryError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise FileFormatError(f"{what} cannot be read: {reason}", where=str(path),
                              hint=hint) from error
