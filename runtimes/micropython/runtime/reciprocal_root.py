# SPDX-License-Identifier: MIT-0
# range: squares << left + left in [2**28, 2**30 - 1]
# range: table[...] in [0, 32767]
def reciprocal_root(table, squares, left):
    """2^29 / sqrt(squares << 2 left), which lies between 2^28 and 2^30, by straight lines."""
    place = (squares << left + left) - 268435456
    j = place >> 22
    return table[j] - (((table[j] - table[j + 1]) * ((place >> 8) & 16383) + 8192) >> 14)
