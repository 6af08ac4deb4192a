/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CRC32_H
#define PUFFER_EDGE_CRC32_H
#include "base.h"

/* CRC-32 of IEEE 802.3, as zlib has it, continued by one byte: it finds every change of one bit, of two
 * bits and of 32 neighbours. Two nibbles with a table of 64 bytes; one byte with one of 1,024 would take
 * more flash than most layers. Begins with 0xffffffff; the result is inverted at the end. */
static inline uint32_t puffer_edge_crc32(uint32_t crc, uint8_t next)
{
    static const uint32_t table[16] PUFFER_EDGE_FLASH = {
        0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u,
        0x4db26158u, 0x5005713cu, 0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu,
        0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu};
    crc ^= next;
    crc = crc >> 4 ^ PUFFER_EDGE_READ_U32(table + (crc & 15));
    return crc >> 4 ^ PUFFER_EDGE_READ_U32(table + (crc & 15));
}
#endif
