# SPDX-License-Identifier: MIT
"""Faster kernels do not cost who asks for small ones: -Os, at most a tenth above November 2026."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.nets import NETS
from puffer_edge.artefact.opening import read_subject
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.float16 import to_float16
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import FLOATING, find_scheme
from puffer_edge.targets import find_target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.symbols import measure_sizes
from tests.support.exporting import write_artefact
from tests.tools import need

BYTES = {"P1": {"float32": 956, "float16": 1676, "int8": 2052, "int8x16": 1536, "int16": 1312},
         "P3": {"float32": 1744, "float16": 2152, "int8": 2696, "int8x16": 2252, "int16": 2032}}
"""Code of a Cortex-M4 by GCC 12 at -Os before the kernels of that month, commit b28bfa5."""
QUICK = {("P1", "int8"), ("P3", "int16")}


def in_scheme(program: Program, scheme: str) -> Program:
    prepared = optimize(program, fuse=scheme in FLOATING)
    if scheme in FLOATING:
        return to_float16(prepared) if scheme == "float16" else prepared
    observations = np.random.default_rng(1).standard_normal(
        (64, program.contract.observation_size)).astype(np.float32)
    return quantize(prepared, calibrate(prepared, observations, np.arange(64) == 0),
                    find_scheme(scheme))


@pytest.mark.parametrize(("net", "scheme"), [
    pytest.param(net, scheme, marks=() if (net, scheme) in QUICK else pytest.mark.exhaustive)
    for net, sizes in BYTES.items() for scheme in sizes])
def test_small_code_stays_small(net: str, scheme: str, tmp_path: Path) -> None:
    need("arm-none-eabi-gcc")
    program = in_scheme(NETS[net](), scheme)
    write_artefact(program, tmp_path / "a", target="cortex-m4", scheme=scheme)
    subject = read_subject(tmp_path / "a")
    (tmp_path / "work").mkdir()
    code = measure_sizes(ImageBuilder(
        tmp_path / "a" / "policy.h", subject.spec, find_target("cortex-m4"), find_toolchain("gcc"),
        tmp_path / "work", optimize="-Os")).code
    assert 0 < code <= 1.1 * BYTES[net][scheme]
