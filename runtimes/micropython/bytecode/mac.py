# SPDX-License-Identifier: MIT-0
def mac(weights, x, sums, shape):
    # sums = biases + weights x; the biases lie behind the sums, shape is rows << 16 | columns.
    rows = shape >> 16
    p = 0
    for r in range(rows):
        a = sums[rows + r]
        for v in x:
            a += weights[p] * v
            p += 1
        sums[r] = a
