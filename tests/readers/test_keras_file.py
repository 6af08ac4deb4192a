# SPDX-License-Identifier: MIT
"""Keras' files by hand, with h5py and zipfile alone: which arrays belong to which layer."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError
from puffer_edge.readers import keras_file
from puffer_edge.readers.hdf5 import parse_hdf5
from puffer_edge.readers.keras_file import KerasModel, load_keras_zip, model_of_hdf5

h5py = pytest.importorskip("h5py")

Entry = dict[str, Any]


def entry(kind: str, name: str, *inputs: str, **others: Any) -> Entry:
    """A layer as Keras 3 writes it; each input is the layer's first and only output."""
    nodes = [{"args": [[{"class_name": "__keras_tensor__", "config": {
        "shape": [None, 4], "keras_history": [each, 0, 0]}} for each in inputs]],
        "kwargs": {"mask": None}}] if inputs else []
    return {"module": "keras.layers", "class_name": kind, "name": name, "registered_name": None,
            "config": {"name": name, "dtype": {"class_name": "DTypePolicy",
                                               "config": {"name": "float32"}}},
            "inbound_nodes": nodes} | others


def sequential(*entries: Entry, **others: Any) -> Entry:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(entries)}} | others


def functional(*entries: Entry, **inner: Any) -> Entry:
    return {"class_name": "Functional", "config": {
        "layers": list(entries), "input_layers": [["in", 0, 0]], "output_layers": ["out", 0, 0],
        } | inner}


def hdf5(weights: Mapping[str, Sequence[float]], names: dict[str, str] | None = None,
         groups: tuple[str, ...] = (), **attributes: Any) -> bytes:
    """A file with arrays by path and the attribute ``name`` of groups."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for group in groups:
            file.create_group(group)
        for path, numbers in weights.items():
            file[path] = np.array(numbers, np.float32)
        for path, name in (names or {}).items():
            file[path].attrs["name"] = name
        file.attrs.update(attributes)
    return content.getvalue()


def zipped(path: Path, config: Any, weights: bytes, version: str = "3.8.0",
           compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("metadata.json", json.dumps({"keras_version": version}))
        file.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
        file.writestr("model.weights.h5", weights)
    return path


def held(model: KerasModel) -> dict[str, list[list[float]]]:
    return {layer.name: [array.tolist() for array in layer.weights] for layer in model.layers}


THREE = (entry("InputLayer", "in"), entry("Dense", "b"), entry("LayerNormalization", "c"),
         entry("Dense", "a"), entry("GRU", "r"), entry("Dense", "d"))
PLACES = {"dense/vars/0": [1], "dense/vars/1": [2], "dense_1/vars/0": [3], "dense_2/vars/0": [6],
          "layer_normalization/vars/0": [4], "gru/cell/vars/0": [5], "gru/cell/vars/1": [7],
          "gru/cell/vars/2": [8]}
"""Where Keras puts them: by the class in snake case, counted from the second of a class on."""


@pytest.mark.parametrize("root", ["layers", "_layer_checkpoint_dependencies"])
def test_weights_by_the_count_of_each_class(root: str, tmp_path: Path) -> None:
    """As files say it before Keras 3.5, compressed or not."""
    weights = hdf5({f"{root}/{path}": numbers for path, numbers in PLACES.items()})
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        model = load_keras_zip(zipped(tmp_path / "p.keras", sequential(*THREE), weights,
                                      compression=compression))
        assert held(model) == {"in": [], "b": [[1], [2]], "c": [[4]], "a": [[3]],
                               "r": [[5], [7], [8]], "d": [[6]]}
        assert model.version == 3 and model.inputs == model.outputs == []


def test_weights_by_the_name_beside_them(tmp_path: Path) -> None:
    """It counts more than the place; a name deeper or higher in the file is none of a layer."""
    weights = hdf5({"layers/dense/vars/0": [1], "layers/dense_1/vars/0": [3],
                    "layers/dense_2/vars/0": [6], "layers/deep/dense/vars/0": [9],
                    "vars/0": [10], "layers/layer_normalization/vars/0": [4]},
                   {"layers/dense/vars": "d", "layers/dense_1/vars": "b",
                    "layers/dense_2/vars": "a", "layers/deep/dense/vars": "c", "vars": "c",
                    "layers/layer_normalization": "b"})
    model = load_keras_zip(zipped(tmp_path / "p.keras", sequential(*THREE), weights))
    assert held(model) == {"in": [], "b": [[3]], "c": [[4]], "a": [[6]], "r": [], "d": [[1]]}


def test_histories(tmp_path: Path) -> None:
    """The graph: Keras 3's tensors, Keras 2's lists, and outputs that are not a layer's first."""
    two = {"class_name": "Dense", "config": {"name": "two"}, "name": "two",
           "inbound_nodes": [[["in", 0, 0, {}], ["x", 0, 0, {}]], [["y", 1, 0, {}]]]}
    made = functional(
        entry("InputLayer", "in"), entry("Dense", "x", "in"), entry("Add", "y", "x", "in"), two,
        entry("Dense", "second", inbound_nodes=[[["in", 1, 0]], [["x", 0, 0]]]),
        entry("Dense", "other", inbound_nodes=[[["in", 0, 1]]]),
        entry("Dense", "short", inbound_nodes=[[["in", 0]]]),
        entry("Dense", "long", inbound_nodes=[[["in", 0, 0, {}, 1]]]),
        entry("Dense", "number", inbound_nodes=[[[3, 0, 0]]]),
        entry("Dense", "uncalled", inbound_nodes=None), entry("Dense", "odd", inbound_nodes="x"))
    model = load_keras_zip(zipped(tmp_path / "p.keras", made, hdf5({})))
    assert {layer.name: layer.inputs for layer in model.layers} == {
        "in": (), "x": ("in",), "y": ("x", "in"), "two": ("in", "x"), "second": (), "other": (),
        "short": (), "long": (), "number": (), "uncalled": (), "odd": ()}
    assert [layer.calls for layer in model.layers] == [0, 1, 1, 2, 2, 1, 1, 1, 1, 0, 0]
    assert model.inputs == ["in"] and model.outputs == ["out"]


