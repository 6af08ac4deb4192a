# SPDX-License-Identifier: MIT-0
from array import array

from .clip import clip


def action_float(blob, action, squash, rescale, bounded):
    """Gives a function that writes a continuous action as float32 into an array of floats.

    Every operation is rounded to float32, but tanh is the math module's, so its last bits are the
    port's. Allocates where floats are boxed.

    Args:
        blob: has scale and offset (real = integer * scale + offset), then half and middle of the
            range where rescaled, then the bounds where there are any.
        action: integers.
        squash: apply tanh.
        rescale: multiply by half, add middle.
        bounded: clip to low and high.
    """
    size, cell, meaning = len(action), array("f", [0]), blob.read("f", 2)
    half, middle = [blob.read("f", size if rescale else 0) for _ in range(2)]
    low, high = [blob.read("f", size if bounded else 0) for _ in range(2)]

    def write(into):
        for i in range(size):
            cell[0] = action[i] * meaning[0]
            cell[0] = cell[0] + meaning[1]
            if squash:
                import math

                cell[0] = math.tanh(cell[0])
            if rescale:
                cell[0] = cell[0] * half[i]
                cell[0] = cell[0] + middle[i]
            if bounded:
                clip(cell, low[i], high[i])
            into[i] = cell[0]

    return write
