# SPDX-License-Identifier: MIT
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
from puffer_edge.readers.tflite_operators import operator_name
from tests import zoo
from tests.frontends.support import tflite
from tests.frontends.support.row import Made
from tests.readers.forging import limited_memory

MAKES = [tflite.dense, tflite.convolutional, tflite.recurrent]


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


def _batch(path: Path, mixing: bool) -> list[np.ndarray]:
    """Two layers over a batch of four; gives their weights."""
    random = np.random.default_rng(0)
    weights = [random.standard_normal(shape).astype(np.float32)
               for shape in ((4, 6), (4,), (3, 4), (3,))]
    model = tflite.Model()
    x = model.tensor((4, 6))
    first, bias, last, end = (model.constant(weight) for weight in weights)
    y = model.add(tflite.FULLY_CONNECTED, [x, first, bias], (4, 4), 8)
    if mixing:
        order = model.tensor((2,), np.array([1, 0], np.int32), 2)
        y = model.add(39, [y, order], (4, 4))  # TRANSPOSE
    y = model.add(tflite.TANH, [y], (4, 4))
    model.write(path, [x], [model.add(tflite.FULLY_CONNECTED, [y, last, end], (4, 3), 8)])
    return weights


def test_a_row_of_a_fixed_batch_is_a_step(tmp_path: Path) -> None:
    first, bias, last, end = _batch(tmp_path / "p.tflite", mixing=False)
    program = puffer_edge.load(tmp_path / "p.tflite", action="continuous")
    assert program.contract.observation_size == 6
    assert "fixed-batch" in {note.code for note in program.notes}
    x = np.random.default_rng(1).standard_normal((4, 6)).astype(np.float32)
    wanted = np.tanh(x @ first.T + bias) @ last.T + end
    ours = [next(iter(Interpreter(program).step(row).values())).ravel() for row in x]
    np.testing.assert_allclose(ours, wanted, atol=1e-5)


def test_rows_that_meet_are_refused(tmp_path: Path) -> None:
    _batch(tmp_path / "p.tflite", mixing=True)
    with pytest.raises(UnsupportedError, match="batch") as why:
        puffer_edge.load(tmp_path / "p.tflite", action="continuous")
    assert "batch of 1" in why.value.hint


def test_operators_that_are_not_supported_are_named(tmp_path: Path) -> None:
    model = tflite.Model()
    x = model.tensor((1, 4, 4, 1))
    model.write(tmp_path / "p.tflite", [x], [model.add(12, [x], (1, 2, 2, 1))])
    with pytest.raises(UnsupportedError, match="L2_POOL_2D"):
        puffer_edge.load(tmp_path / "p.tflite")


def test_names_are_those_of_the_schema() -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    for name, number in vars(schema.BuiltinOperator).items():
        if isinstance(number, int) and number < 162:
            assert operator_name(number) == name
    assert "(250)" in operator_name(250)


def run_by_litert(path: Path, observations: np.ndarray, *, reference: bool = False) -> np.ndarray:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    kernels = litert.OpResolverType
    other = litert.Interpreter(str(path), experimental_op_resolver_type=kernels.BUILTIN_REF
                               if reference else kernels.AUTO)
    other.allocate_tensors()
    (entry,), end = other.get_input_details(), other.get_output_details()[0]
    found = []
    for x in observations:
        other.set_tensor(entry["index"], x.reshape(entry["shape"]))
        other.invoke()
        found.append(other.get_tensor(end["index"]).ravel())
    return np.array(found)


