/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SAMPLING_H
#define PUFFER_EDGE_SAMPLING_H
#include "base.h"

/* A seedable generator of 15 bits at a time: two of Marsaglia's multiply with carry. */
#ifndef PUFFER_EDGE_RANDOM_T /* the interface of a policy has it, too */
#define PUFFER_EDGE_RANDOM_T
typedef struct {
    uint32_t first, second;
} puffer_edge_random_t;
#endif

static inline uint32_t puffer_edge_random_bits(puffer_edge_random_t *random)
{
    random->first = UINT32_C(32760) * (random->first & 0x7FFF) + (random->first >> 15);
    random->second = UINT32_C(32730) * (random->second & 0x7FFF) + (random->second >> 15);
    return (random->first ^ random->second) & 0x7FFF;
}

/* Starts the sequence of a seed, 0 to 2^30 - 1. */
static inline void puffer_edge_seed(puffer_edge_random_t *random, uint32_t seed)
{
    random->first = (seed & 0x7FFF) + (UINT32_C(1234) << 15);
    random->second = (seed >> 15 & 0x7FFF) + (UINT32_C(5678) << 15);
    for (int32_t i = 0; i < 16; ++i) {
        (void)puffer_edge_random_bits(random);
    }
}

/* 2^15 exp(-distance), where (distance * m) >> s counts 1024ths; 0 from a distance of 12 on. */
static inline int32_t puffer_edge_sampling_weight(int32_t distance, int32_t m, int32_t s)
{
    static const int16_t table[194] PUFFER_EDGE_FLASH = {
        32767, 30782, 28917, 27165, 25519, 23973, 22520, 21156, 19874, 18670, 17539, 16476, 15478,
        14540, 13659, 12832, 12054, 11324, 10638, 9993, 9388, 8819, 8285, 7783, 7311, 6868,
        6452, 6061, 5694, 5349, 5025, 4721, 4435, 4166, 3913, 3676, 3454, 3244, 3048,
        2863, 2690, 2527, 2374, 2230, 2095, 1968, 1849, 1737, 1631, 1533, 1440, 1352,
        1271, 1194, 1121, 1053, 989, 930, 873, 820, 771, 724, 680, 639, 600,
        564, 530, 498, 467, 439, 412, 387, 364, 342, 321, 302, 283, 266,
        250, 235, 221, 207, 195, 183, 172, 162, 152, 143, 134, 126, 118,
        111, 104, 98, 92, 86, 81, 76, 72, 67, 63, 59, 56, 52,
        49, 46, 43, 41, 38, 36, 34, 32, 30, 28, 26, 25, 23,
        22, 21, 19, 18, 17, 16, 15, 14, 13, 12, 12, 11, 10,
        10, 9, 9, 8, 8, 7, 7, 6, 6, 6, 5, 5, 5,
        4, 4, 4, 4, 3, 3, 3, 3, 3, 2, 2, 2, 2,
        2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    const int32_t x = (distance * m) >> s;
    if (x >= 12 * 1024) {
        return 0;
    }
    const int32_t start = PUFFER_EDGE_READ_S16(table + (x >> 6)),
                  next = PUFFER_EDGE_READ_S16(table + (x >> 6) + 1);
    return start - (((start - next) * (x & 63) + 32) >> 6);
}

/* A number below total, which is at most 2^30. */
static inline int32_t puffer_edge_random_below(puffer_edge_random_t *random, int32_t total)
{
    uint32_t mask = 0x7FFF;
    while (mask < (uint32_t)total - 1) {
        mask = mask << 1 | 1;
    }
    for (;;) {
        const uint32_t low = puffer_edge_random_bits(random);
        const uint32_t value = (low | puffer_edge_random_bits(random) << 15) & mask;
        if (value < (uint32_t)total) {
            return (int32_t)value;
        }
    }
}
#endif
