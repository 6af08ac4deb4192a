# SPDX-License-Identifier: MIT-0
from array import array

from .bit_length import bit_length
from .rounding import ROUND
from .softmax_power import softmax_power


# range: x[...] in [-32768, 32767]
# range: reciprocals[...] in [2**13, 2**14]
# range: at in [0, 2**28]
# range: total in [0, 2**30 - 1]
# range: (largest - x[at]) * multiplier in [0, 2**30 - 1]
# range: total << left in [2**29, 2**30 - 1]
# range: y[at] * factor in [0, 2**29]
# range: y[at] * factor + ROUND[28 - left] in [0, 2**30 - 1]
def softmax_integer(blob, x, y, outer, size, inner, multiplier, shift):
    """Computes shares of 2^15 of exp(x) along the middle axis; distances count 4096ths."""
    powers, reciprocals = blob.read("h", 77), blob.read("h", 129)
    # Where in its block of [size, inner] a row begins, counted over all blocks.
    starts = array("i", [block * size * inner + column for block in range(outer)
                         for column in range(inner)])
    operands = (x, y, starts, size, inner, multiplier, shift, powers, reciprocals)

    # puffer-edge: no-alloc
    def step():
        x, y, starts, size, inner, multiplier, shift, powers, reciprocals = operands
        for k in range(len(starts)):
            first = starts[k]
            largest = x[first]
            at = first
            for _ in range(size):
                if x[at] > largest:
                    largest = x[at]
                at += inner
            total = 0
            at = first
            for _ in range(size):
                v = softmax_power(powers, (largest - x[at]) * multiplier >> shift)
                y[at] = v
                total += v
                at += inner
            left = 30 - bit_length(total)
            v = (total << left) - 536870912
            j = v >> 22
            v = (reciprocals[j] - reciprocals[j + 1]) * ((v >> 8) & 16383)
            factor = reciprocals[j] - ((v + 8192) >> 14)
            at = first
            for _ in range(size):
                v = (y[at] * factor + ROUND[28 - left]) >> 28 - left
                y[at] = v if v < 32767 else 32767
                at += inner

    return step
