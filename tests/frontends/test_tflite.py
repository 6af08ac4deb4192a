"""TFLite as input: LiteRT's numbers where it is installed, and damaged files."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("flatbuffers")

import puffer_edge
from puffer_edge.errors import PufferEdgeError, UnsupportedError
from puffer_edge.exporters import tflite as written
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Continuous, Contract, Discrete, Field
from puffer_edge.ir.ops import Gemm
from tests import zoo
from tests.frontends.support import tflite
from tests.frontends.support.row import Made
from tests.readers.forging import limited_memory

MAKES = [tflite.dense, tflite.convolutional]


@pytest.mark.parametrize("make", MAKES)
def test_as_litert_runs_it(make: Callable[[Path], Made], tmp_path: Path) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    made = make(tmp_path)
    other = litert.Interpreter(str(made.path))
    other.allocate_tensors()
    ours = Interpreter(puffer_edge.load(made.path, **made.options))
    (entry,), (end,) = other.get_input_details(), other.get_output_details()
    for _ in range(10):
        x = np.random.default_rng(1).standard_normal(made.size).astype(np.float32)
        other.set_tensor(entry["index"], x.reshape(entry["shape"]))
        other.invoke()
        (found,) = ours.step(x).values()
        np.testing.assert_allclose(found, other.get_tensor(end["index"]).ravel(), rtol=0, atol=1e-4)


@pytest.mark.parametrize("make", MAKES)
def test_damaged_files_are_one_error(make: Callable[[Path], Made], tmp_path: Path) -> None:
    made = make(tmp_path)
    content, path = made.path.read_bytes(), tmp_path / "changed.tflite"
    generator = random.Random(3)
    cuts = [content[:end] for end in range(8, len(content), 37)]
    changes = []
    for _ in range(600):
        changed = bytearray(content)
        changed[generator.randrange(8, len(content))] = generator.randrange(256)
        changes.append(bytes(changed))
    for damaged in (*cuts, *changes):
        path.write_bytes(damaged)
        try:
            with limited_memory():
                puffer_edge.load(path, **made.options)
        except PufferEdgeError as error:
            assert error.exit_code in (2, 3, 4)


def test_operators_that_are_not_supported_are_named(tmp_path: Path) -> None:
    model = tflite.Model()
    x = model.tensor((1, 4, 4, 1))
    model.write(tmp_path / "p.tflite", [x], [model.add(17, [x], (1, 2, 2, 1))])
    with pytest.raises(UnsupportedError, match="MAX_POOL_2D"):
        puffer_edge.load(tmp_path / "p.tflite")


def test_quantised_models_are_refused_with_a_way_out(tmp_path: Path) -> None:
    model = tflite.Model()
    x = model.tensor((1, 4), kind=9)
    model.write(tmp_path / "p.tflite", [x], [model.add(28, [x], (1, 4))])
    with pytest.raises(UnsupportedError, match=r"of int8(.|\n)*convert the float model"):
        puffer_edge.load(tmp_path / "p.tflite")


def test_a_model_without_weights_of_its_own(tmp_path: Path) -> None:
    model = tflite.Model()
    x, missing = model.tensor((1, 4)), model.tensor((3, 4))
    model.write(tmp_path / "p.tflite", [x], [model.add(9, [x, missing], (1, 3), 8, _0=0)])
    with pytest.raises(UnsupportedError, match="before it is made"):
        puffer_edge.load(tmp_path / "p.tflite")


def _several(names: tuple[str, ...], tmp_path: Path) -> Path:
    """A model of a hidden layer and an output of its own for each name, of 1, 2, 3... numbers."""
    bench = zoo.Bench((1, 4))
    hidden = bench.op(Gemm, x=bench.x, weight=bench.weight(6, 4), activation=Activation("relu"))
    outputs = {name: bench.op(Gemm, x=hidden, weight=bench.weight(size, 6), bias=bench.weight(size))
               for size, name in enumerate(names, 1)}
    program = bench.builder.build(outputs, Contract((Field("obs", (4,)),), Continuous(1)))
    path = tmp_path / "several.tflite"
    path.write_bytes(written.model(program))
    return path


@pytest.mark.parametrize("kind", [None, "discrete"])
def test_several_outputs_are_one_action_in_the_files_order(kind: str | None, tmp_path: Path
                                                           ) -> None:
    path = _several(("steering", "throttle", "critic_value"), tmp_path)
    program = puffer_edge.load(path, action=kind)
    assert program.contract.action == (Discrete((1, 2)) if kind else Continuous(3))
    notes = " ".join(note.text for note in program.notes)
    assert "steering, throttle" in notes and "critic_value: the action does not need it" in notes
    judge = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(str(path))
    judge.allocate_tensors()
    ours, details = Interpreter(program), judge.get_output_details()
    for x in np.random.default_rng(4).standard_normal((20, 4)).astype(np.float32):
        judge.set_tensor(judge.get_input_details()[0]["index"], x[None])
        judge.invoke()
        theirs = np.concatenate([judge.get_tensor(d["index"]).reshape(-1) for d in details[:2]])
        (raw,) = ours.step(x).values()
        assert np.allclose(raw, theirs, atol=1e-5)
