# SPDX-License-Identifier: MIT-0
from .product_of import product_of, weights_for
from .rounding import ROUND


# range: out_height * out_width in [1, 2**28]
# range: area * rows in [1, 2**28]
# range: at in [0, 2**28]
# range: row in [0, 2**28]
# range: start in [0, 2**28]
# range: first in [0, 2**28]
# range: pixel in [0, 2**28]
# range: place in [0, 2**28]
# range: tap in [0, 2**28]
# range: k in [0, 2**16]
# range: zero_point in [-32768, 32767]
# range: s in [0, 15]
# range: t in [1, 30]
# range: sums[r] in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (sums[r] + ROUND[s] >> s) * multiplier[k] in [-(2**30), 2**30 - 1]
# range: (sums[r] + ROUND[s] >> s) * multiplier[k] + ROUND[t] in [-(2**30), 2**30 - 1]
def conv_integer(blob, x, y, patch, weights, groups, rows, taps, steps, zero_point, low, high,
                 mac=None):
    """Computes y = clamp(requantize(bias + weight * x) + zero_point), pixel by pixel.

    Every group has a matrix with a column for each tap. What a pixel sees lies in x, which has its
    padding already, at the same distances from the first of it; these are in taps. In steps are
    height and width of y, and how far it is in x to the next row, pixel and group.
    """
    parts = []
    for _ in range(groups):
        matrix = weights_for(blob, weights, rows, len(taps), mac)
        parts.append(product_of(matrix, blob.read("i", rows), patch, mac))
    multiplier, shifts = blob.read("h", groups * rows), blob.read("B", 2 * groups * rows)
    operands = (x, y, patch, tuple(parts), rows, multiplier, shifts, taps, steps, zero_point, low,
                high)

    # puffer-edge: no-alloc
    def step():
        (x, y, patch, parts, rows, multiplier, shifts, taps, steps, zero_point, low,
         high) = operands
        out_height, out_width, down, across, deep = steps
        area = out_height * out_width
        k = start = first = 0
        for part in parts:
            sums, product = part
            pixel = first
            row = start
            for _ in range(out_height):
                at = row
                for _ in range(out_width):
                    p = -1
                    for tap in taps:
                        p += 1
                        patch[p] = x[at + tap]
                    product()  # noqa: PE420 the function of product_of above
                    place = pixel
                    for r in range(rows):
                        s = shifts[k + k]
                        t = shifts[k + k + 1]
                        v = ((((sums[r] + ROUND[s]) >> s) * multiplier[k] + ROUND[t]) >> t)
                        v += zero_point
                        if v < low:
                            v = low
                        y[place] = high if v > high else v
                        place += area
                        k += 1
                    k -= rows
                    pixel += 1
                    at += across
                row += down
            k += rows
            first += area * rows
            start += deep

    return step
