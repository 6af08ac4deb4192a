# SPDX-License-Identifier: MIT
"""Every row's file with a tensor that is missing, of another shape or type: one error, or a policy.

No traceback, whatever is wrong: what a front end assumes of a file, it has checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from puffer_edge.errors import PufferEdgeError
from puffer_edge.frontends import stable_baselines3
from puffer_edge.frontends.detect import detect
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.state_dict import load_parameters
from puffer_edge.frontends.torchscript.archive import read_archive
from puffer_edge.frontends.torchscript.load import load_archive
from puffer_edge.ir import Program
from puffer_edge.readers import stable_baselines3_zip
from puffer_edge.readers.parameters import Parameters, parameters
from puffer_edge.readers.pickle_data import Stub
from puffer_edge.readers.safetensors import load_safetensors
from puffer_edge.readers.torch_checkpoint import load_checkpoint
from tests.frontends.support import ROWS
from tests.frontends.support.row import Row
from tests.frontends.test_support import firsts

Weights = dict[str, Any]
CHANGES: dict[str, Callable[[Any], Any]] = {
    "shorter": lambda a: a[:-1] if a.ndim else a, "an axis more": lambda a: a[None],
    "an axis less": lambda a: a.reshape(-1), "empty": lambda a: a.reshape(-1)[:0],
    "wider": lambda a: np.concatenate([a, a], -1) if a.ndim else a[None],
    "longer": lambda a: np.concatenate([a, a]) if a.ndim else a[None],
    "integers": lambda a: a.astype(np.int64), "a number": lambda a: a.reshape(-1)[:1].reshape(()),
    "negative": lambda a: -np.abs(a) - 1 if a.dtype.kind == "f" else a,
    "five axes": lambda a: a.reshape(1, 1, 1, 1, -1)}


def damaged(weights: Weights) -> Iterator[tuple[str, Weights]]:
    for name, array in list(weights.items())[:24]:  # copies for training come last
        yield f"without {name}", {key: a for key, a in weights.items() if key != name}
        for change, function in CHANGES.items():
            yield f"{name}, {change}", {**weights, name: function(array)}
    names = list(weights)
    for first, second in pairwise(names[:24]):
        yield f"without {first} and {second}", {
            key: a for key, a in weights.items() if key not in (first, second)}
        yield f"{first} and {second} swapped", {
            **weights, first: weights[second], second: weights[first]}


def loader(path: Path, options: LoadOptions, monkeypatch: pytest.MonkeyPatch
           ) -> tuple[Weights, Callable[[Weights], Program]] | None:
    """The weights of a file, and how to load it with others; None for what has none by name."""
    kind = detect(path)
    if kind in ("torch_checkpoint", "safetensors"):
        tree = load_safetensors(path) if kind == "safetensors" else load_checkpoint(path, where="")
        found = parameters(tree, "")
        return found.weights, lambda weights: load_parameters(
            Parameters(weights, found.classes, found.attributes), options, "file")
    if kind == "torch_script":
        archive = read_archive(path)
        places = tensors_of(archive.root)

        def load_script(weights: Weights) -> Program:
            for name, (state, key) in places.items():
                state[key] = weights.get(name)
            return load_archive(archive, options)
        return {name: state[key] for name, (state, key) in places.items()}, load_script
    if kind == "stable_baselines3":
        file = stable_baselines3_zip.load_stable_baselines3(path)

        def load(weights: Weights) -> Program:
            monkeypatch.setattr(stable_baselines3.load, "load_stable_baselines3",
                                lambda path: replace(file, weights=weights))
            return stable_baselines3.load.load_zip(path, options)
        return file.weights, load
    return None


def tensors_of(stub: Stub, path: str = "") -> dict[str, tuple[dict[str, Any], str]]:
    """Where the tensors of a script lie: the attributes of an object, and the name of one."""
    found = {}
    for key, value in stub.state.items():
        if isinstance(value, np.ndarray):
            found[f"{path}{key}"] = stub.state, key
        elif isinstance(value, Stub) and isinstance(value.state, dict):
            found |= tensors_of(value, f"{path}{key}.")
    return found


@pytest.mark.parametrize("row", [
    row if row in firsts() else pytest.param(row, marks=pytest.mark.exhaustive) for row in ROWS],
    ids=lambda row: row.name)
def test_one_error_or_a_policy(row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if row.package:
        pytest.importorskip(row.package)
    made = row.make(tmp_path)
    options = {name: value for name, value in made.options.items()
               if name not in ("module", "observation_shape")}
    found = loader(made.path, LoadOptions(**options), monkeypatch)
    if found is None:
        return
    weights, load = found
    refusals = 0
    for _, changed in damaged(weights):
        try:
            load(changed)
        except PufferEdgeError as error:
            assert error.exit_code in (2, 3, 4)  # 70 would be a defect of ours
            refusals += 1
    assert refusals > min(len(weights), 24) / 2
