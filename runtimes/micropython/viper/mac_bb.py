# SPDX-License-Identifier: MIT-0
@micropython.viper
def mac_bb(weights: ptr8, x: ptr8, sums: ptr32, shape: int):
    # sums = biases + weights x; the biases lie behind the sums, shape is rows << 16 | columns.
    # Pointers read without a sign. Weights stay 128 too large, which the bias takes off again.
    rows = shape >> 16
    columns = shape & 65535
    total = 0
    for k in range(columns):
        total += (x[k] ^ 128) - 128
    w = weights
    for r in range(rows):
        a = sums[rows + r] - (total << 7)
        v = x
        n = columns
        while n > 3:
            a += (w[0] ^ 128) * ((v[0] ^ 128) - 128)
            a += (w[1] ^ 128) * ((v[1] ^ 128) - 128)
            a += (w[2] ^ 128) * ((v[2] ^ 128) - 128)
            a += (w[3] ^ 128) * ((v[3] ^ 128) - 128)
            w = ptr8(int(w) + 4)
            v = ptr8(int(v) + 4)
            n -= 4
        while n > 0:
            a += (w[0] ^ 128) * ((v[0] ^ 128) - 128)
            w = ptr8(int(w) + 1)
            v = ptr8(int(v) + 1)
            n -= 1
        sums[r] = a
