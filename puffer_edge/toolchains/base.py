# SPDX-License-Identifier: MIT
"""What every compiler driver shares: the flags, and how it is called."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from puffer_edge import processes
from puffer_edge.errors import VerificationError
from puffer_edge.targets import HOST, Target

Language = Literal["c", "c++"]

INCLUDE = Path(__file__).parent / "include"
"""What a core without a C library has of it."""

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Werror")
# Contraction to fused multiply-add would round once where numpy rounds twice.
NUMERICS = ("-ffp-contract=off",)
# One section per function and constant lets the linker drop what a policy does not use; unwind
# tables would be counted as its flash and are never read.
SECTIONS = (
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
)
STANDARDS: dict[Language, tuple[str, ...]] = {
    "c": ("-x", "c", "-std=c99"),
    "c++": ("-x", "c++", "-std=c++17", "-fno-exceptions", "-fno-rtti"),
}
HOSTED = frozenset(("host", "avr"))
"""Instruction sets whose C library is taken, avr-libc and that of this computer."""
TIMEOUT = 300.0  # seconds; a first build for a core includes its compiler's run-time library
SHOWN_LINES = 12


class Toolchain(ABC):
    """A C and C++ compiler with its linker.

    Attributes:
        name: what the user types and a report prints.
    """

    name: str
    extra: tuple[str, ...] = ()
    """Flags that change no code."""

    @abstractmethod
    def command(self, target: Target) -> list[str]:
        """The compiler driver and its machine flags for ``target``.

        Raises:
            MissingDependencyError: it is not installed.
            UsageError: it does not know the target.
        """

    @abstractmethod
    def version(self, target: Target) -> dict[str, str]:
        """Its version by its name; empty where it does not tell.

        Raises:
            MissingDependencyError: it is not installed.
            UsageError: it does not know the target.
        """

    def runtime(self, target: Target) -> tuple[Path, ...]:
        """C sources to link with every image, where the compiler's own library is not right."""
        return ()

    def environment(self) -> dict[str, str]:
        """The environment of the compiler."""
        return dict(os.environ)

    def compile(
        self,
        source: Path,
        target: Target,
        output: Path,
        *,
        optimize: str = "-O2",
        defines: Mapping[str, str] | None = None,
        include_dirs: Sequence[Path] = (),
        language: Language = "c",
    ) -> Path:
        """Compiles one file to the object ``output`` and returns it; every warning is an error.

        Raises:
            MissingDependencyError: the compiler is not installed.
            VerificationError: the compiler rejects the file; the hint has its first lines.
        """
        library = () if target.isa in HOSTED else ("-ffreestanding",)
        flags = [*STANDARDS[language], *WARNINGS, *NUMERICS, *SECTIONS, *self.extra, *library]
        flags += [optimize]
        flags += [f"-D{name}={value}" for name, value in (defines or {}).items()]
        for directory in include_dirs:
            flags += ["-I", str(directory)]
        command = [*self.command(target), *flags, "-c", str(source), "-o", str(output)]
        return self.run(command, output, f"{self.name} does not compile {source.name}")

    def link(
        self,
        objects: Sequence[Path],
        target: Target,
        output: Path,
        *,
        script: Path | None = None,
        flags: Sequence[str] = (),
    ) -> Path:
        """Links an ELF image with ``script``, or with ``flags``: for the host, a program.

        Raises:
            MissingDependencyError: the compiler is not installed.
            VerificationError: something is undefined or does not fit; the hint has the first lines.
        """
        if script is not None:
            flags = [*flags, "-nostartfiles", "-static", "-Wl,--gc-sections", "-T", str(script)]
        command = [*self.command(target), *flags, *map(str, objects), "-o", str(output)]
        return self.run(command, output, f"{self.name} does not link {output.name}")

    def library(self, source: Path, output: Path) -> Path:
        """Compiles one C file to a shared library for this computer.

        Raises:
            MissingDependencyError: the compiler is not installed.
            VerificationError: the compiler rejects the file.
        """
        flags = [*STANDARDS["c"], *WARNINGS, "-O2", "-fPIC", "-shared"]
        command = [*self.command(HOST), *flags, str(source), "-o", str(output)]
        return self.run(command, output, f"{self.name} does not compile {source.name}")

    def run(self, command: list[str], output: Path, failure: str) -> Path:
        """Runs a command that makes ``output``.

        Raises:
            VerificationError: it fails, with ``failure`` as message and what it says as hint.
            ToolError: it does not end in time.
        """
        done = processes.run(
            command, seconds=TIMEOUT, what=f"{self.name} for {output.name}",
            env=self.environment())
        if done.returncode or not output.exists():
            said = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
            raise VerificationError(failure, hint="\n".join(said[:SHOWN_LINES]))
        return output
