# SPDX-License-Identifier: MIT
"""Our reader of arrays gives what numpy gives, or one error; nothing of a header is evaluated."""

from __future__ import annotations

import io
import os
import resource
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.npz import parse, read_npy, read_npz

HINT = "record it again"
DTYPES = ("<f4", ">f4", "<f8", "<f2", "|i1", "|u1", "<i2", ">i4", "<i8", "<u8", "|b1")


def saved(array: Any, version: tuple[int, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), version=version)
    return buffer.getvalue()


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(
    dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=4))), st.booleans(),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]))
def test_arrays_are_those_that_numpy_wrote(array: Any, turned: bool, version: Any) -> None:
    array = np.asfortranarray(array) if turned else array
    found = parse(saved(array, version), "a.npy")
    assert found.dtype == array.dtype.newbyteorder("=") and found.shape == array.shape
    np.testing.assert_array_equal(found, array)


def test_files_of_several_arrays(tmp_path: Path) -> None:
    kept = {"observations": np.eye(3, dtype=np.float32), "reset": np.array([True, False])}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **kept)
        found = read_npz(tmp_path / "a.npz", "the recording", HINT)
        assert set(found) == set(kept)
        for name, array in kept.items():
            np.testing.assert_array_equal(found[name], array)
    np.save(tmp_path / "a.npy", kept["reset"])
    assert read_npy(tmp_path / "a.npy", "the recording", HINT).tolist() == [True, False]


def header(text: str, content: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + content


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
HEADERS = {
    "16 TiB": header(GOOD.replace("(2,)", "(4398046511104,)"), bytes(8)),
    "overflow": header(GOOD.replace("(2,)", "(9223372036854775807, 2)"), bytes(8)),
    "many dimensions": header(GOOD.replace("(2,)", "(" + "1," * 200 + "2)"), bytes(8)),
    "short": header(GOOD, bytes(7)), "long": header(GOOD, bytes(9)),
    "objects": header(GOOD.replace("<f4", "|O"), bytes(16)),
    "records": header(GOOD.replace("'<f4'", "[('a', '<f4')]"), bytes(8)),
    "text": header(GOOD.replace("<f4", "<U1"), bytes(8)),
    "complex": header(GOOD.replace("<f4", "<c8"), bytes(16)),
    "unknown size": header(GOOD.replace("<f4", "<f3"), bytes(6)),
    "negative": header(GOOD.replace("(2,)", "(-2,)"), bytes(8)),
    "a call": header("{'descr': __import__('os').system('touch PWNED'), 'fortran_order': False, "
                     "'shape': (2,), }", bytes(8)),
    "twice": header(GOOD.replace(", }", ", 'shape': (1,), }"), bytes(8)),
    "missing": header("{'descr': '<f4', 'shape': (2,), }", bytes(8)),
    "mixed up": header("{'descr': True, 'fortran_order': (2,), 'shape': '<f4'}", bytes(8)),
    "nested": header("{" * 2000 + "}" * 2000), "digits": header("{'shape': (" + "1" * 4000),
    "version": b"\x93NUMPY\x09" + header(GOOD, bytes(8))[7:], "empty": b"", "cut": header(GOOD)[:9],
}


@pytest.mark.parametrize("case", HEADERS)
def test_what_is_no_array_of_numbers_is_one_error(
        case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.npy").write_bytes(HEADERS[case])
    with pytest.raises(FileFormatError, match="the recording cannot be read") as caught:
        read_npy(tmp_path / "a.npy", "the recording", HINT)
    assert caught.value.hint == HINT
    assert os.listdir(tmp_path) == ["a.npy"]


def archive(path: Path, compression: int, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", compression, compresslevel=1) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_zeros_that_unfold_to_gigabytes_are_refused(tmp_path: Path) -> None:
    """One member of 288 MiB in a megabyte, and nine of 32: none is unfolded."""
    bomb = tmp_path / "one.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file, file.open(
            "observations.npy", "w", force_zip64=True) as member:
        for _ in range(9):
            member.write(bytes(1 << 25))
    many = archive(tmp_path / "many.npz", zipfile.ZIP_DEFLATED,
                   {f"{i}.npy": bytes(1 << 25) for i in range(9)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in (bomb, many):
        with pytest.raises(FileFormatError, match="unfolds to more than"):
            read_npz(path, "the recording", HINT)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 << 10  # KiB


def test_what_is_no_file_is_one_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "text").write_text("observations")
    for name in ("pipe", "zero", "text", "missing", "."):
        with pytest.raises(FileFormatError, match="cannot be read"):
            read_npz(tmp_path / name, "the recording", HINT)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    content = bytearray(archive(tmp_path / "a.npz", zipfile.ZIP_STORED,
                                {"observations.npy": saved(np.zeros(2))}).read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(FileFormatError, match="encrypted"):
        read_npz(tmp_path / "a.npz", "the recording", HINT)
