# SPDX-License-Identifier: MIT
"""Models that Keras saved: their description, which is JSON, and the weights of each layer.

``.keras`` is a zip of config.json and model.weights.h5, ``.h5`` has both in one HDF5 file. Of the
description nothing is run; classes are names, and a function that was pickled stays text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.readers.hdf5 import Hdf5, parse_hdf5
from puffer_edge.readers.text import printable
from puffer_edge.readers.zip_archive import ZipArchive

MAX_CONFIG = 16 << 20
MAX_LAYERS = 2000
_SAVE = "save the whole model, architecture and weights: model.save('policy.keras')"


@dataclass(frozen=True)
class Layer:
    """A layer as the description has it.

    Attributes:
        kind: the class.
        name: of the layer.
        config: its arguments.
        inputs: names of the layers whose outputs it takes; empty in a Sequential.
        weights: its variables, in Keras' order.
        calls: how often the graph calls it.
    """

    kind: str
    name: str
    config: dict[str, Any]
    inputs: tuple[str, ...] = ()
    weights: list[Array] = field(default_factory=list)
    calls: int = 1


@dataclass(frozen=True)
class KerasModel:
    """A model.

    Attributes:
        layers: in the order in which the file has them.
        inputs, outputs: names of layers; empty in a Sequential.
        version: the main number of the Keras that wrote it, 2 or 3.
        where: the file, for messages.
    """

    layers: list[Layer]
    inputs: list[str]
    outputs: list[str]
    version: int
    where: str


def load_keras_zip(path: Path) -> KerasModel:
    """The model of a ``.keras`` file.

    Raises:
        MissingDependencyError: h5py is not installed.
        FileFormatError: the file is damaged, or its parts do not fit each other.
        UnsupportedError: the model is of a kind that does not describe its layers.
    """
    where = str(path)
    archive = ZipArchive(path, where=where, stored_only=False)
    meta = _json(archive.read("metadata.json"), where)
    weights = parse_hdf5(archive.read("model.weights.h5"), where)
    model = _model(_json(archive.read("config.json"), where), where, meta.get("keras_version"))
    root = next((name for name in ("layers", "_layer_checkpoint_dependencies")
                 if name in weights.attributes), "")
    # Newer files say whose the weights are; in older ones the place is told by counting classes.
    named = {attributes.get("name"): path.removesuffix("/vars") for path, attributes
             in weights.attributes.items() if path.endswith("/vars") and path.count("/") == 2}
    used: dict[str, int] = {}
    for layer in model.layers:
        kind = _snake_case(layer.kind.rpartition(".")[2])
        used[kind] = used.get(kind, 0) + 1
        number = used[kind] - 1
        stem = f"{root}/{kind}_{number}" if number else f"{root}/{kind}"
        layer.weights.extend(_variables(weights, named.get(layer.name, stem)))
    return model


def model_of_hdf5(file: Hdf5) -> KerasModel:
    """The model of an ``.h5`` file; errors as of :func:`load_keras_zip`."""
    text = file.attributes[""].get("model_config")
    if not isinstance(text, str):
        raise UnsupportedError("the file holds weights without the model", where=file.where,
                               hint=_SAVE)
    model = _model(_json(text.encode(), file.where), file.where,
                   file.attributes[""].get("keras_version"))
    for layer in model.layers:
        group = f"model_weights/{layer.name}"
        names = file.attributes.get(group, {}).get("weight_names", [])
        for name in names if isinstance(names, list) else []:
            if f"{group}/{name}" not in file.arrays:
                raise FileFormatError("the weights are missing",
                                      where=file.place(f"{group}/{name}"))
            layer.weights.append(file.arrays[f"{group}/{name}"])
    return model


def _variables(weights: Hdf5, stem: str) -> list[Array]:
    """Of a layer, or of the cell in it."""
    stems = [path for path in (f"{stem}/vars", f"{stem}/cell/vars") if path in weights.attributes]
    found: list[Array] = []
    for path in stems:
        index = 0
        while f"{path}/{index}" in weights.arrays:
            found.append(weights.arrays[f"{path}/{index}"])
            index += 1
    return found


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(content) if len(content) <= MAX_CONFIG else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FileFormatError("the model's description is no JSON", where=where)
    return found


def _model(config: dict[str, Any], where: str, version: Any) -> KerasModel:
    kind, inner = config.get("class_name"), config.get("config")
    if kind not in ("Sequential", "Functional", "Model") or not isinstance(inner, dict):
        raise UnsupportedError(
            f"the model is of the class {printable(str(kind), 60)}, whose code is not in the file",
            where=where, hint="build it with keras.Sequential or keras.Model(inputs, outputs), or "
                              "convert it to TFLite: tf.lite.TFLiteConverter.from_keras_model")
    entries = inner.get("layers")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_LAYERS:
        raise FileFormatError("the description has no layers", where=where)
    layers = [_layer(entry, where) for entry in entries]
    if len({layer.name for layer in layers}) != len(layers):
        raise FileFormatError("two layers have the same name", where=where)
    main = 2 if str(version).startswith("2") else 3
    if kind == "Sequential":
        return KerasModel(layers, [], [], main, where)
    inputs, outputs = (_histories(inner.get(side)) for side in ("input_layers", "output_layers"))
    if not inputs or not outputs:
        raise FileFormatError("the description has no inputs or outputs", where=where)
    return KerasModel(layers, inputs, outputs, main, where)


def _layer(entry: Any, where: str) -> Layer:
    config = entry.get("config") if isinstance(entry, dict) else None
    if not isinstance(config, dict) or not isinstance(entry.get("class_name"), str):
        raise FileFormatError("the description of a layer is damaged", where=where)
    name = entry.get("name", config.get("name"))
    if not isinstance(name, str):
        raise FileFormatError("a layer has no name", where=where)
    kind, module = entry["class_name"], entry.get("module")
    if module not in (None, "keras.layers") or entry.get("registered_name") not in (None, kind):
        kind = f"{module}.{kind}"  # the user's own, whatever it is called
    dtype = config.get("dtype", "float32")
    dtype = dtype.get("config", {}).get("name") if isinstance(dtype, dict) else dtype
    if kind != "InputLayer" and dtype not in (None, "float32", "float64"):
        raise UnsupportedError(f"the layer computes in {printable(str(dtype), 40)}",
                               where=f"{where}: {printable(name)}",
                               hint="save the model with the policy float32")
    nodes = entry.get("inbound_nodes") or []
    inputs = tuple(_histories(nodes[0])) if isinstance(nodes, list) and nodes else ()
    return Layer(kind, name, config, inputs,
                 calls=len(nodes) if isinstance(nodes, list) else 0)


def _histories(value: Any) -> list[str]:
    """Names of the layers in a node: Keras 3 has ``keras_history``, 2 lists ``[name, 0, 0, {}]``.

    A tensor that is not the only one of its layer, or of its first call, is none of them.
    """
    if isinstance(value, dict):
        if "keras_history" in value:
            return _histories(value["keras_history"])
        return [name for part in value.values() for name in _histories(part)]
    if not isinstance(value, list):
        return []
    if len(value) in (3, 4) and isinstance(value[0], str) and value[1:3] == [0, 0]:
        return [value[0]]
    return [name for part in value for name in _histories(part)]


def _snake_case(name: str) -> str:
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
