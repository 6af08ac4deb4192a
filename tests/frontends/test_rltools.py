# SPDX-License-Identifier: MIT
"""RLtools' checkpoints: RAPTOR by its own example, files that say other than they compute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

import h5py

import puffer_edge
from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError
from puffer_edge.interpreter import Interpreter
from tests.frontends.support import rltools


def test_raptor_gives_its_own_example(tmp_path: Path) -> None:
    """2 x 500 steps that remember, from the file itself, within 2e-6; exported and verified."""
    pytest.importorskip("foundation_policy")
    path = rltools.raptor_file()
    program = puffer_edge.load(path)
    with h5py.File(path) as file:
        observations, outputs = file["example/input"][()], file["example/output"][()]
    assert observations.shape == (500, 2, 22) and outputs.shape == (500, 2, 4)
    largest = 0.0
    for lane in range(2):
        runner = Interpreter(program)
        for x, y in zip(observations[:, lane], outputs[:, lane], strict=True):
            largest = max(largest, float(np.abs(runner.step(x)["mean"].reshape(-1) - y).max()))
    assert largest < 2e-6  # the outputs reach 3.3
    report = puffer_edge.verify(puffer_edge.export(path, tmp_path / "out", target="cortex-m"))
    assert report.passed, report.to_json()


Change = Callable[[Any], object]


def renamed(layer: str, attribute: str, value: object) -> Change:
    return lambda file: file[f"actor/layers/{layer}"].attrs.__setitem__(attribute, value)


def replaced(path: str, array: Any) -> Change:
    def change(file: Any) -> None:
        del file[path]
        file[path] = array
    return change


SAYS_OTHERWISE: dict[str, Change] = {
    "activation": renamed("1", "activation_function", "TANH"),
    "initial state": replaced("actor/layers/2/initial_hidden_state/parameters", np.zeros(8, "f4")),
    "precision": replaced("actor/layers/0/precision/parameters", np.ones((1, 6), "f4")),
    "example of another policy": replaced("example/input", np.zeros((12, 1, 5), "f4")),
    "example of other numbers": replaced("example/output", np.zeros((12, 1, 3), "f4")),
    "NaN in the example": replaced("example/output", np.full((12, 1, 3), np.nan, "f4")),
    "shape": replaced("actor/layers/2/biases_input/parameters", np.zeros(25, "f4")),
    "type of numbers": replaced("actor/layers/2/biases_input/parameters", np.zeros(24, "i4")),
    "NaN": replaced("actor/layers/1/weights/parameters", np.full((12, 6), np.nan, "f4")),
    "a layer is missing": lambda file: file["actor/layers"].move("3", "7"),
    "a tensor is missing": lambda file: file.__delitem__("actor/layers/3/biases"),
}


@pytest.mark.parametrize("change", SAYS_OTHERWISE.values(), ids=list(SAYS_OTHERWISE))
def test_a_file_that_contradicts_itself_is_refused(change: Change, tmp_path: Path) -> None:
    path = rltools.recurrent(tmp_path).path
    puffer_edge.load(path)
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(FileFormatError):
        puffer_edge.load(path)


@pytest.mark.parametrize(("change", "what"), [
    (renamed("1", "activation_function", "GELU"), "the activation GELU"),
    (renamed("2", "type", "embedding"), "of the type embedding"),
    (renamed("1", "type", "sample_and_squash"), "a layer follows"),
])
def test_what_is_not_supported_is_named(change: Change, what: str, tmp_path: Path) -> None:
    path = rltools.recurrent(tmp_path).path
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(UnsupportedError, match=what):
        puffer_edge.load(path)


def test_without_an_example_a_note_says_so(tmp_path: Path) -> None:
    path = rltools.squashed(tmp_path).path
    with h5py.File(path, "a") as file:
        del file["example"]
    assert any("no example" in note.text for note in puffer_edge.load(path).notes)


def test_another_hdf5_file_is_named_by_its_data(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["a/b"] = np.zeros(3)
    with pytest.raises(UnsupportedError, match=r"no known kind.*a/b"):
        puffer_edge.load(tmp_path / "p.h5")


@pytest.mark.filterwarnings("ignore")
def test_damage_is_one_error(tmp_path: Path) -> None:
    """Cut off anywhere, and a byte changed anywhere: an error, or the policy that it was."""
    path = rltools.squashed(tmp_path).path
    content, whole = path.read_bytes(), puffer_edge.load(path)
    random = np.random.default_rng(4)
    for index in range(80):
        place = int(random.integers(len(content)))
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(random.integers(8))
        path.write_bytes(content[:place] if index % 4 == 0 else bytes(damaged))
        try:
            program = puffer_edge.load(path)
        except PufferEdgeError:
            continue
        x = np.ones(6, np.float32)
        mine, other = (Interpreter(p).step(x)["mean"] for p in (program, whole))
        np.testing.assert_allclose(np.tanh(mine), np.tanh(other), atol=0.1)
