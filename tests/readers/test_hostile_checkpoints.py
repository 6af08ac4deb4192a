# SPDX-License-Identifier: MIT
"""Checkpoints that attack the reader: each is refused, soon, in little memory, and nothing runs."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.readers.pickle_data import Stub
from puffer_edge.readers.torch_checkpoint import load_checkpoint
from tests.readers.forging import (
    NUMBERS,
    WHERE,
    Raw,
    body,
    call,
    checkpoint,
    limited_memory,
    mapping,
    members,
    name,
    refused,
    storage,
    tensor,
    weights,
    zipped,
)

HUGE = 1 << 40


def test_the_forge_makes_sound_files() -> None:
    """Without this, everything below could be refused for a mistake in the forge."""
    ours = weights(checkpoint(mapping({"w": tensor(), "t": tensor(stride=(1, 2)),
                                       "x": tensor(size=(3, 2), stride=(1, 0))})))
    assert ours["w"].tolist() == [[1, 2], [3, 4]]
    assert ours["t"].tolist() == [[1, 3], [2, 4]]
    assert ours["x"].tolist() == [[1, 1], [2, 2], [3, 3]]


def test_no_file_imports_a_module(tmp_path: Path) -> None:
    """Not even importing is allowed: the module of a stub stays on disk; torch is not needed."""
    (tmp_path / "evil_module.py").write_text("open('canary', 'w')")
    (tmp_path / "evil.pt").write_bytes(
        checkpoint(mapping({"w": tensor(), "x": call("evil_module", "f", 1)})))
    code = (f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(Path(__file__).parents[2])!r}]\n"
            "from pathlib import Path\n"
            "from puffer_edge.readers.torch_checkpoint import load_checkpoint\n"
            "tree = load_checkpoint(Path('evil.pt'), where='evil.pt')\n"
            "assert tree['w'].shape == (2, 2) and tree['x'].name == 'f'\n"
            "print(sorted({'torch', 'evil_module', 'onnx'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True,
                          capture_output=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "canary").exists()


def test_state_on_a_stub_is_only_recorded() -> None:
    evil = {"__class__": "x", "__dict__": {}, "name": "renamed", "module": "os"}
    stub = Raw(call("some.module", "Policy", 1) + body(evil) + b"b")
    tree = load_checkpoint(checkpoint(stub), where=WHERE)
    assert isinstance(tree, Stub)
    assert (tree.module, tree.name, tree.arguments, tree.state) == (
        "some.module", "Policy", (1,), evil)


@pytest.mark.parametrize("changes", [
    {"size": (HUGE,), "stride": (0,)},
    {"size": (1 << 20, 1 << 20), "stride": (0, 0)},
    {"size": (1 << 62, 1 << 62), "stride": (0, 0)},
    {"size": (1 << 32, 1 << 32, 0), "stride": (0, 0, 0)},
    {"size": (HUGE, 0), "stride": (1, 1)},
    {"size": (4,), "stride": (1 << 62,)},
    {"size": (4,), "stride": (2,)},
    {"size": (5,), "stride": (1,)},
    {"size": (2, 2), "stride": (-2, 1)},
    {"size": (-2, -2), "stride": (2, 1)},
    {"size": (2, 2), "stride": (2, 1), "offset": 1},
    {"size": (2, 2), "stride": (2, 1), "offset": -1},
    {"size": (2, 2), "stride": (2, 1), "offset": 1 << 63},
    {"size": (2, 2), "stride": (2,)},
    {"size": (2.0, 2), "stride": (2, 1)},
    {"size": (True, 2), "stride": (2, 1)},
    {"size": "22", "stride": (2, 1)},
    {"size": 4, "stride": 1},
    {"size": None, "stride": None},
    {"size": (1,) * 70, "stride": (1,) * 70},
    {"offset": None},
    {"store": 3},
    {"store": "0"},
    {"store": Raw(b"N")},
], ids=str)
def test_shapes(changes: dict[str, Any]) -> None:
    tracemalloc.start()
    try:
        with refused(FileFormatError):
            weights(checkpoint(mapping({"w": tensor(**changes)})))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("changes", "kind"), [
    ({"count": 5}, FileFormatError),
    ({"count": 3}, FileFormatError),
    ({"count": 1 << 30}, FileFormatError),
    ({"count": -4}, FileFormatError),
    ({"count": 4.0}, FileFormatError),
    ({"count": "4"}, FileFormatError),
    ({"key": "1"}, FileFormatError),
    ({"key": "../data.pkl"}, FileFormatError),
    ({"key": ["0"]}, FileFormatError),
    ({"key": 0}, FileFormatError),
    ({"kind": "DoubleStorage"}, FileFormatError),
    ({"kind": "ComplexFloatStorage"}, UnsupportedError),
    ({"kind": "QInt8Storage"}, UnsupportedError),
    ({"kind": "system"}, UnsupportedError),
    ({"device": "meta"}, UnsupportedError),
    ({"device": "meta", "count": HUGE}, UnsupportedError),
    ({"device": "cpu\nmeta"}, UnsupportedError),
    ({"device": "cuda:0; x"}, UnsupportedError),
    ({"device": None}, FileFormatError),
], ids=str)
def test_storages(changes: dict[str, Any], kind: type[Exception]) -> None:
    with refused(kind):  # type: ignore[arg-type]
        weights(checkpoint(mapping({"w": tensor(storage(**changes))})))


def test_one_storage_of_two_types() -> None:
    value = mapping({"w": tensor(), "x": tensor(storage("IntStorage"))})
    with refused(FileFormatError):
        weights(checkpoint(value))


def test_class_of_a_storage_is_no_text() -> None:
    """Nor is text the class of a storage."""
    with refused(FileFormatError):
        weights(checkpoint(Raw(b"}(" + name("torch", "FloatStorage") + tensor() + b"u")))
    for kind in (body("FloatStorage"), call("torch", "FloatStorage"), name("os", "FloatStorage")):
        store = storage().replace(name("torch", "FloatStorage"), kind)
        with refused(UnsupportedError):
            weights(checkpoint(mapping({"w": tensor(Raw(store))})))


def test_storage_whose_bytes_are_no_whole_numbers() -> None:
    with refused(FileFormatError):
        weights(checkpoint(mapping({"w": tensor()}), {"0": NUMBERS.tobytes()[:-1]}))


def test_one_storage_repeated_without_end() -> None:
    """A small file must not become large arrays: 100 views of 250,000 elements out of 4 bytes."""
    views = {str(i): tensor(storage(count=1), size=(250_000,), stride=(0,)) for i in range(100)}
    tracemalloc.start()
    try:
        with refused(FileFormatError):
            weights(checkpoint(mapping(views), {"0": NUMBERS.tobytes()[:4]}))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def nested(opening: bytes, closing: bytes, depth: int) -> Raw:
    return Raw(opening * depth + b"N" + closing * depth)


@pytest.mark.parametrize("value", [
    nested(b"]", b"a", 200_000),
    nested(b"", b"\x85", 200_000),
    nested(b"}K\x00", b"s", 200_000),
    nested(b"(", b"t", 200_000),
    nested(b"]", b"a", 50_000),
    nested(b"", b"\x85", 50_000),
    nested(b"}K\x00", b"s", 50_000),
    nested(b"cm\nn\n", b"\x85R", 50_000),
    Raw(body("key") * 1_000_000 + b"N"),
    Raw(b"N0" * 3_000_000 + b"N"),
    Raw(b"(" * 1_000_000 + b"t"),
], ids=["lists", "tuples", "dicts", "marks", "lists below the limit", "tuples below the limit",
        "dicts below the limit", "stubs below the limit", "stack", "busy", "open marks"])
def test_nested_and_long(value: Raw) -> None:
    for place in (value, mapping({"w": value})):
        with refused(FileFormatError):
            weights(checkpoint(place))


def laughs(push: bytes, depth: int = 100) -> Raw:
    """Each object refers twice to the one before: 2^depth objects for whoever walks them."""
    return Raw(b"K\x00" + b"".join(
        b"r" + i.to_bytes(4, "little") + b"0" + push.replace(b"?", b"j" + i.to_bytes(4, "little"))
        for i in range(depth)))


@pytest.mark.parametrize("push", [b"??\x86", b"](??e", b"}(K\x00?K\x01?u", b"cm\nn\n(??tR",
                                  b"??\x86\x85"])
@pytest.mark.parametrize("place", ["value", "key", "set", "size", "device", "storage", "name"])
def test_billion_laughs(push: bytes, place: str) -> None:
    bomb = laughs(push)
    value = {
        "value": mapping({"w": bomb}),
        "key": mapping({bomb: tensor()}),
        "set": mapping({"w": Raw(b"\x8f(" + bomb + b"\x90")}),
        "size": mapping({"w": tensor(size=bomb)}),
        "device": mapping({"w": tensor(storage(device=bomb))}),
        "storage": mapping({"w": tensor(storage(key=bomb))}),
        "name": mapping({"w": Raw(bomb + bomb + b"\x93")}),
    }[place]
    with refused():
        weights(checkpoint(value))


def test_printing_a_stub_is_quick() -> None:
    with limited_memory():
        stub = load_checkpoint(checkpoint(laughs(b"cm\nn\n(??tR")), where=WHERE)
        assert len(str(stub)) + len(repr(stub)) < 300


def test_a_list_that_contains_itself() -> None:
    with refused(FileFormatError):
        weights(checkpoint(mapping({"w": Raw(b"]q\x07h\x07a")})))
    with refused(FileFormatError):
        weights(checkpoint(Raw(b"}q\x07" + body("w") + b"h\x07s")))


@pytest.mark.parametrize("content", [
    b"", b".", b"N", b"NN.", b"0.", b"(.", b"a.", b"s.", b"u.", b"e.", b"R.", b"b.", b"t.",
    b"2.", b"Q.", b"\x85.", b"\x86.", b"\x87.", b"N\x87.", b"\x93.", b"\x90.", b"\x94.", b"h\x05.",
    b"Nq", b"j\xff\xff\xff\xff.", b"K", b"X\xff\xff\xff\xff", b"\x8d" + b"\xff" * 8,
    b"\x8e" + b"\xff" * 8, b"\x96" + b"\xff" * 8, b"\x8b\xff\xff\xff\x7f", b"\x8b\xff\xff\xff\xff",
    b"\x95" + b"\xff" * 8 + b"N.", b"\x80\xff}.", b"Pabc\n.", b"\x82\x01.", b"\x83\x01\x00.",
    b"\x84\x01\x00\x00\x00.", b"\x97.", b"N\x98.", b"c.", b"cos\n", b"cos\n\n.", b"I\n.", b"Ix\n.",
    b"L" + b"9" * 100_000 + b"L\n.", b"F1e\n.", b"S'\\x\n.", b"V\\ud800\n.", b"X\x01\0\0\0\xff.",
    b"N.N.", b"}(NN.", b"\x81.", b"\x92.", b"N)R.", b"})\x81.", b"K\x01)b.", b"\xff.",
    b"(N1.", b"}K\x01K\x02K\x03u.", b"}(K\x01u.", b"\x8f(]\x90.", b"}]Ns.",
], ids=repr)
def test_pickles_that_are_none(content: bytes) -> None:
    with refused():
        weights(zipped(members(content)))


@pytest.mark.parametrize("key", [
    'x"; system("sh") //', "*/ int pwn(void){} /*", "a\nb", "\x1b[31mred", "\u202etxt",
    "a" * 100_000, "", "\x00", "../../w", "for",
], ids=ascii)
def test_names_stay_out_of_messages(key: str) -> None:
    """A hostile name is data for the reader; in an error it is short printable text."""
    assert list(weights(checkpoint(Raw(b"}(" + body(key) + tensor() + b"u")))) == [key]
    with refused(FileFormatError):
        weights(checkpoint(mapping({key: 1})))
    with refused():
        weights(checkpoint(mapping({"w": call("torch", key.replace("\n", "")[:99] or "x")})))
