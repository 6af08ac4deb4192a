# SPDX-License-Identifier: MIT
"""Flash and RAM are the policy's own, and what it must not call is seen in its object."""

import shutil
from pathlib import Path

import pytest

from puffer_edge.targets import TARGETS, find_target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.symbols import find_offences, measure_sizes, why_not
from tests.support.cores import CORTEX, EMULATED

from .conftest import LANDER, Build, edited_lander

GCC = [
    pytest.mark.gcc,
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="needs arm-none-eabi-gcc"),
]
BUILDS = [
    *((core, "zig") for core in EMULATED),
    *(pytest.param(core, "gcc", marks=GCC) for core in CORTEX),
]
STATE_BYTES = 4 * (8 + 4)  # lander_t
START = "  int32_t best = 0;\n"


@pytest.mark.parametrize(("target", "toolchain"), BUILDS)
def test_sizes_and_symbols_of_a_clean_policy(build: Build, target: str, toolchain: str) -> None:
    builder = build(target, toolchain)
    assert find_offences(builder) == ()
    sizes = measure_sizes(builder)
    assert sizes.ram == sizes.zeroed == STATE_BYTES
    # 172 weights; a compiler may put some of them into instructions.
    assert sizes.flash > 4 * 172 and 4 * 100 < sizes.constants < 4 * 172 + 256
    soft_float = not find_target(target).hard_float
    assert (2000 if soft_float else 500) < sizes.code < (6500 if soft_float else 2500)


def test_a_table_of_known_size_is_flash_and_a_variable_is_both(
    build: Build, tmp_path: Path
) -> None:
    plain = measure_sizes(build("cortex-m4"))
    header = edited_lander(
        tmp_path,
        START,
        START + "  static const volatile uint8_t table[1000] = {1};\n"
        "  static volatile int32_t start[25] = {7};\n  best = (int32_t)table[start[0]];\n",
    )
    builder = ImageBuilder(
        header, LANDER, find_target("cortex-m4"), find_toolchain("zig"), tmp_path
    )
    grown = measure_sizes(builder)
    assert grown.constants - plain.constants == 1000
    assert grown.data - plain.data == 100
    assert grown.ram - plain.ram == 100
    assert grown.flash - grown.code - (plain.flash - plain.code) == 1100


@pytest.mark.parametrize(("target", "toolchain"), BUILDS)
def test_heap_double_and_libm_are_found(tmp_path: Path, target: str, toolchain: str) -> None:
    header = edited_lander(
        tmp_path,
        START,
        START + "  float *volatile heap = (float *)malloc(sizeof(float));\n"
        "  volatile float wide = (float)((double)obs->obs[0] * 0.1);\n"
        "  wide = tanhf(wide);\n  log_value(wide);\n  (void)heap;\n",
    )
    source = header.read_text().replace(
        "#include <string.h>\n",
        "#include <string.h>\nvoid *malloc(size_t);\nfloat tanhf(float);\nvoid log_value(float);\n",
    )
    header.write_text(source)
    builder = ImageBuilder(header, LANDER, find_target(target), find_toolchain(toolchain), tmp_path)
    offences = {offence.symbol: offence.reason for offence in find_offences(builder)}
    assert offences.pop("malloc") == "heap"
    assert offences.pop("tanhf") == "mathematical library"
    assert offences.pop("log_value") == "not part of the policy"
    assert offences and set(offences.values()) == {"double precision"}


@pytest.mark.parametrize(
    ("symbols", "reason"),
    [
        ("memcpy memset __aeabi_memclr4 __aeabi_memcpy __aeabi_idiv __gnu_thumb1_case_sqi", ""),
        ("memcpy_P __mulsi3 __mulhisi3 __umulhisi3 __usmulhisi3 __mulshisi3 __muluhisi3 __mulohisi3"
         " __divmodsi4 __udivmodhi4 __udivmodqi4 __tablejump2__ __prologue_saves__ __do_copy_data"
         " __ashldi3 __adddi3_s8", ""),
        ("__aeabi_fadd __mulsf3 __aeabi_cfcmple __aeabi_ui2f __fixsfsi __unordsf2", ""),
        ("__aeabi_dmul __adddf3 __truncdfsf2 __aeabi_f2d __extendsfdf2 __floatsidf __ltdf2"
         " __aeabi_cdcmple __aeabi_d2iz", "double precision"),
        ("malloc free _sbrk _malloc_r _Znwj _ZdlPv realloc calloc", "heap"),
        ("expf tanhf sqrt sqrtf erff log1pf pow fmaf roundf floor exp expm1f log2f",
         "mathematical library"),
        ("printf __stack_chk_fail _impure_ptr __aeabi_memmove", "not part of the policy"),
    ],
)  # fmt: skip
def test_names(symbols: str, reason: str) -> None:
    for symbol in symbols.split():
        assert why_not(symbol, TARGETS["cortex-m0"]) == reason, symbol


def test_soft_float_on_an_fpu_is_an_offence() -> None:
    assert "soft float" in why_not("__aeabi_fadd", TARGETS["cortex-m4"])
