/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_COPY_F32_H
#define PUFFER_EDGE_COPY_F32_H
#include "base.h"

/* Copies a few floats, and returns where they end. */
static inline float *puffer_edge_copy_f32(float *to, const float *from, int32_t count)
{
    for (; count >= 4; count -= 4) {
#if defined(PUFFER_EDGE_VFP)
        __asm__ volatile("vldmia.32 %[from]!, {s0-s3}\n\tvstmia.32 %[to]!, {s0-s3}"
                         : [from] "+r"(from), [to] "+r"(to)
                         :
                         : "s0", "s1", "s2", "s3", "memory");
#else
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
        to[3] = from[3];
        to += 4;
        from += 4;
#endif
    }
    for (; count > 0; --count) {
        *to++ = *from++;
    }
    return to;
}
#endif
