# SPDX-License-Identifier: MIT
"""Where readers stop: what lies at a limit is read, and one more is refused."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from puffer_edge.errors import FileFormatError
from puffer_edge.readers import budget, d3rlpy_file, msgpack, parameters, safetensors
from puffer_edge.readers.budget import FLOOR, PART, Budget
from puffer_edge.readers.d3rlpy_file import looks_like_d3, read_d3
from puffer_edge.readers.msgpack import parse_msgpack
from puffer_edge.readers.numpy_pickle import numpy_names
from puffer_edge.readers.pickle_data import Names, Stub, read_pickle
from puffer_edge.readers.safetensors import load_safetensors


def test_the_budget_is_float32_of_an_int8_file() -> None:
    """Beside the floor, to the byte."""
    size = 4096
    wider = np.zeros(size, np.int8).astype(np.float32).nbytes
    for more in (0, 1):
        given = Budget(size, "here")
        given.copy(FLOOR - PART)
        given.copy(wider - PART - PART)
        if more:
            with pytest.raises(FileFormatError, match="unfolds"):
                given.copy(more)
        else:
            given.copy(0)
            with pytest.raises(FileFormatError, match="parts"):
                given.parts()


class Made:
    """What its pickle makes of keywords."""

    def __new__(cls, **_: Any) -> Made:
        return super().__new__(cls)

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, int]]:
        return (), {"size": 3}


def test_keywords_of_a_made_object_are_kept() -> None:
    found = read_pickle(pickle.dumps(Made(), protocol=4), Names(), where="here")
    assert isinstance(found, Stub) and found.called
    assert found.name == "Made" and found.state == {"size": 3}


INT8_ARRAY = b"\x93\x91\x06\xa4int8\xc4\x06" + bytes(range(6))
"""flax's content of an extension: 16 bytes, so it has a code of its own, too."""


@pytest.mark.parametrize(("content", "deeper", "inside"), [
    (b"\x01", b"\x81\xa1a", 0), (b"\x01", b"\x91", 0), (b"\x01", b"\xdc\x00\x01", 0),
    (b"\xd8\x01" + INT8_ARRAY, b"\x81\xa1a", 3),  # the parts, the shape, its sizes
    (b"\xc7\x10\x01" + INT8_ARRAY, b"\x91", 3)],
    ids=["maps", "lists", "long lists", "arrays of 16 bytes", "arrays"])
def test_the_depth_of_msgpack(content: bytes, deeper: bytes, inside: int) -> None:
    most = msgpack.MAX_DEPTH - inside
    found = parse_msgpack(deeper * most + content, "here")
    for _ in range(most):
        assert len(found) == 1
        found = found["a"] if isinstance(found, dict) else found[0]
    assert np.array_equal(found, np.arange(6) if inside else 1)
    with pytest.raises(FileFormatError, match="deeper"):
        parse_msgpack(deeper * (most + 1) + content, "here")


def test_keys_are_not_deeper_than_values() -> None:
    """A map may stand where a key should, and its key be a map again."""
    with pytest.raises(FileFormatError, match="deeper"):
        parse_msgpack(b"\x81" * 5000, "here")
    at_the_end = b"\x81\xa1a" * (msgpack.MAX_DEPTH - 1) + b"\x82\xa1b\x05\xa1c\x06"
    found = parse_msgpack(at_the_end, "here")
    for _ in range(msgpack.MAX_DEPTH - 1):
        found = found["a"]
    assert found == {"b": 5, "c": 6}


def d3(**changed: Any) -> bytes:
    """A file as d3rlpy's save writes it."""
    weights = io.BytesIO()
    torch.save({"_policy": {"_fc.weight": torch.ones(2, 3)}}, weights)
    settings = {"observation_shape": [3], "action_size": 2,
                "config": {"type": "sac", "params": {"gamma": 0.9}}, **changed}
    return pickle.dumps({"torch": weights.getvalue(), "config": json.dumps(settings),
                         "version": "2.8.1"})


def test_a_file_of_d3rlpy_is_known_by_all_of_its_marks() -> None:
    whole = d3()
    assert looks_like_d3(whole)
    assert not looks_like_d3(b"\x79" + whole[1:]), "no pickle"
    assert not looks_like_d3(whole.replace(b"\x05torch", b"\x05tarch"))
    assert not looks_like_d3(whole.replace(b'"observation_shape"', b'"observation-shape"'))
    first, mark = b"\x80" + b" " * 57, b"\x05torch"
    assert looks_like_d3(first + mark + b'"observation_shape"')
    assert not looks_like_d3(first + b" " + mark + b'"observation_shape"')


