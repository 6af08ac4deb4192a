# SPDX-License-Identifier: MIT-0
# range: x[...] in [-32768, 32767]
# range: multiplier[...] in [-32767, 32767]
# range: x[i] * multiplier[k] + bias[k] in [-2**30, 2**30 - 1]
def rescale(blob, x, y, alike):
    """Computes y = clamp((x * multiplier + bias) >> shift, low, high), feature by feature."""
    count = 1 if alike else len(x)
    multiplier, bias = blob.read("h", count), blob.read("i", count)
    shift, low, high = blob.read("B", count), blob.read("h", count), blob.read("h", count)
    operands = (x, y, alike, multiplier, bias, shift, low, high)

    # puffer-edge: no-alloc
    def step():
        x, y, alike, multiplier, bias, shift, low, high = operands
        k = 0
        for i in range(len(x)):
            v = (x[i] * multiplier[k] + bias[k]) >> shift[k]
            if v < low[k]:
                v = low[k]
            y[i] = high[k] if v > high[k] else v
            if not alike:
                k += 1

    return step
