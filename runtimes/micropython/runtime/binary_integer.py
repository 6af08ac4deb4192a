# SPDX-License-Identifier: MIT-0
from .rounding import ROUND


# range: zero_point in [-32768, 32767]
# range: s in [0, 15]
# range: t in [1, 30]
# range: a[k] * factors[0] in [-(2**30), 2**30 - 1]
# range: a[k] * factors[0] + factors[1] in [-(2**30), 2**30 - 1]
# range: b[k] * factors[3] in [-(2**30), 2**30 - 1]
# range: b[k] * factors[3] + factors[4] in [-(2**30), 2**30 - 1]
# range: v in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: v + u in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: v * u in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: (v + ROUND[s] >> s) * m in [-(2**30), 2**30 - 1]
# range: (v + ROUND[s] >> s) * m + ROUND[t] in [-(2**30), 2**30 - 1]
def binary_integer(blob, a, b, y, function, a_map, b_map, zero_point, low, high):
    """Adds (0), multiplies (1), or takes the smaller (2) or larger (3) of two numbers.

    The maps say which elements meet, None that all do in their order.
    """
    factors, output = blob.read("i", 6), blob.read("i", 3)
    operands = (a, b, y, function, a_map, b_map, factors, output, zero_point, low, high)

    # puffer-edge: no-alloc
    def step():
        a, b, y, function, a_map, b_map, factors, output, zero_point, low, high = operands
        m = output[0]
        s = output[1]
        t = output[2]
        for i in range(len(y)):
            k = a_map[i] if a_map else i
            u = (a[k] * factors[0] + factors[1]) >> factors[2]
            k = b_map[i] if b_map else i
            v = (b[k] * factors[3] + factors[4]) >> factors[5]
            if function == 0:
                v = v + u
            elif function == 1:
                v = v * u
            elif function == 2:
                if u < v:
                    v = u
            elif u > v:
                v = u
            v = ((((v + ROUND[s]) >> s) * m + ROUND[t]) >> t) + zero_point
            if v < low:
                v = low
            y[i] = high if v > high else v

    return step
