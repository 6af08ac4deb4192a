# SPDX-License-Identifier: MIT-0
from .clamp16 import clamp16
from .product_of import product_of, weights_for
from .requantize import requantize
from .rounding import ROUND
from .sigmoid import sigmoid


# range: h[...] in [-32767, 32767]
# range: bits in [0, 14]
# range: zero_point in [-32768, 32767]
# range: t in [1, 30]
# range: x[j] * factor[0] in [-(2**30), 2**30 - 1]
# range: x[j] * factor[0] + factor[1] in [-(2**30), 2**30 - 1]
# range: g * v + (32768 - g) * h[j] in [-(2**30) + 2**14, 2**30 - 1 - 2**14]
# range: g * v + (32768 - g) * a in [-(2**30) + 2**14, 2**30 - 1 - 2**14]
# range: (v + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (v + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def min_gru_cell_integer(blob, x, h, y, y_h, weights, bits, zero_point, low, high, mac=None):
    """One step of a MinGRU with its highway; rows a, g, p."""
    size = len(h)
    matrix = weights_for(blob, weights, 3 * size, size, mac)
    bias = blob.read("i", 3 * size)
    multiplier, shifts = blob.read("h", 3 * size), blob.read("B", 6 * size)
    table, factor, output = blob.read("h", 257), blob.read("i", 3), blob.read("i", 3)
    sums, product = product_of(matrix, bias, x, mac)
    operands = (x, h, y, y_h, sums, multiplier, shifts, table, factor, output, bits, zero_point,
                low, high)

    # puffer-edge: no-alloc
    def step():
        product()  # noqa: PE420 a function step() of product_of, which is checked
        (x, h, y, y_h, sums, multiplier, shifts, table, factor, output, bits, zero_point, low,
         high) = operands
        size = len(h)
        to_state = 11 - bits if bits < 11 else 0
        to_gate = bits - 11 if bits > 11 else 0
        m = output[0]
        s = output[1]
        t = output[2]
        for j in range(size):
            a = requantize(sums, multiplier, shifts, j)
            v = 0
            if a > 0:
                v = (a + (1 << to_state >> 1)) >> to_state
                a = 0
            a = clamp16((a + (1 << to_gate >> 1)) >> to_gate)
            v += (sigmoid(table, a) + (1 << (14 - bits))) >> (15 - bits)
            if v > 32767:
                v = 32767
            g = sigmoid(table, clamp16(requantize(sums, multiplier, shifts, j + size)))
            v = (g * v + (32768 - g) * h[j] + 16384) >> 15
            y_h[j] = v
            g = sigmoid(table, clamp16(requantize(sums, multiplier, shifts, j + size + size)))
            a = (x[j] * factor[0] + factor[1]) >> factor[2]
            a = 32767 if a > 32767 else -32767 if a < -32767 else a
            v = (g * v + (32768 - g) * a + 16384) >> 15
            v = ((((v + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
            if v < low:
                v = low
            y[j] = high if v > high else v

    return step
