# SPDX-License-Identifier: MIT
"""Calls a function of a flash image on rp2040py: IMAGE FUNCTION SP ARGUMENTS...

Prints the cycles that rp2040py counts, and the address of every instruction. Runs in .venv-boards,
without our own packages. Memory holds zeros, as it does after a start without initial values.
"""

import sys

from rp2040py import RP2040

BACK = 0x1000_0000  # where nothing is that a function would call


def main(image: str, function: int, stack: int, *arguments: int) -> None:
    chip = RP2040()
    with open(image, "rb") as file:
        content = file.read()
    chip.flash[: len(content)] = content
    core = chip.core
    for register, value in enumerate(arguments):
        core.registers[register] = value
    core.registers[13], core.registers[14], core.registers[15] = stack, BACK | 1, function & ~1
    addresses, start = [], core.cycles
    while core.registers[15] != BACK:
        addresses.append(core.registers[15])
        core.execute_instruction()
    print(core.cycles - start, *addresses)


if __name__ == "__main__":
    main(sys.argv[1], *(int(each) for each in sys.argv[2:]))
