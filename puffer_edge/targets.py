# SPDX-License-Identifier: MIT
"""What a policy can be compiled for: one small constant per target and one line in the dict.

A target says how each tool names the same core. The CPU names and FPU variants follow the vendors'
manuals: the Cortex-M4 has a single-precision FPU (FPv4-SP), the M7 and M33 an FPv5 one, the M0
and M3 none, so there every float operation is a call into the compiler's soft-float library.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from puffer_edge import boards
from puffer_edge.choices import choose

Isa = Literal["thumb", "riscv32", "avr", "host", "wasm"]


@dataclass(frozen=True)
class Platform:
    """What export writes for.

    Attributes:
        name: what the user types.
        title: what a report prints.
    """

    name: str
    title: str


@dataclass(frozen=True)
class Target(Platform):
    """One core that we compile for, as the compilers and emulators know it.

    Attributes:
        isa: instruction set; ``host`` is the machine that runs Python.
        gcc_flags: machine flags of GCC, and of clang on the host.
        zig_target: ``-target`` of ``zig cc``; empty for the host.
        zig_cpu: ``-mcpu`` of ``zig cc``.
        unicorn_cpu: the constant of ``unicorn.arm_const`` / ``riscv_const``; None: no emulation.
        qemu_machine: ``-M`` of ``qemu-system-arm``; None: not run on QEMU.
        simavr_mcu: ``-m`` of ``simavr``; None: no AVR.
        flash_origin, flash_bytes: where read-only memory starts, and how much of it there is.
        ram_origin, ram_bytes: the same of memory, of which ``verify`` keeps the upper half for
            what it runs a policy with. Sizes are those of QEMU's boards; an AVR is a chip, and
            has its own.
        vectors_origin: where the core starts, if that is no flash.
        helium: has vectors of 128 bits, for which kernels of their own are exported.
        hard_float: single-precision arithmetic is done by instructions.
        dsp: two products of 16 bits are one instruction.
    """

    isa: Isa
    gcc_flags: tuple[str, ...] = ()
    zig_target: str = ""
    zig_cpu: str = ""
    unicorn_cpu: str | None = None
    qemu_machine: str | None = None
    simavr_mcu: str | None = None
    flash_origin: int = 0x0000_0000
    flash_bytes: int = 4 << 20
    ram_origin: int = 0x2000_0000
    ram_bytes: int = 4 << 20
    vectors_origin: int | None = None
    helium: bool = False
    hard_float: bool = False
    dsp: bool = False

    @property
    def emulators(self) -> tuple[str, ...]:
        """What can run it for ``verify``, by default the first; nothing for this computer."""
        return tuple(name for name, known in (
            ("unicorn", self.unicorn_cpu), ("qemu", self.qemu_machine),
            ("simavr", self.simavr_mcu)) if known)

    @property
    def toolchain(self) -> str:
        """What ``verify`` builds it with by default: zig, which pip installs, where it can."""
        return "zig" if self.zig_target or self.isa == "host" else "gcc"


CORTEX_M0 = Target(
    name="cortex-m0",
    title="Arm Cortex-M0",
    isa="thumb",
    gcc_flags=("-mthumb", "-mcpu=cortex-m0", "-mfloat-abi=soft"),
    zig_target="thumb-freestanding-eabi",
    zig_cpu="cortex_m0",
    unicorn_cpu="UC_CPU_ARM_CORTEX_M0",
    # QEMU's own M0 board (microbit) has 16 KB of RAM; the M3 executes the same instructions.
    qemu_machine="mps2-an385",
)
CORTEX_M3 = Target(
    name="cortex-m3",
    title="Arm Cortex-M3",
    isa="thumb",
    gcc_flags=("-mthumb", "-mcpu=cortex-m3", "-mfloat-abi=soft"),
    zig_target="thumb-freestanding-eabi",
    zig_cpu="cortex_m3",
    unicorn_cpu="UC_CPU_ARM_CORTEX_M3",
    qemu_machine="mps2-an385",
)
CORTEX_M4 = Target(
    name="cortex-m4",
    title="Arm Cortex-M4 with FPU",
    isa="thumb",
    gcc_flags=("-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    zig_target="thumb-freestanding-eabihf",
    zig_cpu="cortex_m4+vfp4d16sp",
    unicorn_cpu="UC_CPU_ARM_CORTEX_M4",
    qemu_machine="mps2-an386",
    hard_float=True,
    dsp=True,
)
CORTEX_M7 = Target(
    name="cortex-m7",
    title="Arm Cortex-M7 with FPU",
    isa="thumb",
    gcc_flags=("-mthumb", "-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
    zig_target="thumb-freestanding-eabihf",
    zig_cpu="cortex_m7+fp_armv8d16sp",
    unicorn_cpu="UC_CPU_ARM_CORTEX_M7",
    qemu_machine="mps2-an500",
    hard_float=True,
    dsp=True,
)
CORTEX_M33 = Target(
    name="cortex-m33",
    title="Arm Cortex-M33 with FPU",
    isa="thumb",
    gcc_flags=("-mthumb", "-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
    zig_target="thumb-freestanding-eabihf",
    zig_cpu="cortex_m33+fp_armv8d16sp+dsp",
    unicorn_cpu="UC_CPU_ARM_CORTEX_M33",
    qemu_machine="mps2-an505",
    # The board starts in the secure world, which sees its memories at these aliases.
    flash_origin=0x1000_0000,
    ram_origin=0x3800_0000,
    hard_float=True,
    dsp=True,
)
CORTEX_M55 = Target(
    name="cortex-m55",
    title="Arm Cortex-M55 with Helium",
    isa="thumb",
    # Single precision, so that double precision, which nothing here needs, is seen as calls.
    gcc_flags=("-mthumb", "-mcpu=cortex-m55", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
    zig_target="thumb-freestanding-eabihf",
    zig_cpu="cortex_m55+mve_fp+fp_armv8d16sp",
    qemu_machine="mps3-an547",
    # The board starts in its instruction memory, which is small; all else lies in DDR memory and in
    # its internal SRAM, by their secure aliases.
    vectors_origin=0,
    flash_origin=0x7000_0000,
    flash_bytes=64 << 20,
    ram_origin=0x3100_0000,
    helium=True,
    hard_float=True,
)
RISCV32 = Target(
    name="riscv32",
    title="RISC-V RV32IMAC",
    isa="riscv32",
    gcc_flags=("--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32"),
    zig_target="riscv32-freestanding-none",
    zig_cpu="generic_rv32+m+a+c",
    unicorn_cpu="UC_CPU_RISCV32_BASE32",
)
ATMEGA2560 = Target(
    name="atmega2560",
    title="AVR ATmega2560",
    isa="avr",
    gcc_flags=("-mmcu=atmega2560",),
    simavr_mcu="atmega2560",
    flash_bytes=256 << 10,
    ram_origin=0x200,
    ram_bytes=8 << 10,
)
ATMEGA328P = Target(
    name="atmega328p",
    title="AVR ATmega328P",
    isa="avr",
    gcc_flags=("-mmcu=atmega328p",),
    simavr_mcu="atmega328p",
    flash_bytes=32 << 10,
    ram_origin=0x100,
    ram_bytes=2 << 10,
)
HOST = Target(name="host", title="this computer", isa="host", hard_float=True)
MICROPYTHON = Platform("micropython", "MicroPython")
"""Any board that runs MicroPython: a target of ``export``, with its own exporter."""
RPI = Target(name="rpi", title="Raspberry Pi", isa="host", hard_float=True)
"""Linux on Arm: a target of ``export``; ``verify`` judges what it brings on this computer."""
ONNX = Platform("onnx", "ONNX")
"""A file for onnxruntime and others."""
TFLITE = Platform("tflite", "TensorFlow Lite")
"""A file for LiteRT and TensorFlow Lite."""

TARGETS: dict[str, Target] = {
    "cortex-m": CORTEX_M4,  # what "a Cortex-M" means when nothing else is said
    "cortex-m0": CORTEX_M0,
    "cortex-m3": CORTEX_M3,
    "cortex-m4": CORTEX_M4,
    "cortex-m7": CORTEX_M7,
    "cortex-m33": CORTEX_M33,
    "cortex-m55": CORTEX_M55,
    "riscv32": RISCV32,
    "atmega2560": ATMEGA2560,
    "atmega328p": ATMEGA328P,
    "host": HOST,
}


EXPORTED: dict[str, Platform] = {
    **TARGETS, **{each.name: each for each in (RPI, MICROPYTHON, ONNX, TFLITE)}}
"""What ``export`` writes for."""

_CORES = {
    "cortex-m0": "m0 m0+ cortex-m0+ cortex-m0plus rp2040 samd21 stm32f0 stm32g0 stm32l0",
    "cortex-m3": "m3 stm32f1 stm32f2 bluepill",
    "cortex-m4": "m4 m4f cortex-m4f stm32f3 stm32f4 stm32g4 stm32l4 nrf52 nrf52832 nrf52840 "
                 "samd51 teensy3",
    "cortex-m7": "m7 cortex-m7f stm32f7 stm32h7 teensy4 teensy40 teensy4.0 imxrt1062",
    "cortex-m33": "m33 cortex-m33f rp2350 stm32l5 stm32u5 stm32h5 nrf53 nrf5340 nrf9160",
    "cortex-m55": "m55 m85 cortex-m85 corstone-300 corstone-310 corstone300 corstone310 ra8 ra8m1 "
                  "ra8d1 ethos-u55 alif ensemble stm32n6 apollo510",
    "riscv32": "riscv rv32 rv32imac rv32imc esp32-c2 esp32-c3 esp32-c6 esp32-h2 esp32c2 esp32c3 "
               "esp32c6 esp32h2 ch32v307 gd32vf103",
    "atmega2560": "mega mega2560 arduino-mega megaatmega2560 atmega2561",
    "atmega328p": "atmega328 mega328p",
    "host": "native pc linux x86 x86-64",
    "rpi": "rpi2 rpi3 rpi4 rpi5 raspberry raspberrypi raspberry-pi raspi",
    "micropython": "mpy upython",
    "onnx": "onnxruntime",
    "tflite": "litert tf-lite tensorflow-lite",
}
ALIASES = {alias: name for name, aliases in _CORES.items() for alias in aliases.split()}
"""Names that people type: of cores and chips. Those of boards are in their files."""

_C_ANYWHERE = ("its core is not emulated here; the header of any target compiles for it, for "
               "example --target riscv32, and the self-test proves it there")
_ADVICE = {
    "arduino": "an Arduino has one of several cores: uno-r4, nano-33-ble and giga are cortex-m4, "
               "due is cortex-m3, zero and mkr are cortex-m0, mega is atmega2560",
    "stm32": "name its series, as in stm32f4", "esp": "name the chip, as in esp32-c3",
    "esp32": f"{_C_ANYWHERE}; or --target micropython --board esp32",
    **dict.fromkeys(("esp32-s2", "esp32-s3", "esp32s2", "esp32s3", "esp8266", "xtensa"),
                    _C_ANYWHERE)}


@cache
def _also() -> dict[str, str]:
    """Targets by all their other names, those of the boards that have such a core included."""
    named = {board.name: board.core.target for board in boards.boards().values()}
    named |= {alias: named[board] for alias, board in boards.aliases().items()}
    return {name: core for name, core in named.items() if core} | ALIASES


def find_target(name: str) -> Target:
    """The target with a core of that name, or of an alias, or of a board.

    Raises:
        UsageError: there is none; the hint has what is near, or those that exist.
    """
    return choose(name, TARGETS, what="target", advice=_ADVICE,
                  aliases={alias: core for alias, core in _also().items() if core in TARGETS})


def find_exported(name: str) -> Platform:
    """What ``export`` writes for; see :func:`find_target`."""
    return choose(name, EXPORTED, what="target", advice=_ADVICE, aliases=_also())
