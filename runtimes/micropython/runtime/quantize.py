# SPDX-License-Identifier: MIT-0
from array import array

from .clip import clip


def quantize(blob, y, stages, low, high, start=0, total=0):
    """Computes y = floor(clamp(x) + 1/2) after affine stages and clips, each rounded to float32.

    Args:
        blob: has scale and offset of every affine stage, for every feature, and the two bounds of
            every clip.
        y: integers.
        stages: of each, whether it is affine.
        low: of y.
        high: of y.
        start: element of the observation that y begins with.
        total: elements of the observation; as many as y has by default.
    """
    size, total = len(y), total or len(y)
    steps = [(blob.read("f", size if affine else 1), blob.read("f", size if affine else 1))
             for affine in stages]
    cell = array("f", [0])

    def step(observation):
        if len(observation) != total:
            raise ValueError("the observation has %d numbers, not %d" % (len(observation), total))
        for value in observation:
            cell[0] = value
            if cell[0] - cell[0] != 0:
                raise ValueError("the observation holds NaN or infinite values")
        for i in range(size):
            cell[0] = observation[start + i]
            for k in range(len(steps)):
                first, second = steps[k]
                if stages[k]:
                    cell[0] = cell[0] * first[i]
                    cell[0] = cell[0] + second[i]
                else:
                    clip(cell, first[0], second[0])
            clip(cell, low, high)
            cell[0] = cell[0] + 32768.5
            y[i] = int(cell[0]) - 32768

    return step