def test_whose_a_class_is(tmp_path: Path) -> None:
    """Not Keras' own is told by its module, or by the name that it was registered with."""
    kinds: list[tuple[str, Entry]] = [
        ("Dense", {}), ("Dense", {"module": None}), ("Dense", {"registered_name": "Dense"}),
        ("robots.Dense", {"module": "robots"}),
        ("None.Dense", {"module": None, "registered_name": "My>Dense"}),
        ("keras.layers.Dense", {"registered_name": "My>Dense"})]
    made = sequential(*(entry("Dense", f"l{n}", **each) for n, (_, each) in enumerate(kinds)))
    model = load_keras_zip(zipped(tmp_path / "p.keras", made, hdf5({})))
    assert [layer.kind for layer in model.layers] == [kind for kind, _ in kinds]


@pytest.mark.parametrize(("version", "main"), [("2.15.0", 2), ("3.0.1", 3), (None, 3)])
def test_the_version(version: Any, main: int, tmp_path: Path) -> None:
    model = load_keras_zip(zipped(tmp_path / "p.keras", sequential(*THREE), hdf5({}), version))
    assert model.version == main


@pytest.mark.parametrize(("kind", "dtype", "good"), [
    ("Dense", "float32", True), ("Dense", "float64", True), ("Dense", None, True),
    ("Dense", "mixed_float16", False), ("Dense", {"config": {"name": "bfloat16"}}, False),
    ("Dense", {"config": {"name": "float64"}}, True), ("InputLayer", "uint8", True)])
def test_the_type_that_a_layer_computes_in(kind: str, dtype: Any, good: bool, tmp_path: Path
                                           ) -> None:
    made = sequential(entry(kind, "a", config={"dtype": dtype}))
    path = zipped(tmp_path / "p.keras", made, hdf5({}))
    if good:
        assert load_keras_zip(path).layers[0].config == {"dtype": dtype}
    else:
        with pytest.raises(UnsupportedError, match="computes in"):
            load_keras_zip(path)


