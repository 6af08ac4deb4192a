# SPDX-License-Identifier: MIT-0
def flags(x, y, limits):
    """Computes y = x >= limit, 0 or 1; limits of all elements, or one."""

    # puffer-edge: no-alloc
    def step():
        k = 0
        for i in range(len(y)):
            y[i] = 1 if x[i] >= limits[k] else 0
            if len(limits) > 1:
                k += 1

    return step
