from array import array


class _Zeros:
    """As many zeros; MicroPython asks for their number first, and makes room once."""

    def __init__(self, count):
        self._count = count

    def __len__(self):
        return self._count

    def __iter__(self):
        return map(callable, range(self._count))  # no number is; quicker than a loop


def zeros(typecode, count):
    """An array of zeros, made without anything else of its size."""
    return array(typecode, _Zeros(count))
