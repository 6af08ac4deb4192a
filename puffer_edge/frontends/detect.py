# SPDX-License-Identifier: MIT
"""What kind of file a policy is, told from its content and never from its name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends import unread
from puffer_edge.readers.d3rlpy_file import looks_like_d3
from puffer_edge.readers.hdf5 import MAGIC
from puffer_edge.readers.msgpack import looks_like_msgpack
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.torch_checkpoint import is_legacy
from puffer_edge.readers.zip_archive import ZipArchive

Kind = Literal["torch_checkpoint", "pt2", "stable_baselines3", "onnx",
               "d3rlpy", "flax", "hdf5", "keras", "pufferlib_weights", "safetensors", "tflite",
               "torch_script"]


def detect(path: Path) -> Kind:
    """The kind of a policy file.

    Raises:
        FileFormatError: the file is missing, empty, a directory, a pipe, too large, or no policy
            that we know.
        UnsupportedError: the file is of a kind that is known but not read; the hint says what to
            export instead.
    """
    where = str(path)
    unread.refuse_directory(path)
    content = read_file(path)
    if not content:
        raise FileFormatError("the file is empty", where=where)
    if content[:4] == b"PK\x03\x04":
        return _zip_kind(content, path)
    if content[4:8] == b"TFL3":
        return "tflite"
    if is_legacy(content):
        return "torch_checkpoint"
    header = int.from_bytes(content[:8], "little")
    if content[8:10] in (b'{"', b"{}", b"{ ") and 2 <= header <= len(content) - 8:
        return "safetensors"
    if looks_like_d3(content):
        return "d3rlpy"
    unread.refuse_content(content, path)
    if content.startswith(MAGIC):
        return "hdf5"
    if _is_bare_numbers(content):
        return "pufferlib_weights"
    if looks_like_msgpack(content):
        return "flax"
    if content[0] == 0x08 and len(content) > 2:  # field 1, ir_version, of an ONNX ModelProto
        return "onnx"
    raise FileFormatError(
        "the content is that of no policy file", where=where,
        hint="give a torch checkpoint, a Stable-Baselines3 zip, a .safetensors, .pt2, ONNX or "
             "TFLite file")


def _zip_kind(content: bytes, path: Path) -> Kind:
    where = str(path)
    names = ZipArchive(content, where=where, stored_only=False).names
    ends = {name.split("/")[-1] for name in names}
    if "policy.pth" in names:
        return "stable_baselines3"
    if any("/code/" in f"/{name}" for name in names) and "constants.pkl" in ends:
        return "torch_script"
    if any(name.split("/")[-2:-1] == ["models"] and name.endswith(".json") for name in names):
        return "pt2"
    if "data.pkl" in ends:
        return "torch_checkpoint"
    if {"config.json", "model.weights.h5"} <= set(names):
        return "keras"
    unread.refuse_zip(set(names), path)
    raise FileFormatError("the archive is none of a policy", where=where,
                          hint="give the file that the trainer saved")


def _is_bare_numbers(content: bytes) -> bool:
    """Whether these are float32 values like weights.

    Text is not: a letter as the highest byte makes a number above 1e13, a digit or a comma one
    below 1e-3. So ONNX files, which hold names, are never taken for weights.
    """
    if len(content) < 16 or len(content) % 4:
        return False
    sizes = np.abs(np.frombuffer(content[: 1 << 20], "<f4"))
    sizes = sizes[sizes > 0]
    return bool(len(sizes)) and bool((sizes > 1e-30).all() and (sizes < 1e4).all()
                                     and sizes.max() > 1e-3)
