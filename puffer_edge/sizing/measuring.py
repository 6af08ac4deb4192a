# SPDX-License-Identifier: MIT
"""What a policy takes on a core: built and run as ``verify`` does, without judging it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from puffer_edge.artefact.opening import Subject
from puffer_edge.boards import Board
from puffer_edge.errors import MissingDependencyError, VerificationError
from puffer_edge.targets import Target
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.estimating import Estimate, estimates
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.stack_bound import stack_bound
from puffer_edge.verification.symbols import measure_sizes

FLASH = 64 << 20
"""Bytes of the image's flash: more than any policy needs here."""
STEPS = 2
CODE = 4096
"""Bytes of code that a policy takes which is too large to be built."""


@dataclass(frozen=True)
class Cost:
    """What one scheme takes on one core.

    Attributes:
        flash: bytes, code and constants.
        constants: bytes of weights and tables among them.
        ram: bytes, static.
        stack: bytes, at most where there is a bound; None where it was not run.
        instructions: of a step; None where it was not run, or cycles are known.
        cycles: of a step, the least and the most; None where they were not counted.
        estimates: of boards by name, where there is a model of the core.
    """

    flash: int
    constants: int
    ram: int
    stack: int | None = None
    instructions: int | None = None
    cycles: tuple[int, int] | None = None
    estimates: Mapping[str, Estimate] = field(default_factory=dict)


def measure(subject: Subject, header: bytes, core: Target, folder: Path, boards: Sequence[Board]
            ) -> Cost:
    """Builds a policy for a core, and runs some steps of it on the emulated one.

    Args:
        subject: the artefact.
        header: its ``policy.h``.
        core: an emulated target.
        folder: empty; for what is built.
        boards: that have the core.

    Raises:
        MissingDependencyError: the compiler or the emulator is not installed.
        VerificationError: the policy does not compile, or faults.
    """
    (folder / "policy.h").write_bytes(header)
    builder = ImageBuilder(header=folder / "policy.h", spec=subject.spec, target=core,
                           toolchain=find_toolchain(core.toolchain), directory=folder,
                           flash_bytes=FLASH if core.unicorn_cpu else 0)
    sizes = measure_sizes(builder)
    ram = sizes.ram + robot_bytes(subject.manifest)
    seen = [row.tobytes() for row in subject.vectors.observations[:STEPS]]
    told: dict[str, Estimate] = {}
    if core.unicorn_cpu:
        machine = UnicornMachine(builder.policy_only)  # the self-test is not built
        steps, stack = machine.run(seen), machine.stack_used()
        told = estimates(machine, seen[0], core, boards)
    else:
        try:
            with open_machine(builder, core.emulators[0]) as chip:
                steps, stack = chip.run(seen), chip.stack_used() or 0
        except VerificationError:  # the chip does not hold what runs a policy beside it
            return Cost(sizes.flash, sizes.constants + sizes.data, ram)
    counted = [step.instructions for step in steps if step.instructions is not None]
    cycles = [step.cycles for step in steps if step.cycles is not None]
    return Cost(sizes.flash, sizes.constants + sizes.data, ram, _deepest(builder, stack),
                max(counted, default=None), (min(cycles), max(cycles)) if cycles else None, told)


def _deepest(builder: ImageBuilder, measured: int) -> int:
    """What some steps took, or the bound of any, where a disassembler is installed."""
    with suppress(MissingDependencyError):
        return max(measured, stack_bound(builder).size or 0)
    return measured


def from_manifest(manifest: Mapping[str, Mapping[str, int]]) -> Cost:
    """What is known without building: where the core is none of ours, or nothing would hold it."""
    memory = manifest["memory"]
    constants = int(memory["weights_bytes"])
    return Cost(constants + CODE, constants, int(memory["struct_bytes"]) + robot_bytes(manifest))


def robot_bytes(manifest: Mapping[str, Mapping[str, int]]) -> int:
    """What the structs of a robot's contract take, which are not built here."""
    return int(manifest["memory"].get("robot_bytes", 0))
