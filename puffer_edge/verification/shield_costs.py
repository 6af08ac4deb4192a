# SPDX-License-Identifier: MIT
"""What a shield costs: cycles of its own functions, and bytes that it adds to the policy's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from puffer_edge.timing import CORES, Clock, Listener
from puffer_edge.verification.elf import read_elf
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.harness import ImageBuilder


class _Only:
    """Tells a clock of blocks in a shield's functions alone."""

    def __init__(self, clock: Listener, builder: ImageBuilder, prefix: str) -> None:
        self._clock, self._elf, self._prefix = clock, read_elf(builder.image.path), prefix
        self._inside = False

    def block(self, address: int, size: int) -> None:
        self._inside = self._elf.function_at(address).startswith(self._prefix)
        if self._inside:
            self._clock.block(address, size)

    def read(self, address: int, size: int) -> None:
        if self._inside:
            self._clock.read(address, size)


def cycles(machine: UnicornMachine, builder: ImageBuilder, name: str, records: Sequence[bytes]
           ) -> int | None:
    """Most of a step's cycles in the shield's own functions, without waits; None without a table.

    Args:
        machine: the policy behind its shield.
        builder: what it was built by.
        name: of the policy in C.
        records: steps, with faults and without.
    """
    if builder.target.name not in CORES:
        return None
    clock = Clock(CORES[builder.target.name], machine.code)
    only, most = _Only(clock, builder, f"{name}_shield_"), 0
    machine.reset()
    for record in records:
        before = clock.cycles
        machine.timed_step(record, only)
        most = max(most, clock.cycles - before)
    return most


def flash(builder: ImageBuilder, name: str) -> int:
    """Bytes of the shield's functions and tables, which all have its prefix."""
    from elftools.elf.elffile import ELFFile

    with builder.image.path.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return sum(symbol["st_size"] for symbol in table.iter_symbols()
                   if symbol.name.startswith(f"{name}_shield_")
                   and symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT"))


def ram(builder: ImageBuilder, plain: ImageBuilder) -> int:
    """Bytes of the shield's struct."""
    sizes = [sum(section.size for section in read_elf(each.compiled("harness")).sections
                 if section.name.endswith(".edge_policy")) for each in (builder, plain)]
    return sizes[0] - sizes[1]


def measured(machine: Any, builder: ImageBuilder, plain: ImageBuilder, name: str,
             records: Sequence[bytes]) -> dict[str, int | float | None]:
    """All of it, as measurements of a report."""
    found: dict[str, int | float | None] = {
        "shield_flash_bytes": flash(builder, name), "shield_ram_bytes": ram(builder, plain)}
    if isinstance(machine, UnicornMachine):
        found["shield_cycles_most"] = cycles(machine, builder, name, records)
    return {key: value for key, value in found.items() if value is not None}
