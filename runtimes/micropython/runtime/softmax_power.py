# SPDX-License-Identifier: MIT-0
# range: powers[...] in [0, 32767]
# range: part in [0, 32767]
def softmax_power(powers, x):
    """2^15 exp(-x / 4096), 0 from 12 on."""
    if x >= 49152:
        x = 49151
    j = 12 + ((x >> 6) & 63)
    part = powers[j] - (((powers[j] - powers[j + 1]) * (x & 63) + 32) >> 6)
    return (powers[x >> 12] * part + 16384) >> 15