@pytest.mark.parametrize("pool", [1, 17])
@pytest.mark.parametrize("padding", [0, 1])
def test_what_keras_writes_for_images(pool: int, padding: int, tmp_path: Path) -> None:
    """Depthwise, pools, global means, and axes that come and go; a multiplier of two."""
    generator, model = np.random.default_rng(4), tflite.Model()
    filters = generator.normal(size=(1, 3, 3, 6)).astype(np.float32)
    x = first = model.tensor((1, 8, 8, 3))
    size = 8 if padding == 0 else 6
    x = model.add(4, [x, model.constant(filters), model.constant(np.arange(6.0))],
                  (1, size, size, 6), 2, _0=padding, _1=1, _2=1, _3=2, _4=1, _5=1, _6=1)
    x = model.add(pool, [x], (1, size // 2, size // 2, 6), 5, _0=1, _1=2, _2=2, _3=2, _4=2, _5=0)
    x = model.add(40, [x, model.tensor((2,), np.int32([1, 2]), 2)], (1, 6), 27, _0=0)
    x = model.add(70, [x, model.tensor((1,), np.int32([1]), 2)], (1, 1, 6), 52)
    x = model.add(39, [x, model.tensor((3,), np.int32([0, 2, 1]), 2)], (1, 6, 1))
    x = model.add(43, [x], (1, 6), 30)
    model.write(tmp_path / "p.tflite", [first], [x])
    observations = generator.normal(size=(10, 192)).astype(np.float32)
    ours = Interpreter(puffer_edge.load(tmp_path / "p.tflite", action="continuous"))
    theirs = run_by_litert(tmp_path / "p.tflite", observations)
    for x, y in zip(observations, theirs, strict=True):
        np.testing.assert_allclose(next(iter(ours.step(x).values())), y, rtol=0, atol=1e-5)


@pytest.mark.parametrize("pool", [1, 17])
@pytest.mark.parametrize(("padding", "kernel", "stride", "shape"), [
    (0, (3, 3), (2, 2), (4, 5)), (1, (3, 2), (1, 2), (5, 5)), (0, (2, 4), (1, 1), (7, 9))])
def test_pools_that_overlap(pool: int, padding: int, kernel: tuple[int, int],
                            stride: tuple[int, int], shape: tuple[int, int],
                            tmp_path: Path) -> None:
    """What SAME pads is no maximum, and not counted in an average."""
    model = tflite.Model()
    x = model.tensor((1, 7, 9, 3))
    y = model.add(pool, [x], (1, *shape, 3), 5, _0=padding, _1=stride[1], _2=stride[0],
                  _3=kernel[1], _4=kernel[0], _5=0)
    model.write(tmp_path / "p.tflite", [x], [y])
    observations = np.random.default_rng(2).normal(size=(5, 189)).astype(np.float32)
    ours = Interpreter(puffer_edge.load(tmp_path / "p.tflite", action="continuous"))
    for x, y in zip(observations, run_by_litert(tmp_path / "p.tflite", observations), strict=True):
        np.testing.assert_allclose(next(iter(ours.step(x).values())), y, rtol=0, atol=1e-5)


@pytest.mark.parametrize("scheme", ["int8", "int8x16", "dynamic", "float16"])
def test_quantised_models_are_read_as_float(scheme: str, tmp_path: Path) -> None:
    """Integers that are ours when written: LiteRT runs them, and their numbers are met."""
    policies = Path(__file__).parents[2] / "examples" / "policies"
    recording = policies / "cartpole_sb3_reference.npz"
    directory = puffer_edge.export(policies / "cartpole_sb3.zip", tmp_path / "out", target="tflite",
                                   scheme=scheme, calibrate="" if scheme in ("dynamic", "float16")
                                   else str(recording))
    path = directory / "policy.tflite"
    program = puffer_edge.load(path, action="discrete")
    said = " ".join(note.text for note in program.notes if note.kind == "quantised")
    assert ("own rounding of activations" if scheme.startswith("int8") else "computed in float"
            ) in said
    if not scheme.startswith("int8"):
        assert f"weights of {'int8' if scheme == 'dynamic' else scheme}" in said
    observations = np.load(recording)["observations"][:100].astype(np.float32)
    theirs = run_by_litert(path, observations)
    interpreter = Interpreter(program)
    ours = np.array([next(iter(interpreter.step(x).values())) for x in observations])
    # A step of 8 bits of the range; dynamic ones round their inputs by 8 bits, where we do not.
    step = np.ptp(theirs) / 255 * (4 if scheme == "dynamic" else 1.01)
    assert np.mean(np.abs(ours - theirs) <= step) >= 0.99
    assert np.mean(ours.argmax(1) == theirs.argmax(1)) >= 0.97


def test_integers_without_a_scale_are_refused(tmp_path: Path) -> None:
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
