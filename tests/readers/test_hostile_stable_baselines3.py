# SPDX-License-Identifier: MIT
"""Stable-Baselines3 zips and VecNormalize pickles whose words and numbers make no sense."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError, UsageError
from puffer_edge.frontends import LoadOptions, load_file
from puffer_edge.readers.torch_checkpoint import load_checkpoint
from puffer_edge.readers.vec_normalize import load_vec_normalize
from tests.readers.forging import (
    Raw,
    body,
    call,
    checkpoint,
    mapping,
    name,
    program,
    refused,
    storage,
    tensor,
    zipped,
)

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"
HUGE = 1 << 2_000_000
with zipfile.ZipFile(EXAMPLES / "cartpole_sb3.zip") as file:
    MEMBERS = {member: file.read(member) for member in file.namelist()}


def write(directory: Path, **changes: bytes) -> Path:
    """The real zip with other members: policy__pth is policy.pth."""
    path = directory / "policy.zip"
    changed = {key.replace("__", "."): content for key, content in changes.items()}
    path.write_bytes(zipped({**MEMBERS, **changed}.items()))
    return path


def json_with(changes: dict[str, Any]) -> bytes:
    """The real JSON with other values: action_space__n is the field n of action_space."""
    tree = json.loads(MEMBERS["data"])
    for place, value in changes.items():
        part, _, field = place.partition("__")
        if field:
            tree[part][field] = value
        else:
            tree[part] = value
    return json.dumps(tree).encode()


BOX = {":type:": "<class 'gymnasium.spaces.box.Box'>", "dtype": "float32"}


@pytest.mark.parametrize("changes", [
    {"action_space__n": "1e999"}, {"action_space__n": "inf"}, {"action_space__n": "-5"},
    {"action_space__n": "0"}, {"action_space__n": "1" * 5000}, {"action_space__n": []},
    {"action_space__start": "inf"}, {"action_space__n": 2.5}, {"action_space__n": None},
    {"action_space__:type:": "<class 'gymnasium.spaces.multi_discrete.MultiDiscrete'>",
     "action_space__nvec": "[-1 3]"},
    {"action_space": {**BOX, "_shape": [1 << 40, 1 << 40], "low": "[0.]", "high": "[1.]"}},
    {"action_space": {**BOX, "_shape": [2] * 1000, "low": "[0.]", "high": "[1.]"}},
    {"action_space": {**BOX, "_shape": [-2], "low": "[0.]", "high": "[1.]"}},
    {"action_space": {**BOX, "_shape": [True], "low": "[0.]", "high": "[1.]"}},
    {"action_space": {**BOX, "_shape": [2], "low": "[1. 1.]", "high": "[1. 0.]"}},
    {"action_space": {**BOX, "_shape": [2], "low": "[1e300 1.]", "high": "[1e301 2.]"}},
    {"action_space": {**BOX, "_shape": [2], "low": "[0 0]" * 10**6, "high": "[1 1]"}},
    {"observation_space__:type:": "<class 'gymnasium.spaces.dict.Dict'>"},
    {"observation_space__:type:": "x" * 10**6}, {"observation_space__:type:": {}},
    {"observation_space__:type:": "<class '" + "a." * 10**5 + "!"},
    {"observation_space": []}, {"action_space": "Discrete"}, {"policy_kwargs": [1]},
    {"policy_class": None}, {"policy_kwargs": {"activation_fn": [[[]]]}},
    {"policy_kwargs": {"activation_fn": "<class 'evil.Tanh'>"}},
    {"policy_kwargs": {"activation_fn": "\x1b[2J" * 1000}},
    {"policy_class": {"__module__": "\x1b[2J" * 1000}},
], ids=lambda changes: ascii(changes)[:60])
def test_spaces_and_arguments_that_make_no_sense(changes: dict[str, Any], tmp_path: Path) -> None:
    """Each is one error, or the file is read as if it did not say so."""
    path = write(tmp_path, data=json_with(changes))
    try:
        program = load_file(path, LoadOptions())
    except PufferEdgeError as error:
        assert type(error) in (FileFormatError, UnsupportedError, UsageError)
        assert len(str(error)) < 800 and str(error).replace("\n", "").isprintable()
    else:
        assert program.contract.action.width == 2
        assert all(note.text.isascii() and note.text.isprintable() for note in program.notes)


@pytest.mark.parametrize("text", [
    b"[" * 100_000, b'{"a":' * 100_000, b'{"policy_kwargs": ' + b"9" * 100_000 + b"}", b"", b"{",
    b"\xff\xfe\x00", b'{"a": 1}x', b"\xef\xbb\xbf{}x", b" " * (9 << 20) + b"{}",
], ids=lambda text: ascii(text[:20]))
def test_json_that_is_none(text: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, data=text)
    with refused(FileFormatError, "'data'"):
        load_file(path, LoadOptions())


@pytest.mark.parametrize("key", [
    "mlp_extractor.policy_net.٤.weight", "mlp_extractor.policy_net.00.weight",
    "mlp_extractor.policy_net." + "9" * 5000 + ".weight", "mlp_extractor.policy_net.1.weight",
    "mlp_extractor.policy_net..weight", "mlp_extractor.policy_net.", "mlp_extractor.policy_net.-1",
    "mlp_extractor.shared_net.0.weight", "features_extractor.cnn.0.weight", "lstm_actor.weight",
    "gate.weight", "action_net.scale",
], ids=lambda key: ascii(key[:40]))
def test_layers_that_an_mlp_policy_does_not_have(key: str, tmp_path: Path) -> None:
    """A tensor that nothing reads could be what makes the policy act: it is never ignored."""
    weights = load_checkpoint(MEMBERS["policy.pth"], where="policy.pth")
    items, stores = {}, {}
    for index, (label, array) in enumerate([*weights.items(), (key, np.ones((2, 2), "<f4"))]):
        stores[str(index)] = array.astype("<f4").tobytes()
        steps = tuple(n // 4 for n in np.ascontiguousarray(array, "<f4").strides)
        items[label] = tensor(storage(key=str(index), count=array.size), size=array.shape,
                              stride=steps)
    path = write(tmp_path, policy__pth=checkpoint(mapping(items), stores))
    with refused(UnsupportedError):
        load_file(path, LoadOptions())
    del items[key]  # without it, all is well
    load_file(write(tmp_path, policy__pth=checkpoint(mapping(items), stores)), LoadOptions())


@pytest.mark.parametrize(("field", "value"), [
    ("epsilon", "huge"), ("clip_obs", "huge"), ("epsilon", -1.0), ("epsilon", float("nan")),
    ("clip_obs", 0.0), ("clip_obs", -1.0), ("clip_obs", float("nan")), ("clip_obs", "10"),
    ("epsilon", True), ("epsilon", float("inf")), ("epsilon", None), ("epsilon", (1.0,)),
    ("dtype", "f16"), ("dtype", "O8"), ("dtype", "V8"), ("dtype", "M8"), ("dtype", "S8"),
    ("dtype", "f8,f8"), ("dtype", "(3)f8"), ("dtype", 8), ("dtype", None), ("dtype", "f4"),
    ("shape", (1 << 40,)), ("shape", (-1,)), ("shape", (True,)), ("shape", "(3,)"),
    ("shape", (2,)), ("shape", (1,) * 100), ("shape", ("huge",)), ("shape", [3]), ("shape", 3),
    ("variance", -1.0), ("variance", float("nan")), ("variance", float("inf")), ("variance", 0.0),
], ids=str)
def test_statistics_that_are_none(field: str, value: Any, tmp_path: Path) -> None:
    """A pickle as the library writes it, but for one field."""
    value = HUGE if value == "huge" else (HUGE,) if value == ("huge",) else value
    path = tmp_path / "v.pkl"
    path.write_bytes(statistics(**{field: value}))
    with refused(FileFormatError):
        load_vec_normalize(path)


def statistics(epsilon: Any = 0.0, clip_obs: Any = 10.0, dtype: Any = "f8", shape: Any = (3,),
               variance: float = 1.0) -> bytes:
    def array(first: float) -> Raw:
        content = struct.pack("<3d", first, 1, 1)
        return Raw(call("numpy._core.multiarray", "_reconstruct") + b"(" + body(1) + body(shape)
                   + call("numpy", "dtype", dtype, False, True) + b"\x89C\x18" + content + b"tb")

    def instance(kind: str, fields: dict[str, Any]) -> Raw:
        return Raw(name("stable_baselines3", kind) + b")\x81" + mapping(fields) + b"b")

    moments = instance("RunningMeanStd", {"mean": array(1.0), "var": array(variance)})
    return b"\x80\x03" + instance("VecNormalize", {
        "obs_rms": moments, "epsilon": epsilon, "clip_obs": clip_obs}) + b"."


def test_the_statistics_made_here_are_sound(tmp_path: Path) -> None:
    path = tmp_path / "v.pkl"
    path.write_bytes(statistics())
    assert load_vec_normalize(path).mean.tolist() == [1, 1, 1]
    path.write_bytes(statistics(clip_obs=float("inf")))
    assert load_vec_normalize(path).clip == np.inf


def test_statistics_that_float32_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "v.pkl"
    path.write_bytes(statistics(variance=1e-300))
    assert load_vec_normalize(path) is not None
    with refused(FileFormatError, "too small"):
        load_file(EXAMPLES / "pendulum_sb3.zip", LoadOptions(vec_normalize=path))


def test_a_pickle_of_plain_data_is_no_statistics(tmp_path: Path) -> None:
    path = tmp_path / "v.pkl"
    for value in (None, {}, [1], {"obs_rms": 1}, "x", 1.5, 10**300):
        path.write_bytes(program(value))
        with refused(FileFormatError, "no VecNormalize"):
            load_vec_normalize(path)
