# SPDX-License-Identifier: MIT
"""``zig cc`` from the ``ziglang`` wheel: clang for every target, installed by pip alone."""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from puffer_edge.cache import cache_folder
from puffer_edge.errors import MissingDependencyError, UsageError
from puffer_edge.targets import Target
from puffer_edge.toolchains.base import Toolchain

DIVISION = Path(__file__).with_name("zig_division.c")


class Zig(Toolchain):
    """Compiles for all targets; run-time library and C library stubs are built on first use."""

    name = "zig"

    def driver(self) -> list[str]:
        """``zig cc`` without any target.

        Raises:
            MissingDependencyError: it is not installed.
        """
        package = importlib.util.find_spec("ziglang")
        if package is None:
            raise MissingDependencyError(
                "the compiler zig is not installed", hint="pip install 'puffer-edge[emulator]'"
            )
        # `python -m ziglang` runs this file; starting Python takes longer than most compilations.
        program = Path(package.origin or "").with_name("zig.exe" if os.name == "nt" else "zig")
        start = [str(program)] if program.is_file() else [sys.executable, "-m", "ziglang"]
        # Zig's default is to trap on undefined behaviour, which is not what a firmware runs.
        return [*start, "cc", "-fno-sanitize=undefined"]

    def command(self, target: Target) -> list[str]:
        """The driver with the target's flags."""
        driver = self.driver()
        if target.isa == "host":
            return [*driver, "-mcpu=baseline"]  # not this very processor, as gcc does
        if not target.zig_target:
            raise UsageError(f"{self.name} does not compile for {target.title}",
                             hint=f"use the toolchain {target.toolchain}")
        return [*driver, "-target", target.zig_target, f"-mcpu={target.zig_cpu}"]

    def version(self, target: Target) -> dict[str, str]:
        """That of the package."""
        self.driver()
        with suppress(metadata.PackageNotFoundError):
            return {self.name: metadata.version("ziglang")}
        return {}

    def runtime(self, target: Target) -> tuple[Path, ...]:
        """A division that rounds as IEEE 754 says, where Zig's library would be called."""
        return () if target.hard_float else (DIVISION,)

    def environment(self) -> dict[str, str]:
        """The caller's, with Zig's caches in the user's cache folder."""
        folder = str(cache_folder() / "zig")
        return {**os.environ, "ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
