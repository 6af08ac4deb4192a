# SPDX-License-Identifier: MIT-0
# range: x[...] in [-32768, 32767]
# range: values[...] in [-32768, 32767]
# range: low in [-32768, 32767]
# range: bits in [0, 8]
def table(blob, x, y, entries, low, bits):
    """Computes y = entries[(x - low) >> bits], and a straight line to the next where bits > 0."""
    values = blob.read("h", entries)
    operands = (x, y, values, low, bits, (1 << bits) - 1, 1 << bits >> 1)

    # puffer-edge: no-alloc
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
