# SPDX-License-Identifier: MIT-0
def quarters(blob, typecode, rows, columns):
    """The next constant, a matrix: four quarters and the rows that are left over."""
    size = rows // 4
    parts = [blob.read(typecode, size * columns, False) for _ in range(4)]
    return size, tuple(parts), blob.read(typecode, rows % 4 * columns)
