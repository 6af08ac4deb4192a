# SPDX-License-Identifier: MIT-0
# puffer-edge: no-alloc
# range: bits in [0, 29]
def bit_length(x):
    """Bits of a number that is not negative."""
    bits = 0
    while x:
        x >>= 1
        bits += 1
    return bits
