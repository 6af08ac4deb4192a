# SPDX-License-Identifier: MIT-0
from array import array

from .choice_left import choice_left


def take_mask(mask, y):
    """Gives a function that reads the mask of a sequence of floats.

    Args:
        mask: see choice_left.
        y: where to write 0 or 1 for each choice; None for nowhere.
    """
    start, sizes, forbids, limits = mask
    flags = [0] * len(limits)
    cell, given = array("f", [0]), (0, sizes, forbids, [1] * len(limits))

    def step(observation):
        for i in range(len(flags)):
            cell[0] = observation[start + i]
            flags[i] = 1 if cell[0] >= 0.5 else 0
        if not choice_left(flags, given):
            raise ValueError("the mask forbids every choice of a head")
        for i in range(len(flags) if y else 0):
            y[i] = flags[i]

    return step
