# SPDX-License-Identifier: MIT
"""A Cortex-M4 without a float unit as a target, added as ARCHITECTURE.md says: lines by place."""

CONSTANT = '''CORTEX_M4_SOFT = Target(
    name="cortex-m4-soft",
    title="Arm Cortex-M4 without FPU",
    isa="thumb",
    gcc_flags=("-mthumb", "-mcpu=cortex-m4", "-mfloat-abi=soft"),
    zig_target="thumb-freestanding-eabi",
    zig_cpu="cortex_m4-vfp4d16sp",
    unicorn_cpu="UC_CPU_ARM_CORTEX_M4",
    qemu_machine="mps2-an386",
)
'''
FILES: dict[str, str] = {}
LINES = {
    "puffer_edge/targets.py": (
        ("RISCV32 = Target(", CONSTANT),
        ('    "riscv32": RISCV32,', '    "cortex-m4-soft": CORTEX_M4_SOFT,\n'),
        ('    "riscv32": "riscv', '    "cortex-m4-soft": "m4-soft stm32wl",\n')),
    "README.md": (("riscv32, atmega2560", "m4-soft, "),),
}
