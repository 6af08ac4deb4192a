# SPDX-License-Identifier: MIT-0
from .in_place import in_place
from .views import views


def gemm_kernel(blob, x, y, weights, count, rows, columns, mac, requantize):
    """The same as gemm_integer, by two kernels of policy_kernels.py."""
    weight = in_place(blob, weights, count)
    sums, factors = blob.read("i", 2 * rows), blob.read("i", rows + 3)
    operands = (views(x, columns), views(y, rows), weight, sums, factors, rows << 16 | columns,
                rows, mac, requantize)

    # puffer-edge: no-alloc
    def step():
        inputs, outputs, weight, sums, factors, shape, rows, mac, requantize = operands
        for i in range(len(inputs)):
            mac(weight, inputs[i], sums, shape)  # noqa: PE420 machine code on small integers
            requantize(sums, factors, outputs[i], rows)  # noqa: PE420 the same

    return step
