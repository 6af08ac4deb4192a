"""Whether a chip has the flash and the memory that a policy takes."""

from __future__ import annotations

from puffer_edge.targets import Target
from puffer_edge.verification.report import Report
from puffer_edge.verification.symbols import Sizes


def check_memory(core: Target, sizes: Sizes, stack: int | None, report: Report) -> None:
    """Compares with a target that is a chip; the others are cores, whose chips have any size.

    Args:
        core: the target.
        sizes: what the policy adds to a firmware.
        stack: bytes that a step takes beside.
        report: gets the check.
    """
    if core.simavr_mcu is None:
        return
    memory = sizes.ram + (stack or 0)
    report.check(f"flash and memory of the {core.title} suffice",
                 sizes.flash <= core.flash_bytes and memory <= core.ram_bytes,
                 f"flash {sizes.flash:,} of {core.flash_bytes:,} bytes, memory and stack "
                 f"{memory:,} of {core.ram_bytes:,}")
