# SPDX-License-Identifier: MIT
"""Archives that are damaged, ambiguous or bombs."""

from __future__ import annotations

import io
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, PufferEdgeError
from puffer_edge.readers.zip_archive import ZipArchive
from tests.readers.forging import (
    NUMBERS,
    WHERE,
    mapping,
    members,
    program,
    refused,
    tensor,
    weights,
    zipped,
)

SOUND = members(program(mapping({"w": tensor()})))
BIG = members(program(mapping({"w": tensor()})), {"0": NUMBERS.astype(">f4").tobytes()},
              order="big")


def patched(content: bytes, path: str, field: int, value: bytes, *, local: bool = True) -> bytes:
    """A member's central header, and its local one, with other bytes at a field."""
    data = bytearray(content)
    central = data.rindex(path.encode()) - 46
    data[central + field : central + field + len(value)] = value
    if local:
        start = data.index(path.encode()) - 30
        data[start + field - 2 : start + field - 2 + len(value)] = value
    return bytes(data)


@pytest.mark.parametrize("entries", [SOUND, BIG], ids=["little", "big"])
def test_sound(entries: list[tuple[str, bytes]]) -> None:
    ours = weights(zipped(entries))["w"]
    assert ours.tolist() == [[1, 2], [3, 4]] and ours.dtype == np.dtype("=f4")


def test_truncated_at_every_byte() -> None:
    content = zipped(SOUND)
    for length in range(len(content)):
        with refused(FileFormatError):
            weights(content[:length])


@pytest.mark.parametrize("entries", [SOUND, BIG], ids=["little", "big"])
@pytest.mark.parametrize("bit", range(8))
def test_one_flipped_bit_never_gives_other_weights(entries: list[tuple[str, bytes]], bit: int
                                                   ) -> None:
    """torch loads a file with a flipped bit in a weight; here every bit of a file is tried.

    A bit that means nothing (a time stamp) may be flipped unseen; the weights are the same then.
    """
    content = zipped(entries)
    for position in range(len(content)):
        broken = bytearray(content)
        broken[position] ^= 1 << bit
        try:
            ours = weights(bytes(broken))
        except PufferEdgeError:
            continue
        assert list(ours) == ["w"] and ours["w"].tolist() == [[1, 2], [3, 4]], position


def test_flipped_weight_is_noticed() -> None:
    content = zipped(SOUND).replace(NUMBERS.tobytes(), (-NUMBERS).tobytes())
    with refused(FileFormatError, "CRC"):
        weights(content)


@pytest.mark.parametrize("twice", [0, 1, 2])
def test_member_that_is_there_twice(twice: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = zipped([*SOUND, SOUND[twice]])
    with refused(FileFormatError, "twice"):
        weights(content)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "\\x", "a\\..\\x", "..",
                                  "a/.."])
def test_names_that_leave_the_archive(path: str) -> None:
    with refused(FileFormatError, "leaves the archive"):
        weights(zipped([*SOUND, (path, b"x")]))


def test_number_of_pickles() -> None:
    with refused(FileFormatError, "has 2"):
        weights(zipped([*SOUND, ("b/data.pkl", SOUND[0][1])]))
    with refused(FileFormatError, "has 0"):
        weights(zipped(SOUND[1:]))


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2,
                                         zipfile.ZIP_LZMA])
def test_compressed_checkpoint(compression: int) -> None:
    with refused(FileFormatError, "compressed"):
        weights(zipped(SOUND, compression))


def test_compression_bomb() -> None:
    bomb = zipped([("a", bytes(300 << 20))], zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    try:
        with refused(FileFormatError):
            ZipArchive(bomb, where=WHERE, stored_only=False).read("a")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_compression_bomb_that_lies_about_its_size() -> None:
    honest = zipped([("bomb", bytes(300 << 20))], zipfile.ZIP_DEFLATED)
    lying = patched(honest, "bomb", 24, struct.pack("<I", 1000))
    tracemalloc.start()
    try:
        with refused(FileFormatError):
            ZipArchive(lying, where=WHERE, stored_only=False).read("bomb")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_deflated_members_are_read_where_they_are_allowed() -> None:
    text = b"some text " * 1000
    content = zipped([("a", text)], zipfile.ZIP_DEFLATED)
    assert ZipArchive(content, where=WHERE, stored_only=False).read("a") == text


@pytest.mark.parametrize("value", [1, 41])
def test_encrypted_member(value: int) -> None:
    with refused(FileFormatError):
        weights(patched(zipped(SOUND), "a/data/0", 8, struct.pack("<H", value)))


@pytest.mark.parametrize(("field", "value"), [
    (24, struct.pack("<I", 1 << 30)), (20, struct.pack("<I", 1 << 30)),
    (20, struct.pack("<II", 1 << 30, 1 << 30)), (20, struct.pack("<II", 8, 8)),
    (16, b"\0\0\0\0"), (10, struct.pack("<H", 99)),
], ids=["size", "stored size", "both sizes", "short", "crc", "method"])
@pytest.mark.parametrize("local", [True, False])
def test_header_that_lies(field: int, value: bytes, local: bool) -> None:
    with refused(FileFormatError):
        weights(patched(zipped(SOUND), "a/data/0", field, value, local=local))


def test_members_that_share_their_bytes() -> None:
    """One megabyte listed a thousand times would be read as a gigabyte."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("0000", bytes(1 << 20))
        first = archive.filelist[0]
        for number in range(1, 1000):
            twin = zipfile.ZipInfo(f"{number:04}")
            for field in ("header_offset", "file_size", "compress_size", "CRC", "external_attr"):
                setattr(twin, field, getattr(first, field))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
    with refused(FileFormatError):
        ZipArchive(file.getvalue(), where=WHERE)


def test_too_many_members() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(20_000):
            archive.writestr(zipfile.ZipInfo(str(number)), b"")
    content = file.getvalue()
    with refused(FileFormatError):
        ZipArchive(content, where=WHERE)


def test_missing_member_and_file(tmp_path: Path) -> None:
    with refused(FileFormatError, "missing"):
        ZipArchive(zipped(SOUND), where=WHERE).read("nothing")
    with refused(FileFormatError):
        ZipArchive(tmp_path / "nothing", where=WHERE)
    with refused(FileFormatError):
        ZipArchive(tmp_path, where=WHERE)
