# SPDX-License-Identifier: MIT-0
import gc
from array import array


class Blob:
    def __init__(self, path):
        self._file = open(path, "rb")
        self._file.read(32)

    def read(self, typecode, count):
        gc.collect()  # so that arrays lie side by side
        size = count * {"b": 1, "B": 1, "h": 2, "i": 4}[typecode]
        if typecode == "B":
            data = bytearray(size)
            self._file.readinto(data)
        else:
            data = array(typecode, self._file.read(size))
        self._file.read(-size % 4)
        return data

    def close(self):
        self._file.close()
