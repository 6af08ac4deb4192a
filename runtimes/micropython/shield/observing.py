# SPDX-License-Identifier: MIT-0
from array import array
from struct import unpack_from


def floats(numbers):
    """Float32 from their bytes; a size gives zeros."""
    return array("f", bytes(4 * numbers) if isinstance(numbers, int) else numbers)


class Observing:
    """What is wrong with observations; floats are boxed on most ports, so it allocates."""

    def __init__(self):
        self._last = [0] * len(PLACES)
        self._equal = array("H", bytes(2 * len(PLACES)))
        self.reset()

    def reset(self):
        """As before the first one."""
        self._started = False

    def faults(self, seen):
        """Of an array of float32."""
        faults = 0
        for i in range(SIZE):
            x = seen[i]
            if not LOW[i] <= x <= HIGH[i]:
                faults |= RANGE
                if x - x != 0:
                    faults |= NOT_FINITE
        for k, place in enumerate(PLACES):
            bits = unpack_from("<I", seen, 4 * place)[0]
            equal = self._equal[k]
            if not self._started or bits != self._last[k]:
                equal = 0
            elif equal < VARIES[k]:
                equal += 1
            self._last[k], self._equal[k] = bits, equal
            if equal >= VARIES[k]:
                faults |= STUCK
        self._started = True
        return faults
