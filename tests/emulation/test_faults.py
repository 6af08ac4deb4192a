# SPDX-License-Identifier: MIT
"""Planted faults: each is found, named, and never takes the caller with it."""

import shutil
from pathlib import Path

import pytest

from puffer_edge.errors import VerificationError
from puffer_edge.targets import find_target
from puffer_edge.toolchains import Gcc, Zig
from puffer_edge.verification.emulators.host_machine import HostMachine
from puffer_edge.verification.emulators.qemu_machine import QemuMachine
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.harness import ImageBuilder

from .conftest import LANDER, Run, edited_lander

OBSERVATION = bytes(32)
START = "  int32_t best = 0;\n"
LOOP = START + "  for (volatile int32_t i = 1; i;) {}\n"
WRITE_FAR = START + "  *(volatile uint32_t *)(uintptr_t)0x50000000u = 1;\n"
WRITE_FLASH = START + "  *(volatile float *)(uintptr_t)lander_w_in = 0.0f;\n"
OVERFLOW = START + (
    "  volatile uint8_t deep[100000];\n  for (size_t i = 0; i < sizeof deep; i++) deep[i] = 1;\n"
)
EMULATED = ["cortex-m0", "cortex-m4", "riscv32"]
QEMU = [
    pytest.mark.gcc,
    pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="needs qemu-system-arm"),
]


def planted(folder: Path, target: str, new: str, old: str = START) -> ImageBuilder:
    header = edited_lander(folder, old, new)
    return ImageBuilder(header, LANDER, find_target(target), Zig(), folder)


@pytest.mark.parametrize("target", EMULATED)
def test_endless_loop_meets_the_instruction_limit(tmp_path: Path, target: str) -> None:
    machine = UnicornMachine(planted(tmp_path, target, LOOP).image, instruction_limit=100_000)
    with pytest.raises(
        VerificationError, match=r"does not end within 100000.*stopped in lander_step"
    ):
        machine.step(OBSERVATION)
    machine.reset()  # another function still runs


@pytest.mark.parametrize("target", EMULATED)
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (WRITE_FAR, "write to 0x50000000 in lander_step"),
        (WRITE_FLASH, "write to 0x.* in lander_step"),
        (OVERFLOW, "below the stack"),
    ],
)
def test_bad_access_is_named(tmp_path: Path, target: str, fault: str, said: str) -> None:
    machine = UnicornMachine(planted(tmp_path, target, fault).image)
    with pytest.raises(VerificationError, match=said):
        machine.step(OBSERVATION)


@pytest.mark.parametrize("target", ["cortex-m4", "host"])
def test_a_wrong_vector_fails_the_selftest(tmp_path: Path, target: str, run_on: Run) -> None:
    builder = planted(tmp_path, target, "0.986920893f", "0.986920834f")  # the next float
    assert run_on(builder).selftest() == 1


def test_host_crash_is_an_error(tmp_path: Path) -> None:
    machine = HostMachine(planted(tmp_path, "host", WRITE_FAR).image)
    with pytest.raises(VerificationError, match="ends its process with code"):
        machine.step(OBSERVATION)


def test_host_loop_is_an_error(tmp_path: Path) -> None:
    machine = HostMachine(planted(tmp_path, "host", LOOP).image, timeout=0.3)
    with pytest.raises(VerificationError, match=r"a call does not end within 0.3 s"):
        machine.step(OBSERVATION)


@pytest.mark.parametrize("target", [pytest.param("cortex-m4", marks=QEMU)])
def test_qemu_fault_and_loop_are_errors(tmp_path: Path, target: str) -> None:
    (tmp_path / "far").mkdir()
    with pytest.raises(VerificationError, match=r"ends with code 99: .*FAULT"):
        QemuMachine(planted(tmp_path / "far", target, WRITE_FAR)).run([OBSERVATION])
    (tmp_path / "loop").mkdir()
    with pytest.raises(VerificationError, match="a step does not end within 1 s"):
        QemuMachine(planted(tmp_path / "loop", target, LOOP), timeout=1).run([OBSERVATION])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (START, START + "  double wide = obs->obs[0];\n", "double-promotion|wide"),
        (START, START + "  best = obs->obs[0];\n", "conversion"),
        ("int32_t action[1]", "int32_t action[2]", "edge_action_size|negative"),
        (START, "  int32_t best = 0\n", "expected"),
    ],
)
@pytest.mark.parametrize(
    "toolchain",
    [
        Zig(),
        pytest.param(
            Gcc(),
            marks=[
                pytest.mark.gcc,
                pytest.mark.skipif(
                    shutil.which("arm-none-eabi-gcc") is None, reason="needs arm-none-eabi-gcc"
                ),
            ],
        ),
    ],
)
def test_compiler_has_the_word(
    tmp_path: Path, toolchain: Zig | Gcc, old: str, new: str, said: str
) -> None:
    header = edited_lander(tmp_path, old, new)
    builder = ImageBuilder(header, LANDER, find_target("cortex-m4"), toolchain, tmp_path)
    with pytest.raises(VerificationError, match=r"does not compile (policy|harness).c") as caught:
        _ = builder.image
    assert caught.match(said)
    assert len(caught.value.hint.splitlines()) <= 12
