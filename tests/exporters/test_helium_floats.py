# SPDX-License-Identifier: MIT
"""Floats of Helium: oracle, portable C and QEMU's vectors agree where subnormal numbers count."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.opening import read_subject
from puffer_edge.errors import UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.ir.flushed import dot
from puffer_edge.ir.ops import Concat, Conv, Gemm, LSTMCell, Reshape
from puffer_edge.passes.flush_subnormals import flush_subnormals
from puffer_edge.targets import find_target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.harness import ImageBuilder
from tests import zoo
from tests.support.exporting import write_artefact
from tests.tools import need

TINY = np.finfo(np.float32).tiny


def extreme(random: np.random.Generator, *shape: int) -> np.ndarray:
    """Factors whose products lie around the smallest normal number, and some that are subnormal."""
    exponents = random.integers(-66, -60, shape)
    exponents[random.random(shape) < 0.1] = -132
    return (random.standard_normal(shape) * 2.0 ** exponents).astype(np.float32)


def program() -> Program:
    """A layer of 16 and 7 rows, a convolution and an LSTM, their weights such factors."""
    bench = zoo.Bench((1, 30))
    random, x = bench.random, bench.x

    def weight(*shape: int) -> str:
        return bench.builder.constant(extreme(random, *shape), "w")

    parts = [bench.op(Gemm, x=x, weight=weight(23, 30), bias=bench.builder.constant(
        (random.standard_normal(23) * TINY * 2).astype(np.float32)))]
    image = bench.op(Reshape, x=x, shape=(1, 2, 5, 3))
    maps = bench.op(Conv, x=image, weight=weight(18, 2, 3, 2), strides=(1, 1), pads=(1, 0, 0, 1),
                    dilations=(1, 1))
    parts.append(bench.op(Reshape, x=maps, shape=(1, int(np.prod(bench.builder.shape(maps))))))
    h, c = bench.builder.state("h", (1, 6)), bench.builder.state("c", (1, 6))
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=x, h=h, c=c, weight=weight(24, 30), recurrent=weight(24, 6),
        bias=weight(24))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c)
    return bench.program(bench.op(Concat, xs=(*parts, y_h), axis=1))


MACHINES = [("host", "gcc", "-O3"), ("cortex-m55", "gcc", "-O3"), ("cortex-m55", "zig", "-O2"),
            ("cortex-m33", "gcc", "-O2"), ("without helium", "gcc", "-O2")]


@pytest.mark.parametrize(("target", "compiler", "optimize"), MACHINES)
def test_the_same_bits_as_the_oracle(target: str, compiler: str, optimize: str,
                                     tmp_path: Path) -> None:
    """QEMU has the vectors by its own; without them portable C does the same."""
    need("qemu-system-arm")
    need("gcc" if target == "host" else "arm-none-eabi-gcc")
    flushing = flush_subnormals(program())
    write_artefact(flushing, tmp_path / "a", target="cortex-m55", helium_float=True)
    core = find_target("cortex-m55" if target == "without helium" else target)
    if target == "without helium":
        core = replace(core, gcc_flags=("-mthumb", "-mcpu=cortex-m55+nomve", "-mfloat-abi=hard"))
    work = tmp_path / "work"
    work.mkdir()
    builder = ImageBuilder(tmp_path / "a" / "policy.h", read_subject(tmp_path / "a").spec, core,
                           find_toolchain(compiler), work, optimize=optimize)
    random = np.random.default_rng(3)
    inputs = [extreme(random, 30) for _ in range(6)]
    with open_machine(builder, (core.emulators or ("unicorn",))[0]) as machine:
        steps = machine.run([x.tobytes() for x in inputs])
        assert machine.selftest() == 0
    oracle, other = Interpreter(flushing), Interpreter(program())
    differ = 0
    for step, x in zip(steps, inputs, strict=True):
        wanted = oracle.step(x)["logits"].reshape(-1)
        assert step.outputs.tobytes() == wanted.tobytes()
        differ += int((other.step(x)["logits"].reshape(-1) != wanted).sum())
    assert differ > 100  # as what is flushed is seen


def test_a_product_is_judged_before_it_is_rounded() -> None:
    """(1 + e)(1 - e) times the smallest normal number, which it is rounded to, is below it."""
    a = np.array([[(1 + 2.0 ** -23) * 2.0 ** -63]], np.float32)
    b = np.array([[(1 - 2.0 ** -23) * 2.0 ** -63]], np.float32)
    assert a * b == TINY
    assert dot(a, b, np.float32(0)) == 0
    assert dot(a, np.array([[2.0 ** -63]], np.float32), np.float32(0)) > 0


def test_the_manifest_tells_and_other_targets_refuse(tmp_path: Path) -> None:
    float32 = zoo.program("mlp")
    directory = puffer_edge.export(float32, tmp_path / "a", target="m55", helium_float=True)
    manifest = json.loads((directory / "policy.json").read_text())
    assert manifest["helium_float"] is True
    assert any("--helium-float" in note["text"] for note in manifest["notes"])
    assert "helium_float" not in json.loads((puffer_edge.export(
        float32, tmp_path / "b", target="m55") / "policy.json").read_text())
    for target in ("cortex-m4", "onnx"):
        with pytest.raises(UsageError, match=r"Helium|helium"):
            puffer_edge.export(float32, tmp_path / "c", target=target, helium_float=True)
    with pytest.raises(UsageError, match="helium"):
        puffer_edge.export(float32, tmp_path / "c", target="m55", scheme="float16",
                           helium_float=True)
