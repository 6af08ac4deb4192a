# SPDX-License-Identifier: MIT
"""Nested observations survive the flat buffer, bit for bit, or are refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from hypothesis import given, settings
from hypothesis import strategies as st

import puffer_edge
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.ir import Field
from puffer_edge.spaces import SpaceTree
from tests import zoo

ROBOT = spaces.Dict({
    "imu": spaces.Dict({"gyro": spaces.Box(-1, 1, (3,)),
                        "flags": spaces.MultiBinary(3)}),
    "mode": spaces.Discrete(4, start=2),
    "camera": spaces.Box(0, 255, (2, 3), np.uint8),
    "arms": spaces.Tuple((spaces.MultiDiscrete([3, 5]), spaces.Box(-1, 1, (1,), np.float64))),
})


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b)


def leaf() -> st.SearchStrategy[Any]:
    shape = st.lists(st.integers(1, 4), max_size=3).map(tuple)
    return st.one_of(
        st.builds(lambda shape, dtype: spaces.Box(0, 100, shape, dtype), shape,
                  st.sampled_from([np.float32, np.float64, np.uint8, np.int16, np.int64])),
        st.builds(lambda n, start: spaces.Discrete(n, start=start), st.integers(1, 9),
                  st.integers(-9, 9)),
        st.lists(st.integers(1, 9), min_size=1, max_size=4).map(spaces.MultiDiscrete),
        shape.filter(len).map(spaces.MultiBinary))


SPACES = st.recursive(leaf(), lambda inner: st.one_of(
    st.lists(inner, min_size=1, max_size=4).map(lambda parts: spaces.Tuple(parts)),
    st.dictionaries(st.text("abcxyz_é", min_size=1, max_size=4), inner, min_size=1,
                    max_size=4).map(spaces.Dict)), max_leaves=8)


@settings(max_examples=80, deadline=None)
@given(SPACES, st.integers(0, 2**31))
def test_an_observation_comes_back(space: spaces.Space, seed: int) -> None:
    space.seed(seed)
    tree, observation = SpaceTree(space), space.sample()
    packed, flat = tree.pack(observation), tree.flatten(observation)
    assert same(tree.unpack(packed), observation)
    if all(part.dtype != np.float64 for part in tree.leaves):
        assert same(tree.unflatten(flat), observation)
    assert np.array_equal(tree.flatten_packed(packed), flat)
    batch = [space.sample() for _ in range(3)]
    packed = np.stack([tree.pack(part) for part in batch])
    flat = np.stack([tree.flatten(part) for part in batch])
    assert np.array_equal(tree.flatten_packed(packed), flat)


def emulated(space: Any) -> np.dtype[Any]:
    """The layout of PufferLib's emulation, from its documentation: an aligned struct per level."""
    if isinstance(space, spaces.Dict):
        return np.dtype([(key, emulated(part)) for key, part in space.items()], align=True)
    if isinstance(space, spaces.Tuple):
        return np.dtype([(f"f{i}", emulated(part)) for i, part in enumerate(space)], align=True)
    if isinstance(space, spaces.Discrete):
        return np.dtype(np.int32)
    if isinstance(space, spaces.MultiDiscrete):
        return np.dtype((np.int32, (len(space.nvec),)))
    return np.dtype((space.dtype, space.shape))


def emulate(struct: Any, value: Any) -> None:
    if isinstance(value, dict):
        for key, part in value.items():
            emulate(struct[key], part)
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            emulate(struct[f"f{index}"], part)
    else:
        struct[...] = value


def test_the_layout_is_pufferlibs() -> None:
    tree = SpaceTree(ROBOT)
    assert tree.dtype == emulated(ROBOT) and tree.dtype.isalignedstruct
    for seed in range(5):
        ROBOT.seed(seed)
        observation = ROBOT.sample()
        struct = np.zeros(1, tree.dtype)
        for key, part in observation.items():
            field = struct[key]
            if isinstance(part, dict | tuple):
                emulate(field, part)
            else:
                field[...] = part
        assert tree.pack(observation).tobytes() == struct.tobytes()


