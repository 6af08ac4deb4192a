# SPDX-License-Identifier: MIT
"""A process that writes checked observations until it is killed; started by test_shared_buffer."""

from __future__ import annotations

import sys
import zlib

import numpy as np

from puffer_edge.runtimes.shared_buffer import SharedBuffer

SIZE = 128


def checked(number: int, out: np.ndarray) -> None:
    """Fills an observation by its number, in pieces, with the checksum at its end."""
    out[: SIZE // 2] = number
    out[SIZE // 2 : -1] = ~number
    out[-1] = zlib.crc32(out[:-1])


def whole(values: np.ndarray) -> bool:
    return int(values[-1]) == zlib.crc32(values[:-1])


def main(name: str) -> None:
    with SharedBuffer.attach(name, (SIZE,), np.int64) as buffer:
        number = 0
        while True:
            number += 1
            checked(number, buffer.slot())
            buffer.publish()


def read(name: str) -> None:
    """Reads until it is killed; ends with 3 on a torn observation."""
    with SharedBuffer.attach(name, (SIZE,), np.int64) as buffer:
        while True:
            values = buffer.read()
            if values is not None and not (whole(values) and whole(values)):
                sys.exit(3)


if __name__ == "__main__":
    {"write": main, "read": read}[sys.argv[1]](sys.argv[2])
