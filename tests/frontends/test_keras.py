# SPDX-License-Identifier: MIT
"""Keras' models: each layer against Keras itself, and files that say what is not supported."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

import puffer_edge
from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError
from tests.frontends.support.keras_models import keras, recurrent, saved, sequential
from tests.frontends.test_support import agree

pytest.importorskip("keras")

Stack = Callable[[Any], list[Any]]
VECTOR, IMAGE, SERIES = (6,), (7, 6, 4), (5, 4)
LAYERS: dict[str, tuple[tuple[int, ...], Stack]] = {
    **{f"Dense, {name}": (VECTOR, lambda k, name=name: [k.Dense(5, name)]) for name in (
        "relu", "relu6", "tanh", "sigmoid", "elu", "selu", "softplus", "silu", "gelu", "mish",
        "leaky_relu", "hard_sigmoid", "hard_silu", "linear", "exponential")},
    "Activation": (VECTOR, lambda k: [k.Activation("elu")]),
    "ReLU": (VECTOR, lambda k: [k.ReLU()]),
    "ReLU with a maximum": (VECTOR, lambda k: [k.ReLU(max_value=1.5)]),
    "ReLU with a slope": (VECTOR, lambda k: [k.ReLU(negative_slope=0.1)]),
    "LeakyReLU": (VECTOR, lambda k: [k.LeakyReLU(negative_slope=0.05)]),
    "ELU": (VECTOR, lambda k: [k.ELU(alpha=0.7)]),
    "LayerNormalization": (VECTOR, lambda k: [k.LayerNormalization(epsilon=0.05)]),
    "LayerNormalization without": (VECTOR, lambda k: [
        k.LayerNormalization(center=False, scale=False)]),
    "BatchNormalization": (IMAGE, lambda k: [k.BatchNormalization(epsilon=0.1), k.Flatten()]),
    "BatchNormalization without": (VECTOR, lambda k: [
        k.BatchNormalization(scale=False, center=False)]),
    "Rescaling": (IMAGE, lambda k: [k.Rescaling(0.25, offset=1.0), k.Flatten()]),
    "Conv2D, same": (IMAGE, lambda k: [
        k.Conv2D(3, (3, 2), strides=(2, 3), padding="same"), k.Flatten()]),
    "Conv2D, dilated": (IMAGE, lambda k: [
        k.Conv2D(3, 2, dilation_rate=(2, 3), padding="same", activation="tanh"), k.Flatten()]),
    "Conv2D, groups": (IMAGE, lambda k: [k.Conv2D(6, 3, groups=2, use_bias=False), k.Flatten()]),
    "DepthwiseConv2D": (IMAGE, lambda k: [
        k.DepthwiseConv2D(3, depth_multiplier=2), k.Flatten()]),
    "Conv1D, causal": (SERIES, lambda k: [k.Conv1D(3, 2, padding="causal"), k.Flatten()]),
    "Conv1D, strided": (SERIES, lambda k: [k.Conv1D(3, 2, strides=2), k.Flatten()]),
    "MaxPooling2D": (IMAGE, lambda k: [k.MaxPooling2D(3, strides=2), k.Flatten()]),
    "MaxPooling1D": (SERIES, lambda k: [k.MaxPooling1D(2), k.Flatten()]),
    "GlobalAveragePooling2D": (IMAGE, lambda k: [k.GlobalAveragePooling2D()]),
    "GlobalMaxPooling2D": (IMAGE, lambda k: [k.GlobalMaxPooling2D()]),
    "Reshape": (VECTOR, lambda k: [k.Reshape((3, -1)), k.Conv1D(4, 2), k.Flatten()]),
    "LSTM over a window": (SERIES, lambda k: [k.LSTM(4, use_bias=False)]),
    "GRU over a window": (SERIES, lambda k: [k.GRU(4, return_sequences=True), k.GRU(3)]),
}


@pytest.mark.parametrize(("shape", "stack"), LAYERS.values(), ids=list(LAYERS))
def test_layers_with_their_arguments(shape: tuple[int, ...], stack: Stack, tmp_path: Path) -> None:
    layers = keras().layers
    model = keras().Sequential([keras().Input(shape), *stack(layers), layers.Dense(3)])
    made = saved(model, tmp_path / "policy.keras", action="continuous")
    agree(made, puffer_edge.load(made.path, **made.options))


def test_a_functional_model_with_several_inputs(tmp_path: Path) -> None:
    """Merges of branches; layers in another order than they are called."""
    k = keras()
    first, second = k.Input((4,), name="imu"), k.Input((6,), name="legs")
    a, b = k.layers.Dense(5, "tanh")(second), k.layers.Dense(5)(first)
    x = k.layers.Concatenate()([k.layers.Add()([a, b]), k.layers.Multiply()([b, a]), a])
    x = k.layers.Maximum()([k.layers.Dense(7)(x), k.layers.Dense(7)(k.layers.Subtract()([a, b]))])
    model = k.Model([first, second], k.layers.Dense(3, name="mean")(x))
    made = saved(model, tmp_path / "policy.keras")
    program = puffer_edge.load(made.path)
    assert [field.name for field in program.contract.observation] == ["imu", "legs"]
    x = np.random.default_rng(1).standard_normal(10).astype(np.float32)
    theirs = model([x[None, :4], x[None, 4:]]).detach().numpy()
    mine = puffer_edge.interpreter.Interpreter(program).step(x)["mean"]
    np.testing.assert_allclose(mine, theirs[0], rtol=1e-5, atol=1e-5)


def test_a_model_that_is_not_stateful_keeps_its_state_by_assumption(tmp_path: Path) -> None:
    k = keras()
    model = k.Sequential([k.Input((None, 6)), k.layers.LSTM(4), k.layers.Dense(3)])
    program = puffer_edge.load(saved(model, tmp_path / "policy.keras").path)
    assert "recurrent-state" in [note.code for note in program.notes]
    runner = puffer_edge.interpreter.Interpreter(program)
    x = np.random.default_rng(2).standard_normal((1, 9, 6)).astype(np.float32)
    mine = [runner.step(row)["mean"] for row in x[0]][-1]
    np.testing.assert_allclose(mine, model(x).detach().numpy()[0], rtol=1e-5, atol=1e-5)


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A file whose description says something else."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    change(config)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def layer(number: int, **changes: Any) -> Callable[[dict[str, Any]], object]:
    def change(config: dict[str, Any]) -> None:
        entry = config["config"]["layers"][number]
        for name, value in changes.items():
            if name == "config":
                entry["config"] |= value
            else:
                entry[name] = value
    return change


UNSUPPORTED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "Lambda": (layer(2, class_name="Lambda"), "a Lambda, which is Python code"),
    "an unknown layer": (layer(2, class_name="Attention"), "Attention, which is not supported"),
    "a layer of the user's": (layer(2, module="robots", registered_name="My>Dense"),
                              r"robots\.Dense"),
    "a Dense of the user's": (layer(2, registered_name="My>Dense"), r"keras\.layers\.Dense"),
    "an unknown function": (layer(2, config={"activation": "snake"}), "snake"),
    "a function of the user's": (layer(2, config={"activation": {
        "module": "builtins", "class_name": "function", "config": "relu",
        "registered_name": "function"}}), "activation function"),
    "half precision": (layer(2, config={"dtype": "mixed_float16"}), "mixed_float16"),
    "another axis": (layer(6, config={"axis": 0}), "axis = 0"),
    "no shape": (layer(0, config={"batch_shape": None}), "shape of its input"),
    "a class of the user's": (lambda config: config.update(class_name="Agent"), "class Agent"),
}


@pytest.mark.parametrize(("change", "what"), UNSUPPORTED.values(), ids=list(UNSUPPORTED))
def test_what_is_not_supported_is_named(change: Callable[[dict[str, Any]], object], what: str,
                                        tmp_path: Path) -> None:
    path = edited(sequential("keras")(tmp_path).path, change)
    with pytest.raises(UnsupportedError, match=what):
        puffer_edge.load(path)


@pytest.mark.parametrize("change", [
    layer(2, config={"units": 11}), layer(2, config={"use_bias": False}),
    layer(2, config={"units": "12"}),
    lambda config: config["config"].update(layers=[]),
    lambda config: config["config"]["layers"].pop(2),
])
def test_a_description_that_does_not_fit_the_weights(change: Callable[[dict[str, Any]], object],
                                                     tmp_path: Path) -> None:
    path = edited(sequential("keras")(tmp_path).path, change)
    with pytest.raises(PufferEdgeError):
        puffer_edge.load(path)


@pytest.mark.parametrize(("argument", "value"), [
    ("recurrent_activation", "hard_sigmoid"), ("activation", "relu"), ("go_backwards", True),
    ("reset_after", False)])
def test_cells_of_other_formulas(argument: str, value: object, tmp_path: Path) -> None:
    path = edited(recurrent("GRU", "keras")(tmp_path).path, layer(1, config={argument: value}))
    with pytest.raises(UnsupportedError, match=argument):
        puffer_edge.load(path)


def test_weights_alone(tmp_path: Path) -> None:
    """A Keras 2 file of save_weights has no description."""
    import h5py

    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.attrs["layer_names"] = np.array([b"dense"])
        file["dense/kernel:0"] = np.zeros((3, 2), "f4")
    with pytest.raises(UnsupportedError, match="weights without the model"):
        puffer_edge.load(tmp_path / "weights.h5")


def test_a_file_of_keras_2(tmp_path: Path) -> None:
    """By hand, as TensorFlow 2.15 writes it: names end in :0, inputs in other words."""
    import h5py

    random = np.random.default_rng(3)
    kernel, bias = random.standard_normal((4, 3)), random.standard_normal(3)
    config = {"class_name": "Functional", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer", "config": {
            "batch_input_shape": [None, 4], "dtype": "float32", "name": "input_1"},
         "name": "input_1", "inbound_nodes": []},
        {"class_name": "Dense", "config": {
            "name": "pi", "dtype": "float32", "units": 3, "activation": "tanh", "use_bias": True},
         "name": "pi", "inbound_nodes": [[["input_1", 0, 0, {}]]]}],
        "input_layers": [["input_1", 0, 0]], "output_layers": [["pi", 0, 0]]}}
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update({"model_config": json.dumps(config), "keras_version": "2.15.0"})
        group = file.create_group("model_weights/pi")
        group.attrs["weight_names"] = np.array([b"pi/kernel:0", b"pi/bias:0"])
        group["pi/kernel:0"], group["pi/bias:0"] = kernel.astype("f4"), bias.astype("f4")
    program = puffer_edge.load(path, action="continuous")
    assert program.source == "Keras 2 model"
    x = random.standard_normal(4).astype(np.float32)
    np.testing.assert_allclose(
        puffer_edge.interpreter.Interpreter(program).step(x)["mean"].reshape(-1),
        np.tanh(x @ kernel + bias), rtol=1e-5, atol=1e-5)
    config["config"]["layers"][1]["config"]["activation"] = "hard_sigmoid"  # another formula
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(UnsupportedError, match="hard_sigmoid"):
        puffer_edge.load(path)


def test_a_zip_that_was_changed(tmp_path: Path) -> None:
    path = sequential("keras")(tmp_path).path
    content = path.read_bytes()
    for end in range(0, len(content), 997):
        path.write_bytes(content[:end])
        with pytest.raises(PufferEdgeError):
            puffer_edge.load(path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", "[" * 5000)
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", b"")
    path.write_bytes(buffer.getvalue())
    with pytest.raises(FileFormatError):
        puffer_edge.load(path)


def test_files_that_do_not_say_whose_the_weights_are(tmp_path: Path) -> None:
    """Before Keras 3.5 the place alone tells: dense, dense_1, in the order of the layers."""
    import h5py

    made = sequential("keras")(tmp_path)
    with zipfile.ZipFile(made.path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    content = io.BytesIO(members["model.weights.h5"])
    with h5py.File(content, "a") as file:
        for group in file["layers"].values():
            del group["vars"].attrs["name"]
    members["model.weights.h5"] = content.getvalue()
    with zipfile.ZipFile(made.path, "w") as archive:
        for name, each in members.items():
            archive.writestr(name, each)
    agree(made, puffer_edge.load(made.path))
