# SPDX-License-Identifier: MIT-0
def gemm_kernel(blob, x, y, typecode, count, rows, columns, mac, requantize):
    # Kernels of native code take the weights as bytes, which needs no copy of them.
    weight = blob.read(typecode, count)
    sums, factors = blob.read("i", 2 * rows), blob.read("i", rows + 3)
    operands = (weight, x, y, sums, factors, rows << 16 | columns, rows, mac, requantize)

    def step():
        weight, x, y, sums, factors, shape, rows, mac, requantize = operands
        mac(weight, x, sums, shape)
        requantize(sums, factors, y, rows)

    return step
