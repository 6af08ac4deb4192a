# SPDX-License-Identifier: MIT-0
def table(blob, x, y, entries, low, bits):
    values = blob.read("h", entries)
    operands = (x, y, values, low, bits, (1 << bits) - 1, 1 << bits >> 1)

    def step():
        x, y, values, low, bits, mask, half = operands
        for i in range(len(x)):
            p = x[i] - low
            k = p >> bits
            v = values[k]
            if bits:
                v += ((values[k + 1] - v) * (p & mask) + half) >> bits
            y[i] = v

    return step
