# SPDX-License-Identifier: MIT
"""Inputs that failed once, each made anew by a few lines."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge import api
from puffer_edge.artefact import program_file
from puffer_edge.exporters import c
from puffer_edge.ir import Program
from tests import zoo
from tests.fuzz import mutations
from tests.fuzz.targets import POLICIES, load

CORPUS: dict[str, Callable[[Path], None]] = {}


def failed(function: Callable[[Path], None]) -> Callable[[Path], None]:
    CORPUS[function.__name__] = function
    return function


def stable_baselines3(folder: Path, space: dict[str, Any], **changes: Any) -> None:
    entries = mutations.members((POLICIES / "cartpole_sb3.zip").read_bytes())
    data = json.loads(entries["data"])
    data["observation_space"].update(space)
    entries["data"] = json.dumps(data | changes).encode()
    load(folder / "p.zip", mutations.zipped(entries))


@failed
def digits_in_a_space(folder: Path) -> None:
    stable_baselines3(folder, {
        ":type:": "<class 'gymnasium.spaces.dict.Dict'>",
        "spaces": f"{{'a': Box(-1.0, 1.0, ({'9' * 5000},), float32)}}"})


@failed
def bounds_of_one_side(folder: Path) -> None:
    """The last observation was compared with a lower and no upper end."""
    stable_baselines3(folder, {"high": "", "high_repr": ""})


@failed
def a_state_that_starts_with_infinity(folder: Path) -> None:
    program = zoo.program("lstm")
    state, *others = program.states
    endless = replace(state, initial=np.full_like(state.initial, np.inf))
    found = program_file.from_bytes(
        program_file.to_bytes(replace(program, states=(endless, *others))))
    c.make(found, name="zoo", seed=0, scheme="float32", counts=None)


@failed
def an_activation_without_its_parameter(folder: Path) -> None:
    """Its default was known to the interpreter, and not to what asks how large results can be."""
    def change(op: dict[str, Any]) -> None:
        if op.get("activation"):
            op["activation"].update(function="leaky_relu", parameters=[])

    found = stored("mlp", change)
    c.make(found, name="zoo", seed=0, scheme="float32", counts=None)


@failed
def a_window_that_does_not_move(folder: Path) -> None:
    """Sizes are divided by the stride."""
    def change(op: dict[str, Any]) -> None:
        if "strides" in op:
            op["strides"] = [0] * len(op["strides"])

    stored("conv", change)


@failed
def groups_of_nothing(folder: Path) -> None:
    def change(op: dict[str, Any]) -> None:
        if "group" in op:
            op["group"] = 0

    stored("conv_groups", change)


def stored(case: str, change: Callable[[dict[str, Any]], None]) -> Program:
    """What is read of a Program of the zoo whose ops were changed in its file."""
    with np.load(io.BytesIO(program_file.to_bytes(zoo.program(case)))) as data:
        arrays = dict(data)
    text = json.loads(arrays["program"].tobytes())
    for op in text["ops"]:
        change(op)
    arrays["program"] = np.frombuffer(json.dumps(text).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return program_file.from_bytes(file.getvalue())


def onnx(folder: Path, nodes: list[tuple[str, list[str]]], *, shape: tuple[int, ...],
         weights: dict[str, Any], **options: Any) -> None:
    import onnx as library

    helper, kind = library.helper, library.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(op, inputs, [f"y{i}"]) for i, (op, inputs) in enumerate(nodes)], "g",
        [helper.make_tensor_value_info("obs", kind, [1, 4])],
        [helper.make_tensor_value_info(f"y{len(nodes) - 1}", kind, shape)],
        [library.numpy_helper.from_array(np.asarray(array), name)
         for name, array in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    load(folder / "p.onnx", model.SerializeToString(), **options)


@failed
def depth_of_a_one_hot_that_is_computed(folder: Path) -> None:
    onnx(folder, [("OneHot", ["obs", "obs", "values"])], shape=(1, 4, 4),
         weights={"values": np.array([0, 1], np.float32)}, action="discrete")


@failed
def choices_of_three_axes_with_a_mask(folder: Path) -> None:
    import onnx as library

    weights = {"axis": np.array([0])}
    path = folder / "sound.onnx"
    helper, kind = library.helper, library.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Unsqueeze", ["obs", "axis"], ["y"])], "g",
        [helper.make_tensor_value_info("obs", kind, [1, 4])],
        [helper.make_tensor_value_info("y", kind, [1, 1, 4])],
        [library.numpy_helper.from_array(array, name) for name, array in weights.items()])
    library.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
    api.export(path, folder / "out", target="host", action="discrete", action_mask=True)
