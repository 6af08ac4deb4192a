# SPDX-License-Identifier: MIT
"""Every code of the MessagePack specification, with the smallest and largest that it can say."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.msgpack import MAX_DEPTH, looks_like_msgpack, parse_msgpack

VALUES: list[tuple[bytes, Any]] = [
    (b"\x00", 0), (b"\x7f", 127), (b"\xe0", -32), (b"\xff", -1),  # fixint
    (b"\xc0", None), (b"\xc2", False), (b"\xc3", True),
    (b"\xca" + struct.pack(">f", -1.5), -1.5), (b"\xcb" + struct.pack(">d", 0.1), 0.1),
    (b"\xcc\xff", 255), (b"\xcd\x01\x02", 258), (b"\xce\x80\0\0\1", 2**31 + 1),
    (b"\xcf" + b"\xff" * 8, 2**64 - 1), (b"\xd0\x80", -128), (b"\xd1\x80\0", -(2**15)),
    (b"\xd2\x80\0\0\0", -(2**31)), (b"\xd3" + b"\x80" + b"\0" * 7, -(2**63)),
    (b"\xa0", ""), (b"\xbf" + b"a" * 31, "a" * 31), (b"\xd9\x20" + b"a" * 32, "a" * 32),
    (b"\xda\x01\x00" + b"a" * 256, "a" * 256), (b"\xdb\0\0\0\2ab", "ab"),
    (b"\xc4\x02ab", b"ab"), (b"\xc5\x00\x02ab", b"ab"), (b"\xc6\0\0\0\x02ab", b"ab"),
    (b"\xc5\x01\x00" + b"a" * 256, b"a" * 256),
    (b"\x90", []), (b"\x9f" + bytes(range(15)), [*range(15)]),
    (b"\xdc\x00\x10" + bytes(range(16)), [*range(16)]), (b"\xdd\0\0\0\x02\1\2", [1, 2]),
    (b"\x80", {}), (b"\x82\xa1a\1\xa1b\2", {"a": 1, "b": 2}),
    (b"\x8f" + b"".join(b"\xa1" + bytes([97 + n, n]) for n in range(15)),
     {chr(97 + n): n for n in range(15)}),
    (b"\xde\x00\x01\xa1a\1", {"a": 1}), (b"\xdf\0\0\0\x01\xa1a\1", {"a": 1})]


@pytest.mark.parametrize(("content", "value"), VALUES, ids=lambda part: repr(part)[:12])
def test_each_code(content: bytes, value: Any) -> None:
    """Also where more follows in a list; and cut short it is damaged."""
    found = parse_msgpack(content, "here")
    assert found == value and type(found) is type(value)
    assert parse_msgpack(b"\x93" + content + content + b"\x05", "here") == [value, value, 5]
    with pytest.raises(FileFormatError, match="follows"):
        parse_msgpack(content + b"\0", "here")
    with pytest.raises(FileFormatError, match="cut off"):
        parse_msgpack(content[:-1], "here")


KINDS = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16",
         "uint32", "uint64", "bool")


def array(shape: tuple[int, ...], name: str, data: bytes) -> bytes:
    """flax's content of an extension."""
    return (b"\x93" + bytes([0x90 + len(shape), *shape]) + bytes([0xA0 + len(name)])
            + name.encode() + b"\xc4" + bytes([len(data)]) + data)


@pytest.mark.parametrize("name", KINDS)
def test_arrays(name: str) -> None:
    """By every code that an extension may have; 3 is a number of numpy's."""
    right = np.arange(6).reshape(2, 3).astype(name)
    content = array((2, 3), name, right.tobytes())
    size = len(content)
    for head in (b"\xc7" + bytes([size]), b"\xc8" + struct.pack(">H", size),
                 b"\xc9" + struct.pack(">I", size)):
        for kind in (1, 3):
            found = parse_msgpack(head + bytes([kind]) + content, "here")
            np.testing.assert_array_equal(found, right)
            assert found.dtype == right.dtype
        with pytest.raises(FileFormatError, match="not one of flax"):
            parse_msgpack(head + b"\2" + content, "here")


def test_extensions_of_fixed_sizes() -> None:
    """0xd4 to 0xd8 have 1, 2, 4, 8 and 16 bytes; only the last is enough for an array."""
    content = array((3,), "uint8", b"abc")
    assert len(content) == 14
    content = array((5,), "uint8", b"abcde")
    assert len(content) == 16
    assert parse_msgpack(b"\xd8\1" + content, "here").tobytes() == b"abcde"
    for n in range(4):
        with pytest.raises(FileFormatError, match="malformed"):
            parse_msgpack(bytes([0xD4 + n, 1]) + b"\5" * 2**n, "here")


@pytest.mark.parametrize("content", [
    array((4,), "uint8", b"abc"), array((2,), "uint8", b"abc"), array((3,), "int4", b"abc"),
    array((1,), "int16", b"abc"), array((3,), "uint8", b"abc") + b"\0", b"\x92\x91\3\xa5uint8",
    b"\x94\x91\3\xa5uint8\xc4\3abc\0", b"\x93\3\xa5uint8\xc4\3abc", b"\x93\x91\3\5\xc4\3abc",
    b"\x93\x91\3\xa5uint8\xa3abc"])
def test_malformed_arrays(content: bytes) -> None:
    with pytest.raises(FileFormatError, match="an array"):
        parse_msgpack(b"\xc7" + bytes([len(content), 1]) + content, "here")


def test_what_is_refused() -> None:
    """A code without meaning, keys that are no texts or twice there, and depth."""
    for content, why in ((b"\xc1", "no meaning"), (b"\x81\1\1", "a key"),
                         (b"\x82\xa1a\1\xa1a\2", "a key"), (b"\xa1\xff", "damaged")):
        with pytest.raises(FileFormatError, match=why):
            parse_msgpack(content, "here")
    assert parse_msgpack(b"\x91" * MAX_DEPTH + b"\7", "here")
    with pytest.raises(FileFormatError, match="deeper"):
        parse_msgpack(b"\x91" * (MAX_DEPTH + 1) + b"\7", "here")


def test_what_it_looks_like() -> None:
    """A map that is not empty, whose first key is a text of up to 255 bytes."""
    heads = (b"\x81", b"\x8f", b"\xde\0\1", b"\xdf\0\0\0\1")
    for key in (b"\xa0", b"\xa1a", b"\xbf", b"\xd9\1a"):
        assert all(looks_like_msgpack(head + key) for head in heads)
    for key in (b"", b"\x9f", b"\xc0", b"\xd8", b"\xda"):
        assert not any(looks_like_msgpack(head + key) for head in heads)
    for head in (b"", b"\x80", b"\x90", b"\xdd\0\1", b"\xdc\0\0\0\1", b"PK"):
        assert not looks_like_msgpack(head + b"\xa1a")
