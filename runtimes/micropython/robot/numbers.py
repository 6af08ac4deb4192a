# SPDX-License-Identifier: MIT-0
from array import array


def floats(numbers):
    """Float32 from their bytes; a size gives zeros."""
    return array("f", bytes(4 * numbers) if isinstance(numbers, int) else numbers)


def check(numbers, name):
    """Raises ValueError where one is NaN or infinite."""
    for x in numbers:
        if x - x != 0:
            raise ValueError(name + " is NaN or infinite")


def bound(cell, low, high, i):
    """Keeps the number between the i-th of two lists of bounds, where there are any."""
    if low:
        if cell[0] < low[i]:
            cell[0] = low[i]
        if cell[0] > high[i]:
            cell[0] = high[i]


def scale(term, now, at):
    """A term's numbers less their offset, in their bounds, times their scale, in all bounds."""
    size, offset, low, high, factor = term[2:7]
    cell = floats(1)
    for i in range(size):
        cell[0] = now[at + i]
        if offset:
            cell[0] = cell[0] - offset[i]
        bound(cell, low, high, i)
        if factor:
            cell[0] = cell[0] * factor[i]
        bound(cell, LOW, HIGH, 0)
        now[at + i] = cell[0]


def refuse_another():
    """Raises ValueError where the module policy was exported with another contract."""
    import policy

    other = getattr(policy, "ROBOT", "none")
    if other != HASH:
        raise ValueError("policy is of the contract " + other[:16] + ", policy_robot of "
                         + HASH[:16])
