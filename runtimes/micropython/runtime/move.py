# SPDX-License-Identifier: MIT-0
# range: p in [0, 2**28]
# range: q in [0, 2**28]
def move(x, y, starts, places, length, across, along, filler=None):
    """Copies rows of numbers, of one length and with even steps in x and in y; fills the rest."""
    operands = (x, y, starts, places, length, across, along, filler)

    # puffer-edge: no-alloc
    def step():
        x, y, starts, places, length, across, along, filler = operands
        if filler is not None:
            for i in range(len(y)):
                y[i] = filler
        for r in range(len(starts)):
            p = starts[r]
            q = places[r]
            for _ in range(length):
                y[q] = x[p]
                p += across
                q += along

    return step
