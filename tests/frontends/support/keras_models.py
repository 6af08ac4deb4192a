# SPDX-License-Identifier: MIT
"""Models that Keras itself saves, with torch as its back end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support.row import Made, Row

os.environ.setdefault("KERAS_BACKEND", "torch")  # before anybody imports it

N, A = 6, 3
Make = Callable[[Path], Made]


def keras() -> Any:
    """The package; TensorFlow is not needed."""
    import keras as package

    return package


def saved(model: Any, path: Path, output: str = "mean", **options: Any) -> Made:
    """Saves a model whose numbers are all random, and what it computes."""
    random = np.random.default_rng(5)
    for variable in model.variables:
        if variable.dtype == "float32" and "seed" not in variable.path:
            low = 0.5 if "variance" in variable.path or "gamma" in variable.path else -0.8
            numbers = random.uniform(low, 0.9, variable.shape)
            # Large recurrent weights make a bound that grows faster than any error.
            variable.assign(numbers / 3 if "_cell" in variable.path else numbers)
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()
    model.save(path)
    shape = [size or 1 for size in model.inputs[0].shape]

    def step(x: Any) -> dict[str, Any]:
        found = model(x.reshape(shape), training=False)
        found = list(found) if isinstance(found, list | tuple) else [found]
        names = [output, "value"] if len(found) == 2 else [output]
        return {name: part.detach().numpy() for name, part in zip(names, found, strict=True)}
    return Made(path, step, int(np.prod(shape)), options)


def sequential(end: str) -> Make:
    def make(directory: Path) -> Made:
        layers = keras().layers
        model = keras().Sequential([
            keras().Input((N,)), layers.Normalization(mean=None), layers.Dense(12, "elu"),
            layers.Dropout(0.5), layers.Dense(10, use_bias=False), layers.LeakyReLU(),
            layers.BatchNormalization(), layers.Dense(A, "tanh")])
        return saved(model, directory / f"policy.{end}")
    return make


def convolutional(directory: Path) -> Made:
    """Two heads; the softmax is left out, as it does not change the choice."""
    layers = keras().layers
    image = keras().Input((9, 8, 2))
    x = layers.Rescaling(0.5, offset=-0.25)(image)
    x = layers.Conv2D(5, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(layers.Conv2D(4, (2, 3))(x))
    outputs = [layers.Dense(A, name="logits")(x), layers.Dense(1, name="value")(x)]
    return saved(keras().Model(image, outputs), directory / "policy.keras", "logits")


def recurrent(kind: str, end: str) -> Make:
    def make(directory: Path) -> Made:
        layers = keras().layers
        model = keras().Sequential([
            keras().Input((1, N), batch_size=1),
            getattr(layers, kind)(8, stateful=True, return_sequences=True),
            getattr(layers, kind)(7, stateful=True), layers.Dense(A)])
        return saved(model, directory / f"policy.{end}")
    return make


ROWS: tuple[Row, ...] = (
    Row("Keras 3", "MLP", "`.keras`", sequential("keras"), "Keras 3 model", "`--action`", "keras"),
    Row("Keras 3", "CNN, functional", "`.keras`", convolutional, "Keras 3 model", package="keras"),
    Row("Keras 3", "LSTM", "`.keras`", recurrent("LSTM", "keras"), "Keras 3 model",
        package="keras"),
    Row("Keras 3", "GRU", "`.keras`", recurrent("GRU", "keras"), "Keras 3 model", package="keras"),
    Row("Keras 3", "MLP", "`.h5`", sequential("h5"), "Keras 3 model", "`--action`", "keras"),
    Row("Keras 3", "LSTM", "`.h5`", recurrent("LSTM", "h5"), "Keras 3 model", package="keras"),
)
