# SPDX-License-Identifier: MIT
"""A policy behind its shield is stepped by every emulator, with the bits of the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from puffer_edge.passes import optimize
from puffer_edge.verification.shielded import oracle
from tests.shield.cases import steps
from tests.shield.test_c import built, run
from tests.tools import need


@pytest.mark.parametrize(("name", "target", "toolchain"), [
    ("all", "cortex-m4", "gcc"), ("falls back", "cortex-m0", "zig"), ("all", "riscv32", "zig")])
def test_the_bits_of_the_oracle_on_a_core(name: str, target: str, toolchain: str, tmp_path: Path
                                          ) -> None:
    need("arm-none-eabi-gcc")
    program, shield, builder = built(name, tmp_path, target, toolchain)
    fed = steps(80)
    assert run(builder, fed) == oracle(optimize(program), shield, fed)
