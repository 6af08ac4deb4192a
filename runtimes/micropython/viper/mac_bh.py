# SPDX-License-Identifier: MIT-0
@micropython.viper
def mac_bh(weights: ptr8, x: ptr16, sums: ptr32, shape: int):
    # sums = biases + weights x; the biases lie behind the sums, shape is rows << 16 | columns.
    # Pointers read without a sign. Weights stay 128 too large, which the bias takes off again.
    rows = shape >> 16
    columns = shape & 65535
    total = 0
    for k in range(columns):
        total += (x[k] ^ 32768) - 32768
    w = weights
    for r in range(rows):
        a = sums[rows + r] - (total << 7)
        v = x
        n = columns
        while n > 3:
            a += (w[0] ^ 128) * ((v[0] ^ 32768) - 32768)
            a += (w[1] ^ 128) * ((v[1] ^ 32768) - 32768)
            a += (w[2] ^ 128) * ((v[2] ^ 32768) - 32768)
            a += (w[3] ^ 128) * ((v[3] ^ 32768) - 32768)
            w = ptr8(int(w) + 4)
            v = ptr16(int(v) + 8)
            n -= 4
        while n > 0:
            a += (w[0] ^ 128) * ((v[0] ^ 32768) - 32768)
            w = ptr8(int(w) + 1)
            v = ptr16(int(v) + 2)
            n -= 1
        sums[r] = a