def test_offsets_are_those_of_a_c_struct() -> None:
    tree = SpaceTree(spaces.Dict([("a", spaces.Box(0, 9, (1,), np.uint8)),
                                  ("b", spaces.Box(0, 1, (1,), np.float64)),
                                  ("c", spaces.Discrete(3))]))
    assert [leaf.offset for leaf in tree.leaves] == [0, 8, 16] and tree.nbytes == 24


def test_a_batch_is_its_observations() -> None:
    tree, batch = SpaceTree(ROBOT), batch_space(ROBOT, 6)
    batch.seed(1)
    observations = batch.sample()
    flat, packed = tree.flatten_batch(observations), tree.pack_batch(observations)
    assert flat.shape == (6, tree.size) and packed.shape == (6, tree.nbytes)
    for lane in range(6):
        one = {"imu": {key: part[lane] for key, part in observations["imu"].items()},
               "mode": observations["mode"][lane], "camera": observations["camera"][lane],
               "arms": tuple(part[lane] for part in observations["arms"])}
        assert np.array_equal(tree.flatten(one), flat[lane])
        assert np.array_equal(tree.pack(one), packed[lane])


def test_caller_owned_buffers() -> None:
    tree = SpaceTree(ROBOT)
    ROBOT.seed(4)
    observation = ROBOT.sample()
    flat, packed = np.empty(tree.size, np.float32), np.zeros(tree.nbytes, np.uint8)
    assert tree.flatten(observation, flat) is flat and tree.pack(observation, packed) is packed
    assert np.array_equal(flat, tree.flatten(observation))
    for wrong in (np.empty(tree.size), np.empty(tree.size + 1, np.float32)):
        with pytest.raises(UsageError, match="out must be"):
            tree.flatten(observation, wrong)
    with pytest.raises(UsageError, match="the buffer must be"):
        tree.pack(observation, packed[:-1])
    with pytest.raises(UsageError, match="the buffer must be"):
        tree.unpack(packed.astype(np.int8))


@pytest.mark.parametrize(("change", "message"), [
    (lambda o: o.pop("mode"), "the key 'mode' is missing"),
    (lambda o: o["imu"].pop("gyro"), "the key 'gyro' is missing"),
    (lambda o: o.update(more=1), "the key 'more' is none"),
    (lambda o: o.update(imu=3), "int stands for a Dict"),
    (lambda o: o.update(arms=o["arms"][:1]), "a tuple of 2 parts"),
    (lambda o: o.update(mode=6), "none of the space's choices"),
    (lambda o: o.update(mode=1), "none of the space's choices"),
    (lambda o: o.update(mode=2.0), "float is no array"),
    (lambda o: o.update(mode=None), "NoneType is no array"),
    (lambda o: o.update(mode=True), "bool is no array"),
    (lambda o: o.update(camera=o["camera"].T), "the shape is"),
    (lambda o: o.update(camera=o["camera"].astype(np.int16)), "the dtype is int16"),
    (lambda o: o["imu"].update(gyro=[0.0, 0.0, 0.0]), "list is no array"),
    (lambda o: o["imu"].update(gyro=np.zeros(3)), "the dtype is float64, not float32"),
    (lambda o: o["imu"].update(gyro=np.float32(0)), "the shape is"),
    (lambda o: o.update(arms=(np.array([3, 0]), o["arms"][1])), "none of the space's choices"),
])
def test_what_does_not_fit_is_an_error(change: Any, message: str) -> None:
    ROBOT.seed(0)
    observation = ROBOT.sample()
    change(observation)
    tree = SpaceTree(ROBOT)
    for method in (tree.pack, tree.flatten):
        with pytest.raises(UsageError, match=message):
            method(observation)


