# SPDX-License-Identifier: MIT
"""Observations in integers: raw counts go straight in, and nothing touches a float."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import puffer_edge
from puffer_edge.artefact.opening import read_subject
from puffer_edge.artefact.vectors import Vectors
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Field, Program
from puffer_edge.ir.observed import parts_of_observation
from puffer_edge.ir.ops import (
    BatchNormalization,
    Conv,
    Gemm,
    Quantize,
    Rescale,
    Reshape,
    Softmax,
    Transpose,
    Unary,
)
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.integer_input import integer_input, out_of_range
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.symbols import find_float_helpers
from tests import zoo
from tests.support.exporting import export_as_it_is, write_artefact
from tests.tools import need


def normalised(clip: bool, seed: int = 0) -> Program:
    """A normaliser, perhaps with the clip that keeps it from being folded, before two layers."""
    bench = zoo.Bench((1, 3), seed)
    x = bench.op(BatchNormalization, x=bench.x, scale=bench.weight(3, scale=1.0),
                 shift=bench.weight(3, scale=1.0))
    if clip:
        x = bench.op(Unary, x=x, function=Activation("clip", (-1.5, 2.0)))
    y = bench.op(Gemm, x=x, weight=bench.weight(8, 3), bias=bench.weight(8))
    y = bench.op(Unary, x=y, function=Activation("tanh"))
    return bench.program(bench.op(Gemm, x=y, weight=bench.weight(4, 8)))


def in_integers(program: Program, scheme: str, observations: np.ndarray) -> Program:
    prepared = optimize(program, fuse=False)
    found = calibrate(prepared, observations, np.arange(len(observations)) == 0)
    return quantize(prepared, found, SCHEMES[scheme])


@given(seed=st.integers(0, 1000), scheme=st.sampled_from(list(SCHEMES)), clip=st.booleans(),
       exponent=st.integers(-13, -3), offset=st.floats(-3, 3))
@settings(max_examples=60, deadline=None)
def test_counts_are_the_observation_they_stand_for(
        seed: int, scheme: str, clip: bool, exponent: int, offset: float) -> None:
    """Any count gives the first layer the integer of its observation, up to rounding."""
    random = np.random.default_rng(seed)
    scale = 2.0**exponent * random.uniform(0.5, 1)
    observations = random.standard_normal((40, 3)).astype(np.float32)
    program = in_integers(normalised(clip, seed), scheme, observations)
    found = integer_input(program, {"": (scale, offset)})
    assert found is not None
    quantized = next(op.y for op in program.ops if isinstance(op, Quantize))
    counts = np.concatenate([random.integers(-32768, 32768, (20, 3)),
                             np.floor((observations - offset) / scale)])
    for count in np.clip(counts, -32768, 32767).astype(np.int16):
        straight = Interpreter(found.program).values(count)[quantized].astype(int)
        around = Interpreter(program).values(count * scale + offset)[quantized].astype(int)
        # The multiplier is off by half of 2^-shift, which is made up for at the count of the middle
        # integer, and the two ways of rounding by 1.
        multiplier, bias, shift, low, high = found.program.constants[found.rescale.factors].T
        middle = np.clip(((low + high) / 2 * 2.0**shift - bias) / multiplier, -32768, 32767)
        assert np.all(np.abs(straight - around) <= 1 + np.abs(count - middle) * 2.0**-shift / 2)


@pytest.mark.parametrize("case", zoo.QUANTIZED)
def test_without_counts_the_integers_are_those_of_the_first_layer(case: str) -> None:
    program = zoo.program(case)
    found = integer_input(program)
    assert found is not None
    quantized = found.rescale.y
    observation = zoo.permitted(program, np.random.default_rng(0).standard_normal(
        program.contract.observation_size))
    values = Interpreter(program).values(observation)
    counts = observation.copy()  # of a mask, which no layer reads, as they are
    part = parts_of_observation(found.program)[found.rescale.x]
    part = slice(part, part + values[quantized].size)
    counts[part] = values[quantized].reshape(-1)
    same = Interpreter(found.program).values(counts)
    assert all(np.array_equal(same[name], values[name]) for name in program.outputs)
    inside = (values[quantized] > found.rescale.low) & (values[quantized] < found.rescale.high)
    back = values[quantized].reshape(-1) * found.scale[part] + found.offset[part]
    # Half a step, and half of an ulp of 2^15 from the addition that rounds (see Quantize).
    most = (0.5 + 2.0**-9 + 2.0**-16) * np.abs(found.scale[part])
    assert (np.abs(back - observation[part]) <= most)[inside.reshape(-1)].all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_int16_saturates(scheme: str) -> None:
    """The ends of int16, far outside of what the layer was proved for, stay in 31 bits."""
    observations = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    found = integer_input(in_integers(normalised(True), scheme, observations), {"": (1.0, 0.0)})
    assert found is not None
    interpreter = Interpreter(found.program)
    for count in (-32768, 32767, 0):
        values = interpreter.values(np.full(3, count, np.int16))
        assert found.rescale.low <= values[found.rescale.y].min()
        assert values[found.rescale.y].max() <= found.rescale.high


def test_the_interpreter_takes_only_integers_of_the_dtype() -> None:
    found = integer_input(zoo.program("mlp_int8"))
    assert found is not None
    for bad in (np.full(6, 32768), np.full(6, 0.5), np.full(6, np.nan)):
        with pytest.raises(UsageError, match="int16"), np.errstate(all="ignore"):
            Interpreter(found.program).step(bad)


def test_an_adc_of_12_bits(tmp_path: Path) -> None:
    """Volts at 3.3 V full scale: two fields with scales of their own, exported and verified."""
    random = np.random.default_rng(0)
    counts = random.integers(500, 3500, (200, 3)).astype(np.int16)
    table = {"adc": (3.3 / 4096, 0.0), "knob": (2 / 4096, -1.0)}
    scale = np.array([table["adc"][0]] * 2 + [table["knob"][0]])
    offset = np.array([0.0, 0.0, -1.0])
    np.savez(tmp_path / "recorded.npz", observations=counts * scale + offset)
    program = normalised(True)
    contract = program.contract.__class__((Field("adc", (2,)), Field("knob", (1,))),
                                          program.contract.action)
    program = program.with_ops(program.ops, contract=contract)
    out = puffer_edge.export(program, tmp_path / "a", scheme="int8", counts=table,
                             calibrate=str(tmp_path / "recorded.npz"))
    report = puffer_edge.verify(out, target="cortex-m0")
    assert report.passed, report.to_markdown()
    text = (out / "policy.h").read_text()
    assert "int16_t adc[2];" in text and "int16_t knob[1];" in text
    assert f"adc[1]: {np.float32(3.3 / 4096)!s} * integer + 0.0; saturates beyond" in text
    assert "knob[0]: 0.00048828125 * integer - 1.0; saturates beyond" in text
    assert "#define A_OBS_KNOB_Q_OFFSET (-1.0f)" in text


@pytest.mark.parametrize(("counts", "words"), [
    ({"gyro": (1.0, 0.0)}, "no field 'gyro'"), ({"": (0.0, 1.0)}, "scale 0"),
    ({"": (float("nan"), 1.0)}, "scale nan"), ({"": (1.0, float("inf"))}, "offset inf"),
    ({"": (1e12, 0.0)}, "one count is worth more"), ({"": (1.0, 1e12)}, "one count is worth more"),
])
def test_bad_counts_are_refused(counts: dict[str, tuple[float, float]], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        integer_input(zoo.program("mlp_int8"), counts)


def test_counts_need_an_integer_policy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="float32"):
        puffer_edge.export(zoo.program("mlp"), tmp_path / "a", counts={"": (1.0, 0.0)})


def test_steps_outside_of_the_range_are_counted() -> None:
    """Of the observation in real units, before the normaliser and its clip."""
    observations = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    for clip in (False, True):
        program = in_integers(normalised(clip), "int8", observations)
        far = observations.copy()
        far[[3, 7], [0, 2]] = [1e4, -1e4]
        found = out_of_range(program, far)
        assert found is not None and np.flatnonzero(found).tolist() == [3, 7]
    bench = zoo.Bench((1, 3))
    program = bench.program(bench.op(Gemm, weight=bench.weight(4, 3),
                                     x=bench.op(Softmax, x=bench.x, axis=1)))
    assert out_of_range(in_integers(program, "int8", observations), observations) is None


def test_what_is_computed_in_float_first_has_no_integer_step(tmp_path: Path) -> None:
    bench = zoo.Bench((1, 3))
    x = bench.op(Softmax, x=bench.x, axis=1)
    program = in_integers(bench.program(bench.op(Gemm, x=x, weight=bench.weight(4, 3))), "int8",
                          np.random.default_rng(0).standard_normal((40, 3)))
    assert integer_input(program) is None
    with pytest.raises(UnsupportedError, match="Softmax makes the tensor softmax"):
        integer_input(program, {"": (1.0, 0.0)})
    write_artefact(program, tmp_path / "a", target="cortex-m", name="zoo", scheme="int8")
    assert "_step_q" not in (tmp_path / "a" / "policy.h").read_text()
    report = puffer_edge.verify(tmp_path / "a")
    assert report.passed, report.to_markdown()


def builder_for(directory: Path, target: str, toolchain: str, optimize: str) -> ImageBuilder:
    subject = read_subject(directory)
    assert subject.integers is not None
    work = directory.parent / f"{target}-{toolchain}{optimize}"
    work.mkdir()
    return ImageBuilder(directory / "policy.h", subject.integers.spec, TARGETS[target],
                        find_toolchain(toolchain), work, optimize=optimize)


@pytest.mark.parametrize("optimize", ["-O0", "-O2"])
@pytest.mark.parametrize(("target", "toolchain"), [
    ("cortex-m0", "gcc"), ("cortex-m3", "gcc"), ("cortex-m0", "zig"), ("riscv32", "zig")])
@pytest.mark.parametrize("case", ["lstm_int8", "continuous_int16", "conv_int8"])
def test_an_integer_only_build_has_no_float_helper(
        case: str, target: str, toolchain: str, optimize: str, tmp_path: Path) -> None:
    if toolchain == "gcc":
        need("arm-none-eabi-gcc")
    out = export_as_it_is(case, tmp_path / "a")
    assert find_float_helpers(builder_for(out, target, toolchain, optimize)) == ()


def test_a_float_in_the_integer_step_fails(tmp_path: Path) -> None:
    out = export_as_it_is("mlp_int8", tmp_path / "a")
    header = out / "policy.h"
    text = header.read_text()
    changed = text.replace("] = x[i];", "] = (int16_t)((float)x[i] * 0.5f);")
    assert changed != text
    header.write_text(changed)
    assert "__aeabi_fmul" in find_float_helpers(builder_for(out, "cortex-m0", "zig", "-O2"))
    report = puffer_edge.verify(out, target="cortex-m0", trust=True)
    failed = {check.name for check in report.checks if check.verdict == "failed"}
    assert "an integer-only build needs no floating point" in failed
    assert "self-test on Arm Cortex-M0 from integers" in failed


def test_both_steps_share_one_state(tmp_path: Path) -> None:
    """Steps may be mixed: the bits are those of the integers, whichever way they came in."""
    need("gcc")
    out = export_as_it_is("lstm_int8", tmp_path / "a")
    vectors = Vectors.load(out / "vectors_q.npz")
    main = tmp_path / "main.c"
    main.write_text(
        '#define ZOO_IMPLEMENTATION\n#include "a/policy.h"\n#include <stdio.h>\n'
        "int main(void) { static zoo_t p; zoo_action_t a; zoo_obs_q_t q; zoo_obs_t o;\n"
        "zoo_reset(&p); memset(&o, 0, sizeof o); zoo_step(&p, &o, &a);\n"
        "memset(&q, 1, sizeof q); zoo_step_q(&p, &q, &a); zoo_step(&p, &o, &a);\n"
        f"for (int i = 0; i < {vectors.outputs['logits'].shape[1]}; i++)\n"
        '{ printf("%d ", zoo_logits(&p)[i]); }\nreturn 0; }\n')
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Werror", str(main), "-o", str(tmp_path / "m")],
                   check=True)
    said = subprocess.run([str(tmp_path / "m")], capture_output=True, text=True, check=True).stdout
    program = zoo.program("lstm_int8")
    found = integer_input(program)
    assert found is not None
    floats, integers = Interpreter(program), Interpreter(found.program)
    floats.step(np.zeros(6))
    integers.state = floats.state
    integers.step(np.full(6, 0x0101, np.int16))
    floats.state = integers.state
    assert said.split() == [str(number) for number in floats.step(np.zeros(6))["logits"]]


def test_rescale_is_the_first_op() -> None:
    found = integer_input(zoo.program("lstm_int16"))
    assert found is not None and isinstance(found.program.ops[0], Rescale)
    assert not any(value.dtype == "float32" for value in found.program.values.values())


def test_integers_are_faster_without_an_fpu(tmp_path: Path) -> None:
    """At least five times on a Cortex-M0, the quantisation of the float observation included."""
    steps = {}
    for case in ("lstm", "lstm_int8"):
        out = export_as_it_is(case, tmp_path / case)
        found = puffer_edge.verify(out, target="cortex-m0").measurements
        steps[case] = float(found["instructions_max"] or 0)
        if case == "lstm_int8":
            assert (found["integer_instructions_max"] or 0) < steps[case]
    assert steps["lstm"] > 5 * steps["lstm_int8"] > 0


@pytest.mark.parametrize("clip", [False, True])
def test_a_feature_that_the_normaliser_drops(clip: bool, tmp_path: Path) -> None:
    """A scale of 0, as of a constant column, stands for no observation; counts of it do nothing."""
    bench = zoo.Bench((1, 3))
    x = bench.op(BatchNormalization, x=bench.x,
                 scale=bench.builder.constant(np.array([0, 1, -2], np.float32), "scale"),
                 shift=bench.weight(3))
    if clip:
        x = bench.op(Unary, x=x, function=Activation("clip", (-1.0, 1.0)))
    y = bench.op(Gemm, x=x, weight=bench.weight(4, 3))
    program = in_integers(bench.program(y), "int16",
                          np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32))
    assert (found := integer_input(program)) is not None and np.isfinite(found.scale).all()
    found = integer_input(program, {"": (0.001, 0.0)})
    assert found is not None
    first, other = (Interpreter(found.program).step(np.array([count, 500, 500]))["logits"]
                    for count in (-30000, 30000))
    assert np.array_equal(first, other)
    write_artefact(program, tmp_path / "a", target="cortex-m", name="zoo", scheme="int16",
                   counts={"": (0.001, 0.0)})
    assert puffer_edge.verify(tmp_path / "a", target="host").passed


@pytest.mark.parametrize("scheme", ["int8", "int16"])
def test_an_image_with_its_channels_last(scheme: str) -> None:
    """Turned in integers, so that the observation itself may be integers."""
    bench = zoo.Bench((1, 60))
    x = bench.op(Reshape, x=bench.x, shape=(1, 6, 5, 2))
    x = bench.op(Transpose, x=x, permutation=(0, 3, 1, 2))
    y = bench.op(Conv, x=x, weight=bench.weight(4, 2, 3, 2), bias=bench.weight(4), strides=(1, 1),
                 pads=(0,) * 4, dilations=(1, 1), group=1)
    y = bench.op(Reshape, x=y, shape=(1, 64))
    floating = bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, 64)))
    program = zoo.in_integers(floating, scheme)
    given = integer_input(program)
    assert given is not None
    assert [type(op) for op in given.program.ops[:3]] == [Rescale, Reshape, Transpose]
    image = np.random.default_rng(1).standard_normal((1, 60)).astype(np.float32)
    counts = np.floor((image - given.offset) / given.scale + 0.5)
    counts = counts.astype(given.program.values[given.program.input].dtype)
    (found,), (expected,), (real,) = (
        list(Interpreter(each).step(seen).values()) for each, seen
        in ((given.program, counts), (program, image), (floating, image)))
    assert (found == expected).all()
    qparams = program.values[program.outputs[0]].quantization
    assert qparams is not None
    # Pixels in another order would be as far off as the logits, which are of the size of 1, differ.
    error = np.abs((expected - qparams.zero_point) * qparams.scale - real).max()
    assert error < (0.15 if scheme == "int8" else 0.005)
