# SPDX-License-Identifier: MIT-0
def rescale(blob, x, y, alike):
    count = 1 if alike else len(x)
    multiplier, bias = blob.read("h", count), blob.read("i", count)
    shift, low, high = blob.read("B", count), blob.read("h", count), blob.read("h", count)
    operands = (x, y, alike, multiplier, bias, shift, low, high)

    def step():
        x, y, alike, multiplier, bias, shift, low, high = operands
        for i in range(len(x)):
            k = 0 if alike else i
            v = (x[i] * multiplier[k] + bias[k]) >> shift[k]
            if v < low[k]:
                v = low[k]
            y[i] = high[k] if v > high[k] else v

    return step