def test_numbers_that_float32_cannot_hold_are_refused() -> None:
    tree = SpaceTree(spaces.Box(0, 2**62, (1,), np.int64))
    assert tree.flatten(np.array([2**24])) == 2**24
    for large in (2**24 + 1, 2**54 + 1, 2**63 - 1):
        with pytest.raises(UsageError, match="too large for float32"):
            tree.flatten(np.array([large]))
    with pytest.raises(UsageError, match="no integers"):
        tree.unflatten(np.array([0.5], np.float32))
    with pytest.raises(UsageError, match="shape"):
        tree.unflatten(np.zeros(2, np.float32))


@pytest.mark.parametrize("space", [
    spaces.Text(3), spaces.Sequence(spaces.Discrete(2)), spaces.Tuple(()),
    spaces.Dict({"a": spaces.Tuple((spaces.Text(2),))}), spaces.Discrete(2**40)])
def test_other_spaces_are_refused(space: spaces.Space) -> None:
    with pytest.raises(UnsupportedError):
        SpaceTree(space)


def test_the_struct_in_c_has_the_observations_names(tmp_path: Path) -> None:
    space = spaces.Dict({"imu": spaces.Dict({"gyro": spaces.Box(-1, 1, (3,)),
                                             "Acc 1": spaces.Box(-1, 1, (2,))}),
                         "mode": spaces.Discrete(4)})
    fields = SpaceTree(space).fields
    assert fields == (
        Field("imu_acc_1", (2,), low=(-1,), high=(1,)),
        Field("imu_gyro", (3,), low=(-1,), high=(1,)),
        Field("mode", (1,), low=(0,), high=(3,)))
    from puffer_edge.frontends.options import LoadOptions

    assert LoadOptions(observation=space).observation == fields  # type: ignore[arg-type]
    clash = spaces.Dict({"a b": spaces.Discrete(2), "a": spaces.Dict({"b": spaces.Discrete(2)})})
    with pytest.raises(UsageError, match="'a_b' in C"):
        _ = SpaceTree(clash).fields


def test_a_policy_exports_with_the_names_of_a_space(tmp_path: Path) -> None:
    from dataclasses import replace

    space = spaces.Dict({"gyro": spaces.Box(-1, 1, (4,)), "mode": spaces.MultiDiscrete([2, 2])})
    program = zoo.program("mlp")
    contract = replace(program.contract, observation=SpaceTree(space).fields)
    puffer_edge.export(replace(program, contract=contract), tmp_path / "a")
    text = (tmp_path / "a" / "policy.h").read_text()
    assert "float gyro[4];" in text and "float mode[2];" in text


def element_by_element(space: Any, value: Any) -> list[float]:
    """The recursive flatten that this replaces."""
    if isinstance(space, spaces.Dict):
        return [x for key in space for x in element_by_element(space[key], value[key])]
    if isinstance(space, spaces.Tuple):
        pairs = zip(space, value, strict=True)
        return [x for part, inner in pairs for x in element_by_element(part, inner)]
    return [float(x) for x in np.asarray(value).reshape(-1)]


def test_it_moves_arrays_and_not_elements() -> None:
    space = spaces.Dict({f"sensor_{i}": spaces.Dict({
        "image": spaces.Box(0, 255, (100, 90), np.uint8),
        "range": spaces.Box(-1, 1, (1000,))}) for i in range(10)})
    space.seed(0)
    tree, observation = SpaceTree(space), space.sample()
    assert tree.size == 100_000
    flat = tree.flatten(observation)
    assert np.array_equal(flat, np.array(element_by_element(space, observation), np.float32))

    def instructions(run: Any) -> int:
        """Of Python's interpreter."""
        count = 0

        def trace(frame: Any, event: str, argument: Any) -> Any:
            nonlocal count
            frame.f_trace_opcodes = True
            count += event == "opcode"
            return trace

        sys.settrace(trace)
        try:
            run()
        finally:
            sys.settrace(None)
        return count

    ours = instructions(lambda: tree.flatten(observation, flat))
    theirs = instructions(lambda: element_by_element(space, observation))
    assert 0 < 100 * ours < theirs and theirs > tree.size
