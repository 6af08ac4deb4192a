# SPDX-License-Identifier: MIT
"""What is known of a board: plain numbers, each table with the source of what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FloatUnit = Literal["none", "single", "double"]
Grade = Literal["bytecode", "unrolled", "viper", "thumb"]
"""How MicroPython multiplies matrices: by loops in bytecode, by these with tiny linear layers
written out, compiled by MicroPython, or in Cortex-M assembly."""


@dataclass(frozen=True)
class Core:
    """The processor that a policy runs on.

    Attributes:
        name: of the core, as its maker has it: cortex-m4, xtensa-lx6, avr...
        clock: Hz that the usual framework sets.
        float_unit: the widest floating point that instructions compute.
        source: where the numbers are from.
        target: that is exported for it, a key of ``targets.EXPORTED``; empty where there is none.
    """

    name: str
    clock: int
    float_unit: FloatUnit
    source: str
    target: str = ""


@dataclass(frozen=True)
class Memory:
    """Flash or RAM.

    Attributes:
        size: bytes on the board; 0 where it is a card.
        left: bytes of it that the usual framework leaves for a program.
        framework: that, in words.
        source: where the numbers are from.
        origin: address of the bytes that a bare-metal program takes.
        linked: how many these are; all by default.
    """

    size: int
    left: int
    framework: str
    source: str
    origin: int = 0
    linked: int = 0


@dataclass(frozen=True)
class Fetch:
    """How flash is read at that clock.

    Attributes:
        wait_states: cycles that a read of a line waits for.
        line: bytes that one read brings.
        cache: bytes of the cache of instructions, or of both; 0 without one.
        source: where the numbers are from.
        data_cache: bytes of the cache of constants; 0 where ``cache`` has them, too.
        prefetch: the next line is read while one is executed.
        copied: the usual framework runs code from RAM, which does not wait.
    """

    wait_states: int
    line: int
    cache: int
    source: str
    data_cache: int = 0
    prefetch: bool = False
    copied: bool = False


@dataclass(frozen=True)
class MicroPython:
    """What MicroPython runs there.

    Attributes:
        arch: ``-march`` of mpy-cross; empty where native code does not run.
        grades: of kernels, the fastest first.
        compiled: takes ``.mpy`` files; else source.
        small: takes the runtime's smallest form.
    """

    arch: str
    grades: tuple[Grade, ...]
    compiled: bool = True
    small: bool = False


@dataclass(frozen=True)
class BareMetal:
    """What a program without a framework has to know.

    Attributes:
        reset_clock: Hz of the core after a reset, or that set-up.
        systick: the core has its timer.
        setup: what the example sets up and prints with: rp2040, or nothing.
        qemu: ``-M`` of qemu-system-arm; empty where it has no such board.
    """

    reset_clock: int
    qemu: str = ""
    systick: bool = True
    setup: Literal["", "rp2040"] = ""


@dataclass(frozen=True)
class Names:
    """What frameworks call the board; empty where they do not know it.

    Attributes:
        arduino: fully qualified board name.
        platformio: platform/board.
        zephyr: board of ``west build -b``.
        pico_sdk: ``PICO_BOARD``.
        esp_idf: target of ``idf.py set-target``.
    """

    arduino: str = ""
    platformio: str = ""
    zephyr: str = ""
    pico_sdk: str = ""
    esp_idf: str = ""


@dataclass(frozen=True)
class Board:
    """One file of ``firmware/boards``.

    Attributes:
        name: what the user types: the file's name.
        title: what is printed.
        chip: its microcontroller.
        aliases: other names that people type.
        constants_in_ram: the usual framework copies constants into RAM.
    """

    name: str
    title: str
    chip: str
    core: Core
    flash: Memory
    ram: Memory
    aliases: tuple[str, ...] = ()
    constants_in_ram: bool = False
    fetch: Fetch | None = None
    micropython: MicroPython | None = None
    bare_metal: BareMetal | None = None
    names: Names | None = None
