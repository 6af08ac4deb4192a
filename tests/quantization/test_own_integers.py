# SPDX-License-Identifier: MIT
"""Quantised files in their own integers: onnxruntime and LiteRT judge, a step in 99 of 100."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.directory import read_manifest
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Builder, Continuous, Contract, Field, Program
from puffer_edge.ir.ops import Binary, ConvInteger, Gemm, GemmInteger, Unary
from puffer_edge.quantization.own import own_integers, scheme_of
from puffer_edge.quantization.own.lattice import on_lattice
from tests.frontends.support import tflite

OPTIONS: dict[str, Any] = {"action": "continuous", "accept": ("action-bounds",)}
ADD, CONV_2D, FULLY_CONNECTED, LOGISTIC, MAX_POOL_2D, RESHAPE, TANH, DEQUANTIZE, QUANTIZE = (
    0, 3, 9, 14, 17, 22, 28, 6, 114)


def onnx_file(path: Path, *, convolution: bool, form: str, per_channel: bool, unsigned: bool,
              wide: bool = False) -> Callable[[np.ndarray], np.ndarray]:
    """Quantised by onnxruntime's own tool; gives what runs it."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    from tests.frontends.test_onnx_against_onnxruntime import session
    from tests.frontends.test_onnx_quantized import network

    class Reader(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            self.rows = iter(observations())

        def get_next(self) -> Any:
            row = next(self.rows, None)
            return None if row is None else {"obs": row[None]}

    source = path.with_name("float.onnx")
    onnx.save(network(convolution), source)
    activation = QuantType.QInt16 if wide else QuantType.QUInt8 if unsigned else QuantType.QInt8
    quantize_static(source, path, Reader(), quant_format=QuantFormat[form],
                    per_channel=per_channel, weight_type=QuantType.QInt8,
                    activation_type=activation,
                    extra_options={"UseQDQContribOps": True, "ActivationSymmetric": wide})
    running = session(onnx.load(path))
    return lambda rows: np.array([running.run(None, {"obs": x[None]})[0][0] for x in rows])


def observations() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(60, 50)).astype(np.float32)


