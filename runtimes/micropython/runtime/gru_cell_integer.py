# SPDX-License-Identifier: MIT-0
from .clamp16 import clamp16
from .gate import gate
from .product_of import product_of, weights_for
from .requantize import requantize
from .rounding import ROUND
from .sigmoid import sigmoid
from .tanh import tanh


# range: memory[...] in [-32768, 32767]
# range: reset_bits in [0, 12]
# range: zero_point in [-32768, 32767]
# range: t in [1, 30]
# range: z * memory[j] + (32768 - z) * v in [-(2**30) + 2**14, 2**30 - 1 - 2**14]
# range: (v + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (v + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def gru_cell_integer(blob, x, h, memory, y, y_memory, weights, reset_bits, zero_point, low, high,
                     mac=None, mac_h=None):
    """One step of a GRU; gates r, z, n."""
    size, columns = len(h), len(x)
    over_x = weights_for(blob, weights, 3 * size, columns, mac)
    over_h = weights_for(blob, weights, 3 * size, size, mac_h)
    bias, bias_h = blob.read("i", 3 * size), blob.read("i", 3 * size)
    multiplier, shifts = blob.read("h", 3 * size), blob.read("B", 6 * size)
    multiplier_h, shifts_h = blob.read("h", 3 * size), blob.read("B", 6 * size)
    table, output = blob.read("h", 257), blob.read("i", 3)
    sums, inner = product_of(over_x, bias, x, mac)
    sums_h, outer = product_of(over_h, bias_h, h, mac_h)
    gates = (sums, multiplier, shifts, sums_h, multiplier_h, shifts_h)
    operands = (memory, y, y_memory, table, output, gates, reset_bits, zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        inner()  # noqa: PE420 a function step() of product_of, which is checked
        outer()  # noqa: PE420 the same
        memory, y, y_memory, table, output, gates, reset_bits, zero_point, low, high = operands
        sums, multiplier, shifts, sums_h, multiplier_h, shifts_h = gates
        size = len(memory)
        gated = reset_bits + 3
        half = 1 << (reset_bits + 2)
        m = output[0]
        s = output[1]
        t = output[2]
        for j in range(size):
            k = j + size
            z = sigmoid(table, gate(gates, k))
            k += size
            v = clamp16(requantize(sums_h, multiplier_h, shifts_h, k))
            v = (sigmoid(table, gate(gates, j)) * v + half) >> gated
            v = tanh(table, clamp16(requantize(sums, multiplier, shifts, k) + v))
            v = (z * memory[j] + (32768 - z) * v + 16384) >> 15
            y_memory[j] = v
            v = ((((v + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
            if v < low:
                v = low
            y[j] = high if v > high else v

    return step
