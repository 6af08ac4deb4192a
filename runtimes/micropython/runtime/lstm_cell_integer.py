# SPDX-License-Identifier: MIT-0
from .clamp16 import clamp16
from .gate import gate
from .product_of import product_of, weights_for
from .rounding import ROUND
from .sigmoid import sigmoid
from .tanh import tanh


# range: c[...] in [-32768, 32767]
# range: cell_bits in [0, 14]
# range: zero_point in [-32768, 32767]
# range: t in [1, 30]
# range: (v + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (v + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def lstm_cell_integer(blob, x, h, c, y_h, y_c, weights, cell_bits, zero_point, low, high,
                      mac=None, mac_h=None):
    """One step of an LSTM; gates i, f, g, o."""
    size, columns = len(h), len(x)
    over_x = weights_for(blob, weights, 4 * size, columns, mac)
    over_h = weights_for(blob, weights, 4 * size, size, mac_h)
    bias, bias_h = blob.read("i", 4 * size), blob.read("i", 4 * size)
    multiplier, shifts = blob.read("h", 4 * size), blob.read("B", 8 * size)
    multiplier_h, shifts_h = blob.read("h", 4 * size), blob.read("B", 8 * size)
    table, output = blob.read("h", 257), blob.read("i", 3)
    sums, inner = product_of(over_x, bias, x, mac)
    sums_h, outer = product_of(over_h, bias_h, h, mac_h)
    gates = (sums, multiplier, shifts, sums_h, multiplier_h, shifts_h)
    operands = (c, y_h, y_c, table, output, gates, cell_bits, zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        inner()  # noqa: PE420 a function step() of product_of, which is checked
        outer()  # noqa: PE420 the same
        c, y_h, y_c, table, output, gates, cell_bits, zero_point, low, high = operands
        size = len(c)
        squash = cell_bits - 12
        added = 29 - cell_bits
        half = 1 << (28 - cell_bits)
        m = output[0]
        s = output[1]
        t = output[2]
        for j in range(size):
            i = sigmoid(table, gate(gates, j))
            f = sigmoid(table, gate(gates, j + size))
            g = tanh(table, gate(gates, j + size + size))
            o = sigmoid(table, gate(gates, j + size + size + size))
            v = clamp16(((f * c[j] + 16384) >> 15) + ((i * g + half) >> added))
            y_c[j] = v
            v = (v + (1 << squash >> 1)) >> squash if squash >= 0 else v << -squash
            v = o * tanh(table, clamp16(v))
            v = ((((v + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
            if v < low:
                v = low
            y_h[j] = high if v > high else v

    return step
