# SPDX-License-Identifier: MIT-0
import sys

from .crc32 import crc32
from .room import room

VERSION = 1
HEADER = 32


class BlobError(ValueError):
    """The weights are damaged, or belong to another policy."""


class Blob:
    """The weights, checked as a whole before any of them is used.

    Args:
        source: a path, or the bytes themselves.
        contract: 16 bytes that say which policy.py the weights belong to.
        native: kernels are machine code, which takes weights where they lie.
        keep: remember the constants that are read, as Policy.check() looks at them.

    Raises:
        BlobError: they do not, or are damaged, truncated or of another version.
    """

    def __init__(self, source, contract, native=False, keep=False):
        if sys.byteorder != "little":
            raise BlobError("the weights are for little-endian machines")
        self._file = open(source, "rb") if isinstance(source, str) else _in_memory(source)
        self._place = self._file if isinstance(source, str) else source
        self.native = native
        self.kept = [] if keep else None
        try:
            self._check(contract)
        except BlobError:
            self.close()
            raise

    def _check(self, contract):
        head = self._file.read(HEADER)
        if len(head) != HEADER or head[:4] != b"PEMP":
            raise BlobError("these are not the weights of a puffer-edge policy")
        if head[4] | head[5] << 8 != VERSION:
            raise BlobError("the weights have the format %d, the runtime has %d"
                            % (head[4] | head[5] << 8, VERSION))
        left = int.from_bytes(head[8:12], "little") - HEADER
        crc, piece = crc32(head[16:]), memoryview(bytearray(256))
        while True:
            size = self._file.readinto(piece)
            if not size:
                break
            left -= size
            crc = crc32(piece[:size], crc)
        if left:
            raise BlobError("the weights are truncated" if left > 0 else
                            "there are bytes behind the weights")
        if crc != int.from_bytes(head[12:16], "little"):
            raise BlobError("the weights are damaged: their CRC32 is wrong")
        if head[16:] != contract:
            raise BlobError("the weights belong to another policy.py")
        self._file.seek(HEADER)

    def read(self, typecode, count, align=True):
        """The next constant, as an array, which the file is read straight into.

        Args:
            typecode: b, B, h, i or f.
            count: elements.
            align: more of the same constant does not follow.
        """
        data = room(typecode, count)
        if count:
            self._file.readinto(data)
        if align:
            self.skip(0)
        return self.remember(data)

    def remember(self, data):
        """Gives back a constant, which is kept where that is wanted."""
        if self.kept is not None:
            self.kept.append(data)
        return data

    def memory(self, size):
        """The next bytes where they lie, as in a ROMFS; None where they are not in memory."""
        try:
            data = memoryview(self._place)
        except TypeError:
            return None
        at = self._file.tell()
        return data[at : at + size]

    def skip(self, size):
        """Passes over bytes, and over what fills them up to a multiple of 4."""
        self._file.seek(self._file.tell() + size + 3 & -4)

    def close(self):
        """Closes the file."""
        self._file.close()


def _in_memory(data):
    import io

    return io.BytesIO(data)
