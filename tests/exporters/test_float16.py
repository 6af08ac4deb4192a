# SPDX-License-Identifier: MIT
"""The scheme float16: matrices in float16, float32 arithmetic, the bits of the oracle."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.exporters.c.kernels import joined
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir.ops import Slice
from puffer_edge.passes import optimize
from puffer_edge.quantization.float16 import to_float16
from puffer_edge.runtimes import load
from tests import zoo
from tests.tools import need

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
CASES = ["mlp", "gemm_rows", "conv", "lstm_2_layers", "gru", "min_gru_2_layers"]


def test_every_half_becomes_its_float(tmp_path: Path) -> None:
    """All 65,536 but infinities and NaN; zeros keep their sign."""
    need("gcc")
    halves = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)
    halves = halves[np.isfinite(halves.view(np.float16))]
    (tmp_path / "h.c").write_text(
        "#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n" + joined(["mac4_f16"])
        + "\nextern void run(const uint16_t *w, float *y, int32_t n);\n"
        "void run(const uint16_t *w, float *y, int32_t n)\n{\n"
        "    for (int32_t i = 0; i < n; i += 32) {\n"
        "        puffer_edge_expand_f16(w + i, y + i, 32);\n    }\n}\n")
    subprocess.run(["gcc", "-std=c99", "-O2", "-shared", "-fPIC", "-o", tmp_path / "h.so",
                    tmp_path / "h.c"], check=True)
    floats = np.empty(halves.size, np.float32)
    assert halves.size % 32 == 0
    ctypes.CDLL(str(tmp_path / "h.so")).run(
        ctypes.c_void_p(halves.ctypes.data), ctypes.c_void_p(floats.ctypes.data),
        ctypes.c_int32(halves.size))
    expected = halves.view(np.float16).astype(np.float32)
    assert np.array_equal(floats.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize(("case", "target"), [
    *((case, "host") for case in CASES), ("lstm_2_layers", "cortex-m4"), ("gru", "cortex-m0"),
    ("min_gru_2_layers", "riscv32")])
def test_c_gives_the_oracles_bits(case: str, target: str, tmp_path: Path) -> None:
    puffer_edge.export(zoo.program(case), tmp_path / "a", scheme="float16", name="zoo")
    report = puffer_edge.verify(tmp_path / "a", target=target)
    assert report.passed, report.to_markdown()
    assert "_f16(" in (tmp_path / "a" / "policy.h").read_text()


def test_the_oracle_computes_with_the_rounded_weights() -> None:
    """In float32: what it gives is what a float policy with such weights gives."""
    program = optimize(zoo.program("lstm"))
    halves = to_float16(program)
    rounded = replace(program, constants={
        name: array.astype(np.float16).astype(np.float32) if array.ndim == 2 else array
        for name, array in program.constants.items()})
    one, other = Interpreter(halves), Interpreter(rounded)
    for observation in np.random.default_rng(0).standard_normal((50, 6)):
        (a,), (b,) = one.step(observation).values(), other.step(observation).values()
        assert a.dtype == np.float32 and np.array_equal(a, b)


def test_flash_is_about_half(tmp_path: Path) -> None:
    """Biases stay in 32 bits."""
    sizes = {}
    for scheme in ("float32", "float16"):
        out = puffer_edge.export(POLICIES / "cartpole_puffer_lstm.pt", tmp_path / scheme,
                                 scheme=scheme)
        sizes[scheme] = puffer_edge.verify(out).measurements["flash_data_bytes"]
    assert 0.5 < sizes["float16"] / sizes["float32"] < 0.53


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_back_ends_run_it(backend: str, tmp_path: Path) -> None:
    puffer_edge.export(zoo.program("gru"), tmp_path / "a", scheme="float16")
    oracle = Interpreter(to_float16(optimize(zoo.program("gru"))))
    with load(tmp_path / "a", backend=backend) as policy:
        for observation in np.random.default_rng(0).standard_normal((20, 5)).astype(np.float32):
            policy.step(observation)
            assert np.array_equal(policy.outputs["logits"].reshape(-1),
                                  oracle.step(observation)["logits"].reshape(-1))


def test_a_weight_that_float16_cannot_hold_is_refused(tmp_path: Path) -> None:
    program = zoo.program("mlp")
    name = next(name for name, array in program.constants.items() if array.ndim == 2)
    large = replace(program, constants={**program.constants,
                                        name: program.constants[name] * np.float32(1e6)})
    with pytest.raises(UnsupportedError, match="larger than float16"):
        puffer_edge.export(large, tmp_path / "a", scheme="float16")
    bench = zoo.Bench((1, 4))
    nothing = bench.program(bench.op(Slice, x=bench.x, starts=(0, 1), counts=(1, 2), steps=(1, 1)))
    with pytest.raises(UnsupportedError, match="no matrix"):
        puffer_edge.export(nothing, tmp_path / "a", scheme="float16")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("options", "words"), [
    ({"layers": {"decoder": "int16"}}, "takes no layers="),
    ({"counts": {"": (1.0, 0.0)}}, "no counts"), ({"target": "micropython"}, "MicroPython")])
def test_what_needs_integers_is_refused(options: dict[str, object], words: str,
                                        tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        puffer_edge.export(zoo.program("mlp"), tmp_path / "a", scheme="float16", **options)
