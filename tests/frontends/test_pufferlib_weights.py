# SPDX-License-Identifier: MIT
"""Bare weights: one reading fits, or the user is asked; settings are read as the trainer does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.frontends.pufferlib_weights import Reading
from puffer_edge.ir import Continuous, Discrete
from puffer_edge.readers.training_config import load_config


def write(directory: Path, reading: Reading, spare: int = 0) -> Path:
    path = directory / "weights.bin"
    random = np.random.default_rng(0)
    floats = random.normal(0, 0.1, reading.offsets[1] + spare).astype("<f4")
    path.write_bytes(floats.tobytes())
    return path


def test_sizes_as_measured_in_real_files() -> None:
    """Floats of a version 3 LSTM policy: 132353 + 128 obs + 129 choices, or 130 elements."""
    for inputs, actions in ((10, 5), (118, 3)):
        assert Reading(3, inputs, 128, 1, actions, False).offsets[1] == (
            132353 + 128 * inputs + 129 * actions)
        assert Reading(3, inputs, 128, 1, actions, True).offsets[1] == (
            132353 + 128 * inputs + 130 * actions)


def test_a_size_with_two_readings_asks(tmp_path: Path) -> None:
    """134921 floats: 16 inputs and 4 continuous, or 12 inputs and 8 choices."""
    path = write(tmp_path, Reading(3, 16, 128, 1, 4, True))
    assert Reading(3, 12, 128, 1, 8, False).fits(path.stat().st_size // 4)
    with pytest.raises(UsageError, match=r"read in \d+ ways(.|\n)*observation="):
        puffer_edge.load(path, num_layers=1)
    assert puffer_edge.load(path, observation={"obs": 16}, action_sizes=(1,) * 4,
                            num_layers=1).contract.action == Continuous(4)
    assert puffer_edge.load(path, observation={"obs": 12}, action_sizes=(8,)
                            ).contract.action == Discrete((8,))


@pytest.mark.parametrize("spare", range(-8, 9))
def test_only_the_end_may_be_unpadded(spare: int, tmp_path: Path) -> None:
    reading = Reading(4, 5, 13, 1, 3, False)  # 39 * 13 = 507 floats at the end: up to 512
    path = write(tmp_path, reading, spare)
    options: dict[str, Any] = {"observation": {"obs": 5}, "action_sizes": (3,), "hidden_size": 13,
                               "num_layers": 1}
    if 0 <= spare <= 5:
        assert len(puffer_edge.load(path, **options).states) == 1
    else:
        with pytest.raises(UsageError, match="no PufferLib policy of the sizes"):
            puffer_edge.load(path, **options)


def test_inputs_are_found_where_all_else_is_known(tmp_path: Path) -> None:
    path = write(tmp_path, Reading(4, 7, 128, 2, 4, False))
    program = puffer_edge.load(path, action_sizes=(4,), num_layers=2)
    assert program.contract.observation_size == 7
    assert "read as PufferLib 4: 7 inputs, width 128, 2 MinGRU layers, 4 choices" in "".join(
        note.text for note in program.notes)


def test_nan(tmp_path: Path) -> None:
    path = write(tmp_path, Reading(4, 7, 16, 1, 4, False))
    content = bytearray(path.read_bytes())
    content[400:404] = b"\x00\x00\xc0\x7f"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        puffer_edge.load(path, action_sizes=(4,), hidden_size=16)


@pytest.mark.parametrize(("text", "hidden", "layers"), [
    ("[policy]\nhidden_size = 64 # wide\nnum_layers = 3.80354\n[sweep.policy.hidden_size]\nmin=1\n",
     64, 3),
    ("[train]\nhidden_size=32\nnum_layers=2\n[sweep]\nhidden_size=512\n", 32, 2),
    ('{"policy": {"hidden_size": 256, "num_layers": 0}, "metrics": {"loss": [1, 2]}}', 256, 0),
    ('{"args": {"train": {"hidden_size": 5}, "policy": {"hidden_size": 48}}}', 48, None),
    ("[env]\nnum_agents = 4\n", None, None),
])
def test_settings(text: str, hidden: int | None, layers: int | None, tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_text(text)
    config = load_config(path)
    assert (config.hidden_size, config.num_layers) == (hidden, layers)
    assert bool(config.notes) == ("3.80354" in text)


def test_sizes_are_looked_for_sixteen_objects_deep(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    for deep, wanted in ((15, 64), (16, None)):
        path.write_text('{"policy": ' * deep + '{"hidden_size": 64}' + "}" * deep)
        assert load_config(path).hidden_size == wanted


@pytest.mark.parametrize("text", [
    "", "hello", "[policy]\nhidden_size = wide", "[policy]\nhidden_size = -1", "\0\1",
    "[policy]\nhidden_size = inf", '{"hidden_size": true}', "[" * 100_000,
    "[a]\nhidden_size=1\n[b]\nhidden_size=2", '{"policy": {"hidden_size": 1e300}}'])
def test_bad_settings_are_one_error(text: str, tmp_path: Path) -> None:
    path = write(tmp_path, Reading(4, 7, 16, 1, 4, False))
    (tmp_path / "settings").write_text(text)
    with pytest.raises((FileFormatError, UsageError)):
        puffer_edge.load(path, action_sizes=(4,), config=tmp_path / "settings")


def test_options_of_no_use_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, Reading(4, 7, 16, 1, 4, False))
    for option in ({"vec_normalize": "x.pkl"}, {"states": (("a", "b"),)}, {"key_map": "k.toml"}):
        with pytest.raises(UsageError, match="of no use"):
            puffer_edge.load(path, **option)
