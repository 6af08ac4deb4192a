# SPDX-License-Identifier: MIT-0
def copy(x, y):
    def step():
        for i in range(len(x)):
            y[i] = x[i]

    return step
