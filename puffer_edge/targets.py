"""What a policy can be compiled for: one small constant per target and one line in the dict.

A target says how each tool names the same core. The CPU names and FPU variants follow the vendors'
manuals: the Cortex-M4 has a single-precision FPU (FPv4-SP), the M7 and M33 an FPv5 one, the M0
and M3 none, so there every float operation is a call into the compiler's soft-float library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from puffer_edge.errors import UsageError

Isa = Literal["thumb", "riscv32", "host", "micropython"]


@dataclass(frozen=True)
class Target:
    """One core, as the compilers and emulators know it.

    Attributes:
        name: what the user types.
        title: what a report prints.
        isa: instruction set; ``host`` is the machine that runs Python.
        gcc_flags: machine flags of GCC, and of clang on the host.
        zig_target: ``-target`` of ``zig cc``; empty for the host.
        zig_cpu: ``-mcpu`` of ``zig cc``.
        unicorn_cpu: the constant of ``unicorn.arm_const`` / ``riscv_const``; None: no emulation.
        qemu_machine: ``-M`` of ``qemu-system-arm``; None: not run on QEMU.
        flash_origin: where read-only memory starts (bytes).
        ram_origin: where memory starts (bytes).
        hard_float: single-precision arithmetic is done by instructions.
        dsp: has the SIMD multiply-accumulate instructions (SMLAD and friends).
        pointer_size: bytes.
    """

    name: str
    title: str
    isa: Isa
    gcc_flags: tuple[str, ...] = ()
    zig_target: str = ""
    zig_cpu: str = ""
    unicorn_cpu: str | None = None
    qemu_machine: str | None = None
    flash_origin: int = 0x0000_0000
    ram_origin: int = 0x2000_0000
    hard_float: bool = False
    dsp: bool = False
    pointer_size: int = 4


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
RISCV32 = Target(
    name="riscv32",
    title="RISC-V RV32IMAC",
    isa="riscv32",
    gcc_flags=("--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32"),
    zig_target="riscv32-freestanding-none",
    zig_cpu="generic_rv32+m+a+c",
    unicorn_cpu="UC_CPU_RISCV32_BASE32",
)
HOST = Target(name="host", title="this computer", isa="host", hard_float=True, pointer_size=8)
MICROPYTHON = Target(name="micropython", title="MicroPython", isa="micropython")
"""Any board that runs MicroPython: a target of ``export``, with its own exporter."""
RPI = Target(name="rpi", title="Raspberry Pi", isa="host", hard_float=True)
"""Linux on Arm: a target of ``export``; ``verify`` judges what it brings on this computer."""
ONNX = Target(name="onnx", title="ONNX", isa="host", hard_float=True)
"""A file for onnxruntime and others."""
TFLITE = Target(name="tflite", title="TensorFlow Lite", isa="host", hard_float=True)
"""A file for LiteRT and TensorFlow Lite."""

TARGETS: dict[str, Target] = {
    "cortex-m": CORTEX_M4,  # what "a Cortex-M" means when nothing else is said
    "cortex-m0": CORTEX_M0,
    "cortex-m3": CORTEX_M3,
    "cortex-m4": CORTEX_M4,
    "cortex-m7": CORTEX_M7,
    "cortex-m33": CORTEX_M33,
    "riscv32": RISCV32,
    "host": HOST,
}


def find_target(name: str) -> Target:
    """The target of that name.

    Raises:
        UsageError: there is none; the hint lists those that exist.
    """
    try:
        return TARGETS[name]
    except KeyError:
        raise UsageError(
            f"there is no target {name!r}",
            hint=f"choose one of {', '.join(TARGETS)}, rpi, micropython, onnx, tflite",
        ) from None
