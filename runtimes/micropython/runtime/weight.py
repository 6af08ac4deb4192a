# SPDX-License-Identifier: MIT-0
# range: table[...] in [0, 32767]
def weight(table, x):
    """2^15 exp(-x / 1024), 0 from 12 on."""
    if x >= 12288:
        return 0
    i = x >> 6
    start = table[i]
    return start - (((start - table[i + 1]) * (x & 63) + 32) >> 6)