def real(program: Program, rows: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(program)
    return np.array([interpreter.act(x) for x in rows])


def within_a_step(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Share of the elements that are off by no more than the smallest difference of outputs."""
    apart = np.diff(np.unique(theirs))
    return float(np.mean(np.abs(ours - theirs) <= 1.01 * apart[apart > 1e-5].min()))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("form", "convolution", "per_channel", "unsigned"), [
    ("QDQ", False, False, True), ("QDQ", False, True, False), ("QOperator", False, False, False),
    ("QDQ", True, True, True), ("QOperator", True, True, False)])
def test_what_onnxruntime_quantised(form: str, convolution: bool, per_channel: bool,
                                    unsigned: bool, tmp_path: Path) -> None:
    running = onnx_file(tmp_path / "policy.onnx", convolution=convolution, form=form,
                        per_channel=per_channel, unsigned=unsigned)
    program = puffer_edge.load(tmp_path / "policy.onnx", **OPTIONS)
    assert any("file's own integers (int8)" in note.text for note in program.notes)
    made = own_integers(program)
    kinds = [type(op) for op in made.ops]
    assert kinds.count(GemmInteger) == (1 if convolution else 2)
    assert kinds.count(ConvInteger) == convolution
    assert not any(isinstance(op, Gemm) for op in made.ops)
    assert within_a_step(real(made, observations()), running(observations())) >= 0.99


@pytest.mark.filterwarnings("ignore")
def test_activations_of_16_bits(tmp_path: Path) -> None:
    """A step is a 65,536th of the range; a multiplier of 15 bits does not reach it, so: float."""
    running = onnx_file(tmp_path / "policy.onnx", convolution=True, form="QDQ", per_channel=True,
                        unsigned=False, wide=True)
    program = puffer_edge.load(tmp_path / "policy.onnx", **OPTIONS)
    assert any("computed in float: integers here would differ" in note.text
               for note in program.notes)
    assert within_a_step(real(program, observations()), running(observations())) >= 0.99


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scheme", ["", "int8"])
def test_exported_without_calibration(scheme: str, tmp_path: Path) -> None:
    running = onnx_file(tmp_path / "policy.onnx", convolution=False, form="QDQ", per_channel=True,
                        unsigned=True)
    directory = puffer_edge.export(tmp_path / "policy.onnx", tmp_path / "out", scheme=scheme,
                                   **OPTIONS)
    manifest = read_manifest(directory)
    assert manifest["scheme"] == "int8"
    assert any("the file's own integers" in note["text"] for note in manifest["notes"])
    report = puffer_edge.verify(directory, target="host")
    assert report.passed and "action_error_mean" in report.measurements
    from puffer_edge.artefact.program_file import from_bytes

    stored = from_bytes((directory / "program.npz").read_bytes())
    assert within_a_step(real(stored, observations()), running(observations())) >= 0.99


@pytest.mark.filterwarnings("ignore")
def test_what_the_user_asks_for_comes_first(tmp_path: Path) -> None:
    onnx_file(tmp_path / "policy.onnx", convolution=False, form="QDQ", per_channel=True,
              unsigned=True)
    path = tmp_path / "policy.onnx"
    for scheme, found in (("float32", "float32"), ("float16", "float16")):
        directory = puffer_edge.export(path, tmp_path / found, scheme=scheme, **OPTIONS)
        assert read_manifest(directory)["scheme"] == found
    with pytest.raises(UsageError, match="are int8, not int8x16") as why:
        puffer_edge.export(path, tmp_path / "out", scheme="int8x16", **OPTIONS)
    assert "calibrate" in why.value.hint
    directory = puffer_edge.export(path, tmp_path / "16", scheme="int8x16",
                                   calibrate="bounds:-2:2", **OPTIONS)  # as the hint says
    assert read_manifest(directory)["scheme"] == "int8x16"


class Quantised:
    """A TFLite model of integers, whose scales follow from a run in float."""

    def __init__(self, kind: int = 9) -> None:
        self.model, self.kind = tflite.Model(), kind
        self.top = 127 if kind == 9 else 32767

    def tensor(self, number: int, values: np.ndarray) -> int:
        low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
        if self.kind == 7:
            return self.model.quantised(number, max(high, -low) / 32767)
        scale = (high - low) / 255
        return self.model.quantised(number, scale, round(-128 - low / scale))

    def weights(self, array: np.ndarray, x: int, bias: np.ndarray, *, apart: bool) -> list[int]:
        """Weights of 8 bits, per channel or per tensor, and a bias of 32 (64) bits."""
        rows = np.abs(array.reshape(len(array), -1)).max(1)
        scale = (rows if apart else rows.max(keepdims=True)) / 127
        shape = (-1, *(1,) * (array.ndim - 1)) if apart else ()
        whole = np.rint(array / scale.reshape(shape)).astype(np.int8)
        first = self.model.quantised(self.model.tensor(array.shape, whole, 9), scale)
        kind, dtype = (2, np.int32) if self.kind == 9 else (4, np.int64)
        factor = scale * self.model.scales[x][0]
        second = self.model.tensor(bias.shape, np.rint(bias / factor).astype(dtype), kind)
        return [x, first, self.model.quantised(second, factor)]

    def add(self, code: int, inputs: list[int], values: np.ndarray, option: int = 0,
            **options: Any) -> int:
        return self.tensor(self.model.add(code, inputs, values.shape, option, self.kind,
                                          **options), values)


def tflite_mlp(path: Path, kind: int, *, functions: bool) -> None:
    """ReLU, tanh, a sigmoid and a sum, or ReLU alone; floats at both ends."""
    rng = np.random.default_rng(5)
    w, b, v, c = (rng.normal(size=shape, scale=shape[-1] ** -0.5)
                  for shape in ((12, 50), (12,), (3, 12), (3,)))
    a = np.maximum(observations() @ w.T + b, 0)
    made = Quantised(kind)
    x = first = made.model.tensor((1, 50))
    x = made.add(QUANTIZE, [x], observations()[:1] * 4)
    y = made.add(FULLY_CONNECTED, made.weights(w, x, b, apart=False), a[-1:] * 0 + a.max(), 8,
                 _0=1)
    made.model.scales[y] = made.model.scales[made.tensor(y, a)]
    made.model.tensors[y] = (made.model.tensors[y][0], (1, 12), kind, None)
    if functions:
        fixed = (1 / 128, 0), (1 / 256, -128)
        tanh = made.model.quantised(made.model.add(TANH, [y], (1, 12), of=kind), *fixed[0])
        gate = made.model.quantised(made.model.add(LOGISTIC, [y], (1, 12), of=kind), *fixed[1])
        a = np.tanh(a) + 1 / (1 + np.exp(-a))
        y = made.model.add(ADD, [tanh, gate], (1, 12), 11, kind)
        made.tensor(y, a)
    z = made.model.add(FULLY_CONNECTED, made.weights(v, y, c, apart=False), (1, 3), 8, kind, _0=0)
    made.tensor(z, a @ v.T + c)
    made.model.write(path, [first], [made.model.add(DEQUANTIZE, [z], (1, 3))])


def tflite_cnn(path: Path) -> None:
    """A convolution with a scale per filter, ReLU inside, and a pool that keeps the scale."""
    rng = np.random.default_rng(6)
    w, b, v, c = (rng.normal(size=shape) for shape in ((4, 3, 3, 2), (4,), (3, 16), (3,)))
    made = Quantised()
    x = first = made.model.tensor((1, 5, 5, 2))
    x = made.add(QUANTIZE, [x], observations().reshape(60, 5, 5, 2)[:1])
    y = made.model.add(CONV_2D, made.weights(w, x, b, apart=True), (1, 5, 5, 4), 1, 9, _0=0, _1=1,
                       _2=1, _3=1, _4=1, _5=1)
    made.tensor(y, np.array([0.0, 12.0]))
    made.model.quantised(p := made.model.add(MAX_POOL_2D, [y], (1, 2, 2, 4), 5, 9, _0=1, _1=2,
                                             _2=2, _3=2, _4=2, _5=0), *made.model.scales[y][:2])
    f = made.model.add(RESHAPE, [p, made.model.tensor((2,), np.int32([1, 16]), 2)], (1, 16), of=9)
    made.model.quantised(f, *made.model.scales[y][:2])
    z = made.model.add(FULLY_CONNECTED, made.weights(v, f, c, apart=False), (1, 3), 8, 9, _0=0)
    made.tensor(z, np.array([-60.0, 60.0]))
    made.model.write(path, [first], [made.model.add(DEQUANTIZE, [z], (1, 3))])


@pytest.mark.parametrize(("kind", "functions"), [(9, False), (9, True), (7, False)])
def test_full_integer_tflite(kind: int, functions: bool, tmp_path: Path) -> None:
    from tests.frontends.test_tflite import run_by_litert

    tflite_mlp(tmp_path / "policy.tflite", kind, functions=functions)
    program = puffer_edge.load(tmp_path / "policy.tflite", **OPTIONS)
    made = own_integers(program)
    assert scheme_of(made) == ("int8" if kind == 9 else "int8x16")
    theirs = run_by_litert(tmp_path / "policy.tflite", observations(), reference=True)
    assert within_a_step(real(made, observations()), theirs) >= 0.99


def test_a_tflite_convolution(tmp_path: Path) -> None:
    from tests.frontends.test_tflite import run_by_litert

    tflite_cnn(tmp_path / "policy.tflite")
    made = own_integers(puffer_edge.load(tmp_path / "policy.tflite", **OPTIONS))
    assert any(isinstance(op, ConvInteger) for op in made.ops)
    theirs = run_by_litert(tmp_path / "policy.tflite", observations(), reference=True)
    assert within_a_step(real(made, observations()), theirs) >= 0.99


def rounding(weight: np.ndarray) -> Program:
    """A layer between two roundings."""
    builder = Builder("test")
    step = builder.constant(np.full((), 0.25, np.float32))

    def rounded(x: str) -> str:
        x = builder.add(Binary, a=x, b=step, function="div")
        x = builder.add(Unary, x=x, function=Activation("round"))
        x = builder.add(Unary, x=x, function=Activation("clip", (-128.0, 127.0)))
        return builder.add(Binary, a=x, b=step, function="mul")

    x = rounded(builder.input("observation", (1, weight.shape[1])))
    y = rounded(builder.add(Gemm, x=x, weight=builder.constant(np.float32(weight))))
    builder.note("quantised", "a quantised graph")
    return builder.build({"mean": y}, Contract((Field("obs", (weight.shape[1],)),),
                                               Continuous(len(weight))))


def test_weights_that_are_no_integers_stay_float(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    program = rounding(rng.normal(size=(3, 6)))
    with pytest.raises(UnsupportedError, match="no integers of 8 bits"):
        own_integers(program)
    assert read_manifest(puffer_edge.export(program, tmp_path / "float"))["scheme"] == "float32"
    with pytest.raises(UnsupportedError, match="own integers cannot be taken") as why:
        puffer_edge.export(program, tmp_path / "out", scheme="int8")
    assert "calibrate" in why.value.hint
    assert own_integers(rounding(rng.integers(-9, 9, (3, 6)) / 8))


def test_steps_of_weights() -> None:
    """Integers come back, times their own step, whatever their largest is."""
    rng = np.random.default_rng(1)
    for top in (1, 7, 100, 127):
        whole = rng.integers(-top, top + 1, (8, 16))
        scale = rng.uniform(1e-4, 1e2, 8).astype(np.float32)
        rows = np.float32(whole * scale[:, None]).astype(np.float64)
        found = on_lattice(rows)
        assert found is not None
        integers, steps = found
        assert np.abs(integers).max() <= 127
        np.testing.assert_allclose(integers * steps[:, None], rows, rtol=0,
                                   atol=1e-4 * steps.max())
    assert on_lattice(rng.normal(size=(8, 16))) is None


@pytest.mark.parametrize("scale", [1e-38, 1e-30, 1e20, 1e30])
def test_scales_that_no_policy_has(scale: float) -> None:
    """One error or a Program that fits, and no warning of numpy's."""
    program = rounding(np.random.default_rng(0).integers(-9, 9, (3, 6)) / 8)
    step = np.full((), scale, np.float32)
    changed = {name: step if array.shape == () else array
               for name, array in program.constants.items()}
    try:
        own_integers(program.with_ops(program.ops, changed))
    except UnsupportedError as error:
        assert error.what
