# SPDX-License-Identifier: MIT-0
from .bit_length import bit_length
from .clamp16 import clamp16
from .reciprocal_root import reciprocal_root
from .rounding import ROUND


# range: x[...] in [-32768, 32767]
# range: count in [1, 2**14]
# range: zero_point in [-32768, 32767]
# range: bits in [0, 14]
# range: start in [0, 2**28]
# range: coarse in [0, 12]
# range: squares in [0, 2**30 - 1]
# range: v in [-(2**14), 2**14]
# range: root in [2**14, 2**15 - 1]
def l2_normalization_integer(blob, x, y, count, zero_point, bits, shift):
    """Computes y = x / max(floor, sqrt(sum of squares + added)), row by row, 1 as 2^15.

    Numbers are shifted so that their squares stay in 31 bits; the reciprocal root is a table.
    """
    added, floor, table = blob.read("i", 13), blob.read("i", 13), blob.read("h", 193)
    operands = (x, y, count, zero_point, bits, shift, added, floor, table, len(x) // count)

    # puffer-edge: no-alloc
    def step():
        x, y, count, zero_point, bits, shift, added, floor, table, rows = operands
        start = 0
        for _ in range(rows):
            seen = 0
            for i in range(count):
                d = x[start + i] - zero_point
                seen |= d ^ (d >> 30)
            used = bit_length(seen)
            coarse = used - bits if used - bits > shift else shift
            fine = used - 14 if used > 14 else 0
            squares = 0
            for i in range(count):
                d = x[start + i] - zero_point
                v = (d + ROUND[coarse]) >> coarse
                squares += v * v
            squares += added[coarse]
            if squares < floor[coarse]:
                squares = floor[coarse]
            left = (30 - bit_length(squares)) >> 1
            root = reciprocal_root(table, squares, left)
            last = 14 + coarse - fine - left
            for i in range(count):
                d = x[start + i] - zero_point
                v = (d + ROUND[fine]) >> fine
                v = (v * root + ROUND[last]) >> last
                y[start + i] = clamp16(v)
            start += count

    return step
