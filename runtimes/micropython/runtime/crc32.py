# SPDX-License-Identifier: MIT-0
try:
    from binascii import crc32
except ImportError:  # a small port
    def crc32(data, crc=0):
        """The CRC of zlib; slow."""
        crc ^= 0xFFFFFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = (crc >> 1) ^ 0xEDB88320 if crc & 1 else crc >> 1
        return crc ^ 0xFFFFFFFF
