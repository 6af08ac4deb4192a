"""Boards that MicroPython runs on: a board is one small constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from puffer_edge.choices import choose
from puffer_edge.errors import UsageError

Grade = Literal["bytecode", "unrolled", "viper", "thumb"]
"""How matrices are multiplied: by loops in bytecode, by these with tiny linear layers written out,
compiled by MicroPython, or in Cortex-M assembly."""
NATIVE: tuple[Grade, ...] = ("viper", "thumb")
"""Grades of machine code."""


@dataclass(frozen=True)
class Board:
    """A board, as export and flash know it.

    Attributes:
        name: what the user types.
        title: what is printed.
        arch: ``-march`` of mpy-cross; empty where native code does not run.
        grades: of kernels that its MicroPython runs, the fastest first.
        compiled: takes ``.mpy`` files; else source.
        small: takes the runtime's smallest form.
        core: name of the core for C, a key of ``targets.TARGETS``; empty without a bare-metal
            example.
        flash: origin and length in bytes, for the bare-metal example.
        ram: the same.
        memory: bytes of RAM that the largest chip of this kind has, without any outside of it; 0
            where that is not known.
        qemu: ``-M`` of qemu-system-arm for that example; empty where it has no such board.
        core_hz: clock of the core after a reset.
    """

    name: str
    title: str
    arch: str = ""
    grades: tuple[Grade, ...] = ("unrolled", "bytecode")
    compiled: bool = True
    small: bool = False
    core: str = ""
    flash: tuple[int, int] = (0, 0)
    ram: tuple[int, int] = (0, 0)
    qemu: str = ""
    core_hz: int = 16_000_000
    memory: int = 0

    @property
    def dsp(self) -> bool:
        """Whether its core has SMLAD and its friends."""
        return self.arch.startswith("armv7em")


ANY = Board("any", "any board")
UNIX = Board("unix", "the unix port, or CPython", compiled=False)
PICO = Board("pico", "Raspberry Pi Pico (RP2040)", "armv6m",
             ("thumb", "viper", "unrolled", "bytecode"), memory=264 << 10)
PICO2 = Board("pico2", "Raspberry Pi Pico 2 (RP2350, Arm cores)", "armv7emsp",
              ("thumb", "viper", "unrolled", "bytecode"), memory=520 << 10)
ESP32 = Board("esp32", "ESP32, ESP32-S2 and ESP32-S3", "xtensawin",
              ("viper", "unrolled", "bytecode"), memory=520 << 10)
ESP32_C3 = Board("esp32-c3", "ESP32-C3 and -C6", "rv32imc",
                 ("viper", "unrolled", "bytecode"), memory=512 << 10)
STM32F4 = Board("stm32f4", "STM32F405, as on the Pyboard", "armv7emsp",
                ("thumb", "viper", "unrolled", "bytecode"), core="cortex-m4",
                flash=(0x0800_0000, 1024 << 10), ram=(0x2000_0000, 128 << 10),
                qemu="netduinoplus2", memory=192 << 10)
NRF52 = Board("nrf52", "nRF52840", "armv7emsp", ("thumb", "viper", "unrolled", "bytecode"),
              core="cortex-m4", flash=(0x0000_0000, 1024 << 10), ram=(0x2000_0000, 256 << 10),
              core_hz=64_000_000, memory=256 << 10)
MICROBIT = Board("microbit", "BBC micro:bit V1 (nRF51822), MicroPython 1.9", "armv6m",
                 ("thumb", "bytecode"), compiled=False, small=True, core="cortex-m0",
                 flash=(0x0000_0000, 256 << 10), ram=(0x2000_0000, 16 << 10),
                 qemu="microbit", memory=16 << 10)

BOARDS = {board.name: board for board in (
    ANY, UNIX, PICO, PICO2, ESP32, ESP32_C3, STM32F4, NRF52, MICROBIT)}


ALIASES = {
    alias: name for name, aliases in {
        "pico": "rp2040 rpi-pico raspberry-pi-pico pico-w", "pico2": "rp2350 pico2-w",
        "esp32": "esp32-s2 esp32-s3 esp32s2 esp32s3", "esp32-c3": "esp32c3 esp32-c6 esp32c6",
        "stm32f4": "stm32f405 pyboard", "nrf52": "nrf52840 nano-33-ble nano33ble",
        "microbit": "micro:bit bbc-microbit", "unix": "linux cpython",
    }.items() for alias in aliases.split()}
"""Names that people type, too."""


def find_board(name: str) -> Board:
    """The board of that name, or of an alias; without a name any board.

    Raises:
        UsageError: there is none; the hint has what is near, or those that exist.
    """
    return choose(name or ANY.name, BOARDS, what="board", aliases=ALIASES)


def find_grade(board: Board, name: str) -> Grade:
    """The grade of that name; without a name the board's fastest.

    Raises:
        UsageError: there is none, or the board's MicroPython does not run it.
    """
    for grade in get_args(Grade):
        if grade == name and grade in board.grades:
            return grade  # type: ignore[no-any-return]
    if name:
        raise UsageError(f"{board.title} runs no kernels called {name!r}",
                         hint=f"choose one of {', '.join(board.grades)}"
                         + (", or name a --board" if board is ANY else ""))
    return board.grades[0]
