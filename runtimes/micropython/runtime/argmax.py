# SPDX-License-Identifier: MIT-0
# range: sizes[...] in [1, 2**14]
# range: start in [0, 2**16]
def argmax(x, sizes, action):
    """The index of the largest of every head, the lowest of equals."""

    # puffer-edge: no-alloc
    def step():
        start = 0
        for head in range(len(sizes)):
            best = 0
            for i in range(1, sizes[head]):
                if x[start + i] > x[start + best]:
                    best = i
            action[head] = best
            start += sizes[head]

    return step
