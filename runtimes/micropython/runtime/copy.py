# SPDX-License-Identifier: MIT-0
def copy(x, y):
    """Copies x to y."""

    # puffer-edge: no-alloc
    def step():
        for i in range(len(x)):
            y[i] = x[i]

    return step
