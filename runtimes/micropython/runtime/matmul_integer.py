# SPDX-License-Identifier: MIT-0
from array import array

from .rounding import ROUND


# range: zero_point in [-32768, 32767]
# range: s in [0, 15]
# range: t in [1, 30]
# range: columns in [0, 2**28]
# range: start in [0, 2**28]
# range: starts[...] in [0, 2**28]
# range: place in [0, 2**28]
# range: p in [0, 2**28]
# range: q in [0, 2**28]
# range: a[p] * factors[0] in [-(2**30), 2**30 - 1]
# range: a[p] * factors[0] + factors[1] in [-(2**30), 2**30 - 1]
# range: b[q] * factors[3] in [-(2**30), 2**30 - 1]
# range: b[q] * factors[3] + factors[4] in [-(2**30), 2**30 - 1]
# range: u * v in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: total in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (total + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (total + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def matmul_integer(blob, a, b, y, rows, count, columns, zero_point, low, high):
    """Computes the sums of products of rows of a with columns of b, one matrix after the other."""
    factors, output = blob.read("i", 6), blob.read("i", 3)
    # Where in b the matrix begins that every row of a takes.
    starts = array("i", [i // rows * count * columns for i in range(len(a) // count)])
    operands = (a, b, y, starts, count, columns, factors, output, zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        a, b, y, starts, count, columns, factors, output, zero_point, low, high = operands
        m = output[0]
        s = output[1]
        t = output[2]
        start = 0
        place = 0
        for i in range(len(starts)):
            for column in range(columns):
                p = start
                q = starts[i] + column
                total = 0
                for _ in range(count):
                    u = (a[p] * factors[0] + factors[1]) >> factors[2]
                    v = (b[q] * factors[3] + factors[4]) >> factors[5]
                    total += u * v
                    p += 1
                    q += columns
                v = ((((total + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
                if v < low:
                    v = low
                y[place] = high if v > high else v
                place += 1
            start += count

    return step
