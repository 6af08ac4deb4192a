# SPDX-License-Identifier: MIT-0


def gravity(orientation, now, at):
    """The direction of gravity in the robot's frame."""
    cell, other = floats(1), floats(1)
    w, x, y, z = [orientation[i] for i in ORIENTATION]
    cell[0], other[0] = w * y, x * z
    now[at] = 2 * (cell[0] - other[0])
    cell[0], other[0] = y * z, w * x
    now[at + 1] = -2 * (cell[0] + other[0])
    cell[0], other[0] = x * x, y * y
    cell[0] = cell[0] + other[0]
    now[at + 2] = 2 * cell[0] - 1


def turn(phase, now, at):
    """Sine and cosine of 2 pi phase, for phase in [0, 1)."""
    index = int(4 * phase)
    cell = floats(1)
    part = 4 * phase - index
    cell[0] = 1 - part
    rising, falling = quarter(part), quarter(cell[0])
    now[at] = (rising, falling, -rising, -falling)[index]
    now[at + 1] = (falling, -rising, -falling, rising)[index]


def advance(clock, step):
    """The clock one step on; it turns in [0, 1)."""
    clock[0] = clock[0] + step
    if clock[0] >= 1:
        clock[0] = clock[0] - 1


def quarter(x):
    """sin(pi / 2 x) for x in [0, 1]: Taylor's series."""
    square, y = floats(1), floats(1)
    square[0], y[0] = x * x, SINE[-1]
    for i in range(len(SINE) - 2, -1, -1):
        y[0] = y[0] * square[0]
        y[0] = y[0] + SINE[i]
    y[0] = y[0] * x
    return y[0]
