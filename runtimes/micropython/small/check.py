# SPDX-License-Identifier: MIT-0
# Checks weights before anything is made of them; policy.py drops this module afterwards.
# No docstrings: they would go to the heap.


class BlobError(ValueError):
    pass


def check(path, contract):
    with open(path, "rb") as file:
        head = file.read(32)
        if len(head) != 32 or head[:4] != b"PEMP":
            raise BlobError("no weights of puffer-edge")
        if head[4] | head[5] << 8 != 1:
            raise BlobError("weights of another version")
        left = (head[8] | head[9] << 8 | head[10] << 16) - 32
        high = low = 65535  # halves of the CRC, which would be a long integer
        piece = head[16:]
        while piece:
            for byte in piece:
                low ^= byte
                for _ in range(8):
                    odd = low & 1
                    low = low >> 1 | (high & 1) << 15
                    high >>= 1
                    if odd:
                        low ^= 0x8320
                        high ^= 0xEDB8
            piece = file.read(64)
            left -= len(piece)
    if left:
        raise BlobError("weights of another length")
    if (low ^ 65535) != head[12] | head[13] << 8 or (high ^ 65535) != head[14] | head[15] << 8:
        raise BlobError("damaged weights")
    if head[16:] != contract:
        raise BlobError("weights of another policy.py")
