# SPDX-License-Identifier: MIT-0
def argmax(x, sizes, action):
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
