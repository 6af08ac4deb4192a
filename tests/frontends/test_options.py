# SPDX-License-Identifier: MIT
"""Options as people have them at hand: gymnasium's arrays, plain numbers, strings for paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import UsageError
from puffer_edge.frontends import heads
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Builder, Continuous, Field

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
INFINITE = float("inf")


def head(size: int, **options: Any) -> Continuous:
    return heads.continuous(Builder("test"), LoadOptions(**options), size)


@pytest.mark.parametrize("sizes", [[1, 1], (1, 1), np.array([1, 1]), np.array([1, 1], np.int32)])
def test_sizes_as_any_sequence(sizes: Any) -> None:
    options = LoadOptions(action_sizes=sizes)
    assert options.action_sizes == (1, 1)
    assert all(type(size) is int for size in options.action_sizes)


@pytest.mark.parametrize("low", [-2, -2.0, [-2], np.float32(-2), np.full(1, -2, np.float32)])
def test_bounds_as_any_number(low: Any) -> None:
    program = puffer_edge.load(POLICIES / "pendulum_sb3.zip", vec_normalize="none",
                               action_low=low, action_high=3)
    action = program.contract.action
    assert isinstance(action, Continuous)
    assert (action.low, action.high) == ((-2.0,), (3.0,))


def test_vec_normalize_as_a_string() -> None:
    program = puffer_edge.load(str(POLICIES / "pendulum_sb3.zip"),
                               vec_normalize=str(POLICIES / "pendulum_vecnormalize.pkl"))
    assert "VecNormalize.scale" in program.constants


def test_observation_as_a_mapping() -> None:
    program = puffer_edge.load(POLICIES / "cartpole_sb3.zip", observation={"cart": 2, "pole": 2})
    assert program.contract.observation == (Field("cart", (2,)), Field("pole", (2,)))


@pytest.mark.parametrize("option", [
    {"action_sizes": 2.5}, {"action_sizes": "3,3"}, {"action_sizes": [[1], [2, 3]]},
    {"action_low": "-1"}, {"action_high": None}, {"vec_normalize": 3}, {"action": "discreet"},
    {"observation": ["gyro"]}, {"observation": 3},
])
def test_a_wrong_type_is_one_error(option: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(option))):
        LoadOptions(**option)


def test_a_misspelt_option_is_told_the_right_ones() -> None:
    with pytest.raises(UsageError, match=r"action_size(?s:.)*action_sizes"):
        puffer_edge.load(POLICIES / "cartpole_sb3.zip", action_size=(2,))


def test_a_program_takes_no_options(tmp_path: Path) -> None:
    program = puffer_edge.load(POLICIES / "cartpole_sb3.zip")
    with pytest.raises(UsageError, match="takes no more options"):
        puffer_edge.export(program, tmp_path / "a", action_sizes=(1, 1))
    assert not (tmp_path / "a").exists()


def test_infinite_bounds_do_not_bind(tmp_path: Path) -> None:
    assert head(2, action_low=-INFINITE, action_high=INFINITE).low == ()
    half = head(2, action_low=(-INFINITE, -1), action_high=(1, INFINITE))
    far = np.array([-1e30, 1e30], np.float32)
    assert half.act(far).tobytes() == far.tobytes()
    assert half.act(np.array([2, -2], np.float32)).tolist() == [1, -1]
    directory = puffer_edge.export(POLICIES / "pendulum_sb3.zip", tmp_path / "a",
                                   vec_normalize="none", action_low=-INFINITE, action_high=2)
    assert puffer_edge.verify(directory, target="host").passed


@pytest.mark.parametrize("bounds", [(-INFINITE, 1), (float("nan"), 1), (2, 1)])
def test_bounds_that_cannot_be(bounds: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="bounds"):
        head(1, squash=True, action_low=bounds[0], action_high=bounds[1])


def test_the_shape_of_a_vector_as_a_number() -> None:
    torch = pytest.importorskip("torch")
    program = puffer_edge.load(torch.nn.Linear(3, 2), observation_shape=3)
    assert program.contract.observation_size == 3


@pytest.mark.parametrize(("option", "value"), [
    ("activation", "relu"), ("vec_normalize", "statistics.pkl"), ("config", "config.json"),
    ("hidden_size", 3), ("num_layers", 2), ("key_map", "keys.toml")])
def test_a_module_takes_no_option_that_it_would_not_use(option: str, value: Any) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(UsageError, match=rf"{option}= is of no use for a module"):
        puffer_edge.load(torch.nn.Linear(3, 2), observation_shape=3, **{option: value})


def test_a_file_takes_no_example() -> None:
    for option in ({"example": np.zeros(4)}, {"observation_shape": 4}):
        with pytest.raises(UsageError, match="is for modules"):
            puffer_edge.load(POLICIES / "cartpole_sb3.zip", **option)
