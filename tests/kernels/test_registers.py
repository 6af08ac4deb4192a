# SPDX-License-Identifier: MIT
"""Kernels in assembler take no register that belongs to somebody else."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.kernels.test_files import KERNELS
from tests.tools import need

CORE = ("-mthumb", "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-std=c99")
NAMES = ("puffer_edge_mac4_s8", "puffer_edge_mac4_s16", "puffer_edge_mac4_s8x16",
         "puffer_edge_mac4x2_s8x16", "puffer_edge_mac4_pairs")
FILES = ("gemm_s8", "gemm_s16", "gemm_s8x16", "conv_s8", "conv_s16", "lstm_cell_s8_s8x16",
         "gemm_pairs")


def assembly(*flags: str) -> str:
    need("arm-none-eabi-gcc")
    text = "".join(f'#include "{name}.h"\n' for name in FILES)
    text += "".join(f"void (*kept_{name})(void) = (void (*)(void))puffer_edge_{name};\n"
                    for name in FILES)
    return subprocess.run(
        ["arm-none-eabi-gcc", *CORE, *flags, f"-I{KERNELS}", "-x", "c", "-S", "-o", "-", "-"],
        input=text, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("flags", [
    ("-O2", "-ffixed-r9"), ("-O3", "-fno-omit-frame-pointer", "-ffixed-r9"),
    ("-O2", "-fpic", "-msingle-pic-base"), ("-O0", "-ffixed-r9", "-fno-omit-frame-pointer")])
def test_the_base_of_data_is_left_alone(flags: tuple[str, ...]) -> None:
    """r9 is nowhere, neither in what is saved; the kernels with two products are there."""
    code = re.sub(r"@.*", "", assembly(*flags))
    assert not re.search(r"\b(r9|sb)\b", code)
    assert not re.search(r"\b(r[0-8]|lr)-(r9|r1[0-2]|fp|sl|ip)\b", code)
    assert len(re.findall(r"\bsmlad\b", code)) > 100


def test_a_kernel_saves_what_it_uses() -> None:
    """What the call standard has a function keep, and no other than what it restores."""
    code = assembly("-O2")
    for name in NAMES:
        body = code[code.index(f"\n{name}:"):]
        body = body[: body.index("\t.size")]
        saved = re.search(r"push\s+\{([^}]*)\}", body)
        restored = re.findall(r"pop\s+\{([^}]*)\}", body)
        assert saved is not None and restored, name
        assert "r4-r8, r10, r11" in saved[1].replace("r0-r8", "r4-r8").replace("r2-r8", "r4-r8")
        assert all(line.endswith("r10, r11, pc") for line in restored), name
