# SPDX-License-Identifier: MIT-0
from .in_place import in_place
from .multiply import multiply
from .quarters import quarters
from .zeros import zeros


def with_bias(bias):
    """Room for sums, and behind it the biases, as kernels take them."""
    sums = zeros("i", len(bias))
    sums.extend(bias)
    return sums


def weights_for(blob, typecode, rows, columns, mac):
    """A matrix, as multiply or as a kernel takes it."""
    if mac is None:
        return quarters(blob, typecode, rows, columns)
    return in_place(blob, typecode, rows * columns)


def product_of(matrix, bias, x, mac):
    """The sums, and a function that computes them."""
    if mac is None:
        sums = zeros("i", len(bias))
        operands = (matrix, bias, x, sums)

        # puffer-edge: no-alloc
        def step():
            matrix, bias, x, sums = operands
            multiply(matrix, bias, x, sums)
    else:
        sums = with_bias(bias)
        shape = len(bias) << 16 | len(x)

        # puffer-edge: no-alloc
        def step():
            mac(matrix, x, sums, shape)  # noqa: PE420 machine code on small integers

    return sums, step
