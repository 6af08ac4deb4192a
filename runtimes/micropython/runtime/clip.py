# SPDX-License-Identifier: MIT-0
def clip(cell, low, high):
    """The number in a cell, between bounds; NaN gives low."""
    if not cell[0] > low:
        cell[0] = low
    if not cell[0] < high:
        cell[0] = high