def test_what_a_file_of_d3rlpy_must_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_d3(d3(), "here")
    assert found.algorithm.kind == "sac" and found.algorithm.settings == {"gamma": 0.9}
    assert found.observation_shape == (3,) and found.action_size == 2 and found.version == "2.8.1"
    assert found.modules["_policy"]["_fc.weight"].tolist() == [[1.0] * 3] * 2
    parts = pickle.loads(d3())
    for wrong in ({"torch": "text"}, {"config": b"{}"}, {"torch": None}, {"config": None}):
        with pytest.raises(FileFormatError, match="no weights with their settings"):
            read_d3(pickle.dumps({**parts, **wrong}), "here")
    length = len(parts["config"])
    monkeypatch.setattr(d3rlpy_file, "MAX_CONFIG", length)
    assert read_d3(d3(), "here").action_size == 2
    monkeypatch.setattr(d3rlpy_file, "MAX_CONFIG", length - 1)
    with pytest.raises(FileFormatError, match="no weights with their settings"):
        read_d3(d3(), "here")


@pytest.mark.parametrize("size", [1, (1 << 20) - 1])
def test_sizes_of_d3rlpys_actions(size: int) -> None:
    assert read_d3(d3(action_size=size), "here").action_size == size


@pytest.mark.parametrize("changed", [
    {"action_size": 0}, {"action_size": 1 << 20}, {"action_size": -1}, {"action_size": "2"},
    {"observation_shape": 3}, {"observation_shape": None}], ids=str)
def test_no_observation_or_action(changed: dict[str, Any]) -> None:
    with pytest.raises(FileFormatError, match="no observation or action"):
        read_d3(d3(**changed), "here")


def test_settings_of_d3rlpy_are_no_weights() -> None:
    """The limit is of a text that people read: a million letters, far below any weights."""
    assert len(json.loads(json.dumps("a" * d3rlpy_file.MAX_CONFIG))) == 1024**2


@pytest.mark.parametrize("kind", [
    {"type": 1, "params": {}}, {"type": "sac", "params": []}, {"type": "sac"}, {"params": {}}, 3])
def test_parts_of_d3rlpys_settings(kind: Any) -> None:
    with pytest.raises(FileFormatError, match="the settings have no config"):
        read_d3(d3(config=kind), "here")


def tensors(path: Path, entries: dict[str, Any], data: bytes = b"", more: int = 0) -> Path:
    """A file by the format's description: the header's length in 8 bytes, the header, the data."""
    header = json.dumps(entries).encode()
    path.write_bytes((len(header) + more).to_bytes(8, "little") + header + data)
    return path


