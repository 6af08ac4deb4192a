"""What kind of file a policy is, told from its content and never from its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.readers.zip_archive import ZipArchive

Kind = Literal["torch_checkpoint", "pt2", "stable_baselines3", "onnx"]

MAX_BYTES = 1 << 30


def detect(path: Path) -> Kind:
    """The kind of a policy file.

    Raises:
        FileFormatError: the file is missing, empty, a directory, or no policy that we know.
        UnsupportedError: the file is of a kind that is known but not read; the hint says what to
            export instead.
    """
    where = str(path)
    try:
        if path.is_dir():
            raise FileFormatError("this is a directory", where=where,
                                  hint="give the policy file in it")
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(64)
    except OSError as error:
        raise FileFormatError(f"the file cannot be read: {error.strerror}", where=where) from error
    if not size:
        raise FileFormatError("the file is empty", where=where)
    if size > MAX_BYTES:
        raise FileFormatError("the file is larger than any policy for a device", where=where)
    if head[:4] == b"PK\x03\x04":
        return _zip_kind(path, where)
    _refuse_known(head, size, where)
    if head[0] == 0x08 and len(head) > 2:  # field 1, ir_version, of an ONNX ModelProto
        return "onnx"
    raise FileFormatError(
        "the content is that of no policy file", where=where,
        hint="give a torch state_dict, a Stable-Baselines3 zip, a .pt2 or an ONNX file")


def _zip_kind(path: Path, where: str) -> Kind:
    names = ZipArchive(path, where=where, stored_only=False).names
    ends = {name.split("/")[-1] for name in names}
    if "policy.pth" in names:
        return "stable_baselines3"
    if any("/code/" in f"/{name}" for name in names) and "constants.pkl" in ends:
        raise UnsupportedError(
            "TorchScript files are not supported yet", where=where,
            hint="export the policy to ONNX, or give puffer_edge.load() the module itself")
    if any(name.split("/")[-2:-1] == ["models"] and name.endswith(".json") for name in names):
        return "pt2"
    if "data.pkl" in ends:
        return "torch_checkpoint"
    raise FileFormatError("the archive is none of a policy", where=where,
                          hint="give the file that the trainer saved")


def _refuse_known(head: bytes, size: int, where: str) -> None:
    """Raises UnsupportedError for kinds that are known and not read."""
    if head[:6] == b"\x80\x02\x8a\nl\xfc":
        raise UnsupportedError(
            "this is the format of torch before 1.6", where=where,
            hint="load it once with torch.load(path, weights_only=True) and torch.save it again")
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        raise UnsupportedError(
            "this is a bare pickle, which may run code and is not read", where=where,
            hint="save the policy's state_dict with torch.save")
    if head[4:8] == b"TFL3":
        raise UnsupportedError("TFLite files are not supported yet", where=where,
                               hint="give the policy as the trainer saved it, or as ONNX")
    if head[:8] == b"\x89HDF\r\n\x1a\n":
        raise UnsupportedError("HDF5 files are not supported", where=where,
                               hint="export the policy to ONNX")
    length = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and 2 <= length <= size - 8:
        with open(where, "rb") as file:
            file.seek(8)
            text = file.read(min(length, 1 << 20))
        try:
            json.loads(text)
        except ValueError:
            return
        raise UnsupportedError(
            "safetensors files hold weights without a structure", where=where,
            hint="load them into the policy's torch module and give that to puffer_edge.load()")
