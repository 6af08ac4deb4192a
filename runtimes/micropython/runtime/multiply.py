# SPDX-License-Identifier: MIT-0
# range: size in [0, 2**16]
# range: p in [0, 2**28]
# range: x[...] in [-32768, 32767]
# range: w0[...] in [-32767, 32767]
# range: w1[...] in [-32767, 32767]
# range: w2[...] in [-32767, 32767]
# range: w3[...] in [-32767, 32767]
# range: rest[...] in [-32767, 32767]
# range: a in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: b in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: c in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
# range: d in [-(2**30) + 1 + 2**14, 2**30 - 1 - 2**14]
def multiply(matrix, bias, x, sums):
    """Computes sums = bias + matrix x. The four quarters share every x, the index, and the loop."""
    size, quarters, rest = matrix
    w0, w1, w2, w3 = quarters
    second, third, fourth = size, size + size, size + size + size
    p = 0
    for r in range(size):
        a = bias[r]
        b = bias[r + second]
        c = bias[r + third]
        d = bias[r + fourth]
        for v in x:
            a += w0[p] * v
            b += w1[p] * v
            c += w2[p] * v
            d += w3[p] * v
            p += 1
        sums[r] = a
        sums[r + second] = b
        sums[r + third] = c
        sums[r + fourth] = d
    p = 0
    for r in range(size * 4, len(sums)):
        a = bias[r]
        for v in x:
            a += rest[p] * v
            p += 1
        sums[r] = a