def entry(dtype: str, shape: list[int], start: int, stop: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def test_bfloat16_is_torchs(tmp_path: Path) -> None:
    """Every one of them but NaN, by torch's own bytes."""
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    every = every[~every.isnan()]
    data = every.view(torch.uint8).numpy().tobytes()
    path = tensors(tmp_path / "a.safetensors",
                   {"a": entry("BF16", [2, len(every) // 2], 0, len(data))}, data)
    found = load_safetensors(path)["a"]
    assert found.dtype == np.float32 and found.shape == (2, len(every) // 2)
    assert np.array_equal(found.ravel().view(np.int32), every.float().numpy().view(np.int32))


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "I64", "I32", "I16", "I8", "U8", "BOOL"])
def test_types_of_safetensors(dtype: str, tmp_path: Path) -> None:
    kind = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "I64": torch.int64,
            "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8,
            "BOOL": torch.bool}[dtype]
    right = torch.tensor([[0, 1, 3], [100, 0, 127]]).to(kind)
    data = right.view(torch.uint8).numpy().tobytes()
    found = load_safetensors(tensors(tmp_path / "a", {"a": entry(dtype, [2, 3], 0, len(data))},
                                     data))
    assert found["a"].dtype == right.numpy().dtype and np.array_equal(found["a"], right.numpy())


def test_the_header_of_safetensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    assert load_safetensors(tensors(path, {})) == {}
    for content in (b"", b"\x02" + bytes(6), b"\x02" + bytes(7), b"\x03" + bytes(7) + b"{}",
                    b"\x01" + bytes(7) + b"1", bytes(8)):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match="the header is damaged"):
            load_safetensors(path)
    entries = {"a": entry("I8", [1], 0, 1), "b": entry("I8", [2], 1, 3)}
    assert list(load_safetensors(tensors(path, entries, b"\1\2\3"))) == ["a", "b"]
    length = len(json.dumps(entries))
    monkeypatch.setattr(safetensors, "MAX_HEADER", length)
    assert load_safetensors(path)["b"].tolist() == [2, 3]
    monkeypatch.setattr(safetensors, "MAX_HEADER", length - 1)
    with pytest.raises(FileFormatError, match="the header is damaged"):
        load_safetensors(path)
    monkeypatch.undo()
    monkeypatch.setattr(safetensors, "MAX_TENSORS", 2)
    assert len(load_safetensors(path)) == 2
    monkeypatch.setattr(safetensors, "MAX_TENSORS", 1)
    with pytest.raises(FileFormatError, match="the header is damaged"):
        load_safetensors(path)
    path.write_bytes(b"\x02" + bytes(7) + b"[]")
    with pytest.raises(FileFormatError, match="the header is damaged"):
        load_safetensors(path)


def test_each_byte_of_safetensors_belongs_to_one_tensor(tmp_path: Path) -> None:
    """In any order of names."""
    path, swapped = tmp_path / "a", {"a": entry("I8", [2], 1, 3), "b": entry("I8", [1], 0, 1)}
    found = load_safetensors(tensors(path, swapped, b"\1\2\3"))
    assert {name: list(value) for name, value in found.items()} == {"a": [2, 3], "b": [1]}
    for first, second, data in (
            ((0, 1), (0, 2), b"\1\2"), ((0, 1), (2, 4), b"\1\2\3\4"), ((0, 1), (1, 4), b"\1\2\3\4"),
            ((0, 1), (1, 2), b"\1\2"), ((0, 1), (1, 3), b"\1\2"), ((1, 2), (2, 4), b"\1\2\3\4")):
        entries = {"a": entry("I8", [1], *first), "b": entry("I8", [2], *second)}
        with pytest.raises(FileFormatError, match="not where they should be"):
            load_safetensors(tensors(path, entries, data))
    with pytest.raises(FileFormatError, match="follows"):
        load_safetensors(tensors(path, swapped, b"\1\2\3\4"))


@pytest.mark.parametrize("damaged", [
    3, {}, {"dtype": "I8", "shape": [1]}, {"dtype": "I8", "data_offsets": [0, 1]},
    {"shape": [1], "data_offsets": [0, 1]}, {**entry("I8", [1], 0, 1), "dtype": 8},
    {**entry("I8", [1], 0, 1), "data_offsets": [0, 1, 1]}, entry("I8", [-1], 0, 1),
    {**entry("I8", [1], 0, 1), "data_offsets": [0]}, entry("I8", [1], -1, 0),
    {**entry("I8", [1], 0, 1), "data_offsets": "01"}, entry("I8", [1], 0, True)], ids=str)
def test_damaged_entries_of_safetensors(damaged: Any, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="entry is damaged"):
        load_safetensors(tensors(tmp_path / "a", {"a": damaged}, b"\1"))


@pytest.mark.parametrize("kind", ["statistics", "weights"])
def test_what_arrays_with_two_names_cost(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of its numbers: float64 of statistics, float32 of weights."""
    values = np.arange(50, dtype=np.float64)
    if kind == "statistics":
        part = read_pickle(pickle.dumps(values, protocol=2), Names(numpy_names(Budget(0, "here"))),
                           where="here")
        nbytes = values.nbytes
    else:
        part = values.astype(np.float32)
        nbytes = part.nbytes
    tree = {"l.weight": np.ones((2, 2), np.float32), "one": part, "two": part, "three": part}
    cost = PART * len(tree) + 2 * (PART + nbytes)
    monkeypatch.setattr(budget, "FLOOR", cost)
    found = parameters.parameters(tree, "here")
    held: Any = found.arrays if kind == "statistics" else found.weights
    assert all(np.array_equal(held[name], values) for name in ("one", "two", "three"))
    monkeypatch.setattr(budget, "FLOOR", cost - 1)
    with pytest.raises(FileFormatError, match="more or larger arrays"):
        parameters.parameters(tree, "here")


def test_bounds_of_a_dicts_boxes_are_gymnasiums() -> None:
    pytest.importorskip("stable_baselines3")
    from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete

    from puffer_edge.readers.stable_baselines3_zip import _parts

    space = Dict({"a": Box(-2.5, 3.0, (2, 3)), "b": Box(0.0, 1.0, (4,)), "c": Discrete(3),
                  "d": Box(-7.0, -2.0, (1,), np.float64), "e": MultiBinary(5),
                  "f": MultiDiscrete([2, 4]), "g": Box(0, 255, (2, 2, 3), np.uint8)})
    for text in (str(space.spaces), f"OrderedDict({[*space.spaces.items()]})"):
        found = _parts(text)
        assert [*found] == [*space.spaces]
        for name, part in space.spaces.items():
            if isinstance(part, Box):
                assert found[name].shape == part.shape and found[name].dtype == part.dtype.name
                assert found[name].low == tuple(part.low.ravel().astype(float))
                assert found[name].high == tuple(part.high.ravel().astype(float))
        assert found["c"].sizes == (3,) and found["f"].sizes == (2, 4)
        assert found["e"].shape == (5,)
