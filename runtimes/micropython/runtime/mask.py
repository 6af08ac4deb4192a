# SPDX-License-Identifier: MIT-0
# range: lowest in [-32768, -128]
def mask(x, flags, y, forbids, lowest):
    """Copies x to y, but for the lowest integer where a choice is forbidden, and only there."""
    operands = (x, flags, y, forbids, lowest)

    # puffer-edge: no-alloc
    def step():
        x, flags, y, forbids, lowest = operands
        for i in range(len(y)):
            if (flags[i] >= 1) == forbids:
                y[i] = lowest
            else:
                y[i] = x[i] if x[i] > lowest else lowest + 1

    return step
