# SPDX-License-Identifier: MIT
"""Targets and compilers by name, and what a user is told when one is missing."""

import importlib.util
import sys
from pathlib import Path

import pytest

from puffer_edge.artefact.interface import Interface
from puffer_edge.cache import cache_folder
from puffer_edge.errors import MissingDependencyError, UsageError, VerificationError
from puffer_edge.targets import ATMEGA2560, CORTEX_M4, HOST, RISCV32, TARGETS, find_target
from puffer_edge.toolchains import Gcc, Zig, find_toolchain
from puffer_edge.verification.harness import ImageBuilder

from .conftest import FOLDER, LANDER


def test_find_target() -> None:
    assert find_target("cortex-m") is find_target("cortex-m4") is CORTEX_M4
    with pytest.raises(UsageError, match="avr") as caught:
        find_target("avr")
    assert all(name in caught.value.hint for name in TARGETS)


def test_find_toolchain() -> None:
    assert [find_toolchain(name).name for name in ("zig", "gcc", "clang")] == [
        "zig",
        "gcc",
        "clang",
    ]
    with pytest.raises(UsageError, match="iar"):
        find_toolchain("iar")


@pytest.mark.parametrize(
    ("target", "package"),
    [
        (CORTEX_M4, "apt install gcc-arm-none-eabi"),
        (ATMEGA2560, "apt install gcc-avr"),
        (HOST, "apt install gcc"),
    ],
)
def test_missing_gcc_names_its_package(
    monkeypatch: pytest.MonkeyPatch, target: object, package: str
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingDependencyError, match=package):
        Gcc().command(target)


def test_missing_zig_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'puffer-edge\[emulator\]'"):
        Zig().command(HOST)


@pytest.mark.parametrize("module", ["unicorn", "elftools.elf.elffile"])
def test_missing_emulator_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str
) -> None:
    from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine

    image = ImageBuilder(FOLDER / "lander.h", LANDER, CORTEX_M4, Zig(), tmp_path).image
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'puffer-edge\[emulator\]'"):
        UnicornMachine(image)


def test_a_compiler_refuses_a_core_that_it_does_not_know() -> None:
    with pytest.raises(UsageError, match="RISC-V"):
        find_toolchain("clang").command(RISCV32)
    with pytest.raises(UsageError, match=r"AVR[^\n]*\n.*toolchain gcc"):
        Zig().command(ATMEGA2560)


def test_zig_writes_into_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache_folder.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    try:
        assert Zig().environment()["ZIG_GLOBAL_CACHE_DIR"] == str(tmp_path / "puffer-edge" / "zig")
    finally:
        cache_folder.cache_clear()


def test_a_policy_too_big_for_the_flash_is_refused(tmp_path: Path) -> None:
    header = FOLDER / "lander.h"
    builder = ImageBuilder(header, LANDER, CORTEX_M4, Zig(), tmp_path, flash_bytes=1024)
    with pytest.raises(VerificationError, match=r"does not link policy.elf") as caught:
        _ = builder.image
    assert caught.match(r"FLASH.*overflowed")


def test_missing_header(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such header"):
        ImageBuilder(tmp_path / "policy.h", LANDER, CORTEX_M4, Zig(), tmp_path)


@pytest.mark.parametrize(
    "fields",
    [
        ("a; b", 8, 4, (("logits", 4),)),
        ("lander", 8, 4, (("logits(0)", 4),)),
        ("lander", 0, 4, (("logits", 4),)),
        ("lander", 8, 4, (("logits", -1),)),
        ("", 8, 4, ()),
    ],
)
def test_a_spec_that_is_no_c_is_refused(fields: tuple) -> None:
    with pytest.raises(UsageError):
        Interface(*fields)
