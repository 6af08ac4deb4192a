# SPDX-License-Identifier: MIT-0
def clamp16(x):
    """The nearest integer of 16 bits."""
    if x < -32768:
        return -32768
    return 32767 if x > 32767 else x