A = entry("Dense", "a")
WRONG: dict[str, tuple[Any, type[PufferEdgeError], str]] = {
    "no JSON": (b"{", FileFormatError, "no JSON"), "a list": ([], FileFormatError, "no JSON"),
    "deep": (b"[" * 100_000, FileFormatError, "no JSON"),
    "the user's class": (sequential(A, class_name="Agent"), UnsupportedError, "Agent"),
    "no arguments": ({"class_name": "Sequential", "config": []}, UnsupportedError, "the class"),
    "no layers": (sequential(), FileFormatError, "no layers"),
    "layers are no list": ({"class_name": "Sequential", "config": {"layers": {"a": 1}}},
                           FileFormatError, "no layers"),
    "two of a name": (sequential(A, A), FileFormatError, "the same name"),
    "no inputs": (functional(A, input_layers=[]), FileFormatError, "no inputs"),
    "no outputs": (functional(A, output_layers=[]), FileFormatError, "no inputs or outputs"),
    "a layer is no object": (sequential(A, []), FileFormatError, "a layer is damaged"),  # type: ignore[arg-type]
    "a layer without arguments": (sequential(A | {"config": None}), FileFormatError, "damaged"),
    "a layer without a class": (sequential(A | {"class_name": 3}), FileFormatError, "damaged"),
    "a layer without a name": (sequential(A | {"name": 3}), FileFormatError, "no name"),
}


@pytest.mark.parametrize(("config", "kind", "why"), WRONG.values(), ids=list(WRONG))
def test_a_damaged_description(config: Any, kind: type[Exception], why: str, tmp_path: Path
                               ) -> None:
    path = zipped(tmp_path / "p.keras", config, hdf5({}))
    with pytest.raises(kind, match=why):
        load_keras_zip(path)


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many layers and as long a text as the limit says are read, one more is not."""
    many = sequential(*(entry("Dense", f"l{n}") for n in range(5)))
    path = zipped(tmp_path / "p.keras", many, hdf5({}))
    for limit, size in (("MAX_LAYERS", 5), ("MAX_CONFIG", len(json.dumps(many)))):
        monkeypatch.setattr(keras_file, limit, size)
        assert len(load_keras_zip(path).layers) == 5
        monkeypatch.setattr(keras_file, limit, size - 1)
        with pytest.raises(FileFormatError):
            load_keras_zip(path)
        monkeypatch.undo()
    assert keras_file.MAX_CONFIG == 2**24  # 16 MiB


def in_one(names: Any = (b"b/kernel:0",), **attributes: Any) -> KerasModel:
    text = json.dumps(sequential(entry("Dense", "a"), entry("Dense", "b")))
    weights = {"model_weights/a/a/kernel:0": [1.0], "model_weights/a/a/bias:0": [2.0],
               "model_weights/b/b/kernel:0": [3.0]}
    content = io.BytesIO(hdf5(weights, **{"model_config": text} | attributes))
    with h5py.File(content, "a") as file:
        file["model_weights/a"].attrs["weight_names"] = [b"a/bias:0", b"a/kernel:0"]
        file["model_weights/b"].attrs["weight_names"] = names
    return model_of_hdf5(parse_hdf5(content.getvalue(), "f.h5"))


def test_models_in_one_file() -> None:
    """The order of the weights is that of ``weight_names``."""
    model = in_one(keras_version="2.15.0")
    assert held(model) == {"a": [[2], [1]], "b": [[3]]} and model.version == 2
    assert in_one(keras_version="3.1").version == in_one().version == 3
    assert held(in_one(4)) == {"a": [[2], [1]], "b": []}
    with pytest.raises(FileFormatError, match="missing"):
        in_one([b"b/bias:0"])
    with pytest.raises(UnsupportedError, match="without the model"):
        in_one(model_config=3)


@pytest.mark.parametrize(("kind", "folder"), [
    ("Dense", "dense"), ("Conv2D", "conv2d"), ("ReLU", "re_lu"), ("LSTM", "lstm"), ("GRU", "gru"),
    ("BatchNormalization", "batch_normalization"), ("DepthwiseConv2D", "depthwise_conv2d")])
def test_the_folder_of_a_class(kind: str, folder: str, tmp_path: Path) -> None:
    """By the folders that Keras 3 wrote for these."""
    path = zipped(tmp_path / "p.keras", sequential(entry(kind, "a")),
                  hdf5({f"layers/{folder}/vars/0": [1]}))
    assert held(load_keras_zip(path)) == {"a": [[1]]}
