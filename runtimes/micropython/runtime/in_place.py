# SPDX-License-Identifier: MIT-0
try:
    from uctypes import addressof
except ImportError:  # nowhere a port with machine code
    addressof = None


def in_place(blob, typecode, count):
    """The next constant for a kernel: where it lies, if that is machine code and can read it."""
    size = count * (2 if typecode == "h" else 1)
    piece = blob.memory(size) if blob.native and addressof else None
    if piece is None or addressof(piece) & 3:
        return blob.read(typecode, count)
    blob.skip(size)
    return blob.remember(piece)
