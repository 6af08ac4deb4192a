# SPDX-License-Identifier: MIT-0
from .multiply import multiply
from .quarters import quarters
from .rounding import ROUND
from .views import views
from .zeros import zeros


# range: rows in [0, 2**16]
# range: zero_point in [-32768, 32767]
# range: s in [0, 15]
# range: t in [1, 30]
# range: sums[r] in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (sums[r] + ROUND[s] >> s) * multiplier[r] in [-(2**30), 2**30 - 1]
# range: (sums[r] + ROUND[s] >> s) * multiplier[r] + ROUND[t] in [-(2**30), 2**30 - 1]
def gemm_integer(blob, x, y, weights, rows, columns, zero_point, low, high):
    """Computes y = clamp(requantize(bias + weight x) + zero_point)."""
    matrix = quarters(blob, weights, rows, columns)
    bias, multiplier = blob.read("i", rows), blob.read("h", rows)
    shifts = blob.read("B", 2 * rows)
    sums = zeros("i", rows)
    operands = (views(x, columns), views(y, rows), matrix, bias, multiplier, shifts, sums, rows,
                zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        (inputs, outputs, matrix, bias, multiplier, shifts, sums, rows, zero_point, low,
         high) = operands
        for i in range(len(inputs)):
            multiply(matrix, bias, inputs[i], sums)
            out = outputs[i]
            for r in range(rows):
                s = shifts[r + r]
                t = shifts[r + r + 1]
                v = ((((sums[r] + ROUND[s]) >> s) * multiplier[r] + ROUND[t]) >> t) + zero_point
                if v < low:
                    v = low
                out[r] = high if v > high else v

    return step
