# SPDX-License-Identifier: MIT-0
from .bit_length import bit_length
from .clamp16 import clamp16
from .rounding import ROUND


# range: x[...] in [-32768, 32767]
# range: total in [-(2**29) - 2**14, 2**29 + 2**14]
# range: near in [-32800, 32800]
# range: count in [1, 2**14]
# range: zero_point in [-32768, 32767]
# range: bits in [0, 14]
# range: middle in [-65536, 65536]
# range: start in [0, 2**28]
# range: coarse in [0, 12]
# range: squares in [0, 2**30 - 1]
# range: squares << left + left in [2**28, 2**30 - 1]
# range: root in [2**14, 2**15 - 1]
# range: table[...] in [0, 32767]
# range: v in [-(2**14), 2**14]
# range: total + ROUND[first] in [-(2**30), 2**30 - 1]
# range: ((total + ROUND[first]) >> first) * multiplier in [-(2**30), 2**30 - 1]
# range: ((total + ROUND[first]) >> first) * multiplier + ROUND[second] in [-(2**30), 2**30 - 1]
def layer_normalization_integer(blob, x, y, count, zero_point, bits, shift, mean):
    """Computes y = (x - mean) / sqrt(variance + epsilon), row by row.

    Deviations are shifted so that their squares stay in 31 bits; the reciprocal root is a table.
    """
    epsilon, table = blob.read("i", 13), blob.read("h", 193)
    operands = (x, y, count, zero_point, bits, shift, mean, epsilon, table, len(x) // count)

    # puffer-edge: no-alloc
    def step():
        x, y, count, zero_point, bits, shift, mean, epsilon, table, rows = operands
        multiplier, first, second = mean
        start = 0
        for _ in range(rows):
            total = 0
            for i in range(count):
                total += x[start + i] - zero_point
            near = (((total + ROUND[first]) >> first) * multiplier + ROUND[second]) >> second
            total -= count * near
            middle = (((total + ROUND[first]) >> first) * multiplier + ROUND[second]) >> second
            middle += near + zero_point
            seen = 0
            for i in range(count):
                d = x[start + i] - middle
                seen |= d ^ (d >> 30)
            used = bit_length(seen)
            coarse = used - bits if used - bits > shift else shift
            fine = used - 14 if used > 14 else 0
            squares = 0
            for i in range(count):
                d = x[start + i] - middle
                v = (d + ROUND[coarse]) >> coarse
                squares += v * v
            squares += epsilon[coarse]
            if squares == 0:
                squares = 1
            left = (30 - bit_length(squares)) >> 1
            place = (squares << left + left) - 268435456
            j = place >> 22
            root = table[j] - (((table[j] - table[j + 1]) * ((place >> 8) & 16383) + 8192) >> 14)
            last = 14 + coarse - fine - left
            for i in range(count):
                d = x[start + i] - middle
                v = (d + ROUND[fine]) >> fine
                v = (v * root + ROUND[last]) >> last
                y[start + i] = clamp16(v)
            start += count

    return step
