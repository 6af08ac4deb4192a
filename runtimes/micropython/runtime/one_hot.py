# SPDX-License-Identifier: MIT-0
# range: p in [0, 2**28]
def one_hot(x, y, classes, one):
    """A row of zeros for every number in x, and one in the place that it tells."""
    operands = (x, y, classes, one)

    # puffer-edge: no-alloc
    def step():
        x, y, classes, one = operands
        p = 0
        for i in range(len(x)):
            for k in range(classes):
                y[p] = one if x[i] == k else 0
                p += 1

    return step
