# SPDX-License-Identifier: MIT-0
import sys


def machine_code():
    """Whether kernels of machine code run here: in MicroPython that loads such, on 32-bit words."""
    return getattr(sys.implementation, "_mpy", 0) >> 10 & 15 > 0 and sys.maxsize >> 31 == 0
