# SPDX-License-Identifier: MIT
"""Whatever a file calls its layers: the artefact's own manifest passes its own schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge import runtimes
from puffer_edge.artefact.directory import read_manifest
from puffer_edge.interpreter import Interpreter
from puffer_edge.passes.printable_names import printable_names
from tests import zoo

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("flatbuffers")

NAMES = ["a\n\x1b[31m\u202e\u2028\x7f", "a" * 30_000, "*/ $(x); /* \u00e9 \\n\x00"]
RNG = np.random.default_rng(0)
LAYERS = {".0.weight": (4, 3), ".0.bias": (4,), ".2.weight": (2, 4), ".2.bias": (2,)}
WEIGHTS = {name: RNG.normal(size=shape).astype(np.float32) for name, shape in LAYERS.items()}
OPTIONS = {"activation": "tanh", "action": "discrete"}


def an_onnx(folder: Path, name: str) -> tuple[Path, dict[str, Any]]:
    """A recurrent one: states have names, too."""
    helper, tensor = onnx.helper, onnx.numpy_helper.from_array
    ports = [helper.make_tensor_value_info(f"{name}{port}", 1, [1, 3])
             for port in ("obs", "h", "logits", "h_out")]
    weight = tensor(np.eye(3, dtype=np.float32), f"{name}w")
    nodes = [helper.make_node("Add", [f"{name}obs", f"{name}h"], [f"{name}x"], name=f"{name}1"),
             helper.make_node("MatMul", [f"{name}x", f"{name}w"], [f"{name}y"], name=name),
             helper.make_node("Tanh", [f"{name}y"], [f"{name}h_out"], name=f"{name}2"),
             helper.make_node("MatMul", [f"{name}h_out", f"{name}w"], [f"{name}logits"],
                              name=f"{name}3")]
    graph = helper.make_graph(nodes, name, ports[:2], ports[2:], [weight])
    path = folder / "p.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
    return path, {"action": "discrete", "states": ((f"{name}h", f"{name}h_out"),)}


def safetensors(folder: Path, name: str) -> tuple[Path, dict[str, Any]]:
    header, data = {}, b""
    for key, array in WEIGHTS.items():
        header[name + key] = {"dtype": "F32", "shape": list(array.shape),
                              "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path = folder / "p.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path, OPTIONS


def checkpoint(folder: Path, name: str) -> tuple[Path, dict[str, Any]]:
    path = folder / "p.pt"
    torch.save({name + key: torch.from_numpy(array) for key, array in WEIGHTS.items()}, path)
    return path, OPTIONS


def module(name: str) -> Any:
    made = torch.nn.Sequential()
    made.add_module(name, torch.nn.Linear(3, 4))
    made.add_module(f"{name}!", torch.nn.Tanh())
    made.add_module(f"{name}?", torch.nn.Linear(4, 2))
    return made


def whole_module(folder: Path, name: str) -> tuple[Path, dict[str, Any]]:
    path = folder / "p.pt"
    torch.save(module(name), path)
    return path, {"action": "discrete"}


def live_module(folder: Path, name: str) -> tuple[Any, dict[str, Any]]:
    return module(name), {"action": "discrete", "observation_shape": 3}


@pytest.mark.parametrize("make", [an_onnx, safetensors, checkpoint, whole_module, live_module])
def test_an_export_can_be_read_again(make: Callable[..., Any], tmp_path: Path) -> None:
    for index, name in enumerate(NAMES if make is not live_module else NAMES[:1]):
        try:
            policy, options = make(tmp_path, name)
        except (KeyError, ValueError, UnicodeError):
            continue  # the library itself refuses the name
        directory = puffer_edge.export(policy, tmp_path / f"{index}", target="host", name="zoo",
                                       original="never", **options)
        assert read_manifest(directory)["layers"]
        with runtimes.load(directory, "numpy") as loaded:
            loaded.step(np.ones(3, np.float32))


@pytest.mark.parametrize("case", ["lstm", "hybrid", "masked", "mlp"])
def test_names_change_and_nothing_else(case: str) -> None:
    program = zoo.program(case)
    assert printable_names(program) is program
    hostile = {name: f"{name}\n" for name in program.values}
    if len(program.ops) > 1:
        hostile[program.ops[0].outputs[0]] = program.outputs[0] + "\\n"  # as another is escaped
    changed = program.with_ops(
        [replace(op.renamed(hostile), layer="\x1b") for op in program.ops],
        {hostile[name]: array for name, array in program.constants.items()},
        values={hostile[name]: replace(value, name=hostile[name])
                for name, value in program.values.items()},
        states=tuple(replace(s, input=hostile[s.input], output=hostile[s.output])
                     for s in program.states),
        input=hostile[program.input], outputs=tuple(hostile[name] for name in program.outputs))
    clean = printable_names(changed)
    assert all(name.isprintable() for name in clean.values)
    assert len(clean.values) == len(program.values)
    ours, theirs = Interpreter(clean), Interpreter(program)
    for row in RNG.normal(size=(5, program.contract.observation_size)).astype(np.float32):
        if program.contract.mask is not None:
            row = program.contract.mask.permitting(row)
        a, b = ours.step(row), theirs.step(row)
        assert all(np.array_equal(a[name], b[name]) for name in b)


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    program = zoo.program("mlp")
    first, second, *rest = program.ops
    long = "a" * 30_000
    found = printable_names(program.with_ops([replace(first, layer=f"{long}1"),
                                              replace(second, layer=f"{long}2"), *rest]))
    layers = [op.layer for op in found.ops[:2]]
    assert layers[0] != layers[1] and all(len(layer) <= 200 for layer in layers)
