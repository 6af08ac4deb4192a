# SPDX-License-Identifier: MIT-0
@micropython.viper
def requantize_h(sums: ptr32, factors: ptr32, y: ptr16, rows: int):
    # y = clamp(((((sum + r) >> s) * m + r) >> s) + zero point), row by row; factors are
    # m | s << 16 | s << 21 per row, then zero point, low, high.
    zero_point = factors[rows]
    low = factors[rows + 1]
    high = factors[rows + 2]
    for r in range(rows):
        f = factors[r]
        s = (f >> 16) & 31
        t = f >> 21
        v = (sums[r] + ((1 << s) >> 1)) >> s
        v = ((v * (f & 65535) + ((1 << t) >> 1)) >> t) + zero_point
        if v < low:
            v = low
        if v > high:
            v = high
        y[r] = v
