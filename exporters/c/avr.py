# SPDX-License-Identifier: MIT
"""What an AVR can hold: its addresses have 16 bits, those of an object 15."""

from __future__ import annotations

from dataclasses import dataclass

from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.c.context import Context
from puffer_edge.ir import Note
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.targets import TARGETS, Target

NEAR = (64 << 10) - 256
"""Bytes of constants that ``pgm_read_byte`` reaches, as the vectors of interrupts lie first."""
OBJECT = (32 << 10) - 1
"""Bytes of the largest object of avr-gcc, whose ``ptrdiff_t`` has 16 bits."""

HINT = "take a scheme of fewer bits, as --scheme int8, or a smaller policy"


@dataclass(frozen=True)
class Limits:
    """Why a header does not compile for an AVR; empty where it does.

    Attributes:
        always: why it never does.
        with_selftest: why it does not where the self-test is compiled in.
        constants: bytes, without the self-test's.
    """

    always: str
    with_selftest: str
    constants: int = 0


def limits(context: Context, ram: int, selftest: list[int]) -> Limits:
    """What of a policy is too large.

    Args:
        context: has its constants.
        ram: bytes of the policy's struct.
        selftest: bytes of each array of the self-test.
    """
    constants = [array.nbytes for _, array in context.data[context.in_ram:]]
    return Limits(_reason(constants, ram), _reason([*constants, *selftest], ram,
                                                   " with those of its self-test"),
                  sum(constants))


def _reason(constants: list[int], ram: int, whose: str = "") -> str:
    """The first limit that is exceeded, as a sentence about a policy."""
    if max([*constants, ram]) > OBJECT:
        return (f"an object of {max([*constants, ram]):,} bytes, and those of avr-gcc have at most "
                f"{OBJECT:,}")
    if sum(constants) > NEAR:
        return (f"{sum(constants):,} bytes of constants{whose}, and 16-bit addresses of an AVR "
                f"reach {NEAR:,}")
    return ""


def check(target: str, found: Limits, ram: int) -> None:
    """Refuses a policy that the AVR it is exported for cannot hold.

    Args:
        target: what is exported for.
        found: see :func:`limits`.
        ram: bytes of the policy's struct.

    Raises:
        UnsupportedError: it cannot.
    """
    core = TARGETS.get(target)
    if core is None or core.isa != "avr":
        return
    reason = found.always or found.with_selftest or _memory(core, found.constants, ram)
    if reason:
        raise UnsupportedError(f"the policy has {reason}", where=core.title, hint=HINT)


def _memory(core: Target, constants: int, ram: int) -> str:
    if constants >= core.flash_bytes:
        return f"{constants:,} bytes of constants, and the chip {core.flash_bytes:,} of flash"
    return "" if ram < core.ram_bytes else (
        f"{ram:,} bytes of memory, and the chip {core.ram_bytes:,}")


def advice(target: str, scheme: str) -> list[Note]:
    """What is told of floating point where an AVR computes it."""
    core = TARGETS.get(target)
    if core is None or core.isa != "avr" or scheme not in FLOATING:
        return []
    return [Note("warning", f"{core.title} computes {scheme} in software: the same bits, but about "
                            "four times the cycles of int8; give --scheme int8 and --calibrate")]
