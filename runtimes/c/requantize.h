/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_REQUANTIZE_H
#define PUFFER_EDGE_REQUANTIZE_H
#include "base.h"

/* From a 32-bit sum to an activation. The exporter has proved that no intermediate leaves
 * [-2^30, 2^30 - 1] for any input, so there is no 64-bit product and no overflow. */
typedef struct {
    uint8_t pre_shift, shift;
    int16_t multiplier;
} puffer_edge_requantize_t;

/* Shifts of negative numbers must be arithmetic, as in every compiler for these cores. */
typedef char puffer_edge_arithmetic_shift[(-1 >> 1) == -1 ? 1 : -1];

/* ((sum >> pre_shift) * multiplier, shifted right and rounded) + offset; the rounding of the first
 * shift is in the sum already. */
static inline int32_t puffer_edge_requantize(int32_t sum, const puffer_edge_requantize_t *q,
                                             int32_t offset)
{
#if defined(PUFFER_EDGE_THUMB2)
    /* A shift by a register looks at its lowest byte only, and leaves in the carry the last bit
     * that it shifts out, which is what rounding adds. "asrs #16" clears the carry, for shift = 0:
     * no shift has its highest bit set. */
    uint32_t packed = *(const puffer_edge_word_t *)(const void *)q;
    int32_t multiplier;
    __asm__("asr %[sum], %[sum], %[packed]\n\t"
            "asrs %[multiplier], %[packed], #16\n\t"
            "lsr %[packed], %[packed], #8\n\t"
            "mul %[sum], %[sum], %[multiplier]\n\t"
            "asrs %[sum], %[sum], %[packed]\n\t"
            "adc %[sum], %[sum], %[offset]"
            : [sum] "+&r"(sum), [packed] "+&r"(packed), [multiplier] "=&r"(multiplier)
            : [offset] "r"(offset)
            : "cc");
    return sum;
#else
    const int32_t product = (sum >> q->pre_shift) * q->multiplier;
    return ((product + ((INT32_C(1) << q->shift) >> 1)) >> q->shift) + offset;
#endif
}

/* The same by a table of constants. */
#if defined(__AVR__)
static inline int32_t puffer_edge_requantize_read(int32_t sum, const puffer_edge_requantize_t *q,
                                                  int32_t offset)
{
    puffer_edge_requantize_t ratio;
    ratio.pre_shift = PUFFER_EDGE_READ_U8(&q->pre_shift);
    ratio.shift = PUFFER_EDGE_READ_U8(&q->shift);
    ratio.multiplier = PUFFER_EDGE_READ_S16(&q->multiplier);
    return puffer_edge_requantize(sum, &ratio, offset);
}
#define PUFFER_EDGE_REQUANTIZE puffer_edge_requantize_read
#else
#define PUFFER_EDGE_REQUANTIZE puffer_edge_requantize
#endif

/* Two sums by the same ratio. */
static inline void puffer_edge_requantize_two(int32_t *a, int32_t *b,
                                              const puffer_edge_requantize_t *q, int32_t offset)
{
#if defined(PUFFER_EDGE_THUMB2)
    const uint32_t packed = *(const puffer_edge_word_t *)(const void *)q;
    int32_t multiplier, shift;
    __asm__("asrs %[multiplier], %[packed], #16\n\tlsr %[shift], %[packed], #8\n\t"
            "asr %[a], %[a], %[packed]\n\tasr %[b], %[b], %[packed]\n\t"
            "mul %[a], %[a], %[multiplier]\n\tmul %[b], %[b], %[multiplier]\n\t"
            "asrs %[a], %[a], %[shift]\n\tadc %[a], %[a], %[offset]\n\t"
            "asrs %[b], %[b], %[shift]\n\tadc %[b], %[b], %[offset]"
            : [a] "+&r"(*a), [b] "+&r"(*b), [multiplier] "=&r"(multiplier), [shift] "=&r"(shift)
            : [packed] "r"(packed), [offset] "r"(offset)
            : "cc");
#else
    *a = PUFFER_EDGE_REQUANTIZE(*a, q, offset);
    *b = PUFFER_EDGE_REQUANTIZE(*b, q, offset);
#endif
}

/* To 16 bits. */
static inline int32_t puffer_edge_saturate_s16(int32_t x)
{
#if defined(PUFFER_EDGE_THUMB2)
    __asm__("ssat %0, #16, %1" : "=r"(x) : "r"(x));
    return x;
#else
    return x < -32768 ? -32768 : x > 32767 ? 32767 : x;
#endif
}

/* To [0, 2^15 - 1]. */
static inline int32_t puffer_edge_saturate_u15(int32_t x)
{
#if defined(PUFFER_EDGE_THUMB2)
    __asm__("usat %0, #15, %1" : "=r"(x) : "r"(x));
    return x;
#else
    return x < 0 ? 0 : x > 32767 ? 32767 : x;
#endif
}

/* a - b, as near as 32 bits come. */
static inline int32_t puffer_edge_subtract_saturating(int32_t a, int32_t b)
{
#if defined(PUFFER_EDGE_DSP)
    __asm__("qsub %0, %1, %2" : "=r"(a) : "r"(a), "r"(b));
    return a;
#else
    return b > 0 && a < INT32_MIN + b ? INT32_MIN : b < 0 && a > INT32_MAX + b ? INT32_MAX : a - b;
#endif
}

static inline int32_t puffer_edge_clamp_s32(int32_t x, int32_t low, int32_t high)
{
#if defined(PUFFER_EDGE_THUMB2)
    if (__builtin_constant_p(low == -128 && high == 127) && low == -128 && high == 127) {
        __asm__("ssat %0, #8, %1" : "=r"(x) : "r"(x));
        return x;
    }
#endif
    {
        const int32_t above = x > low ? x : low;
        return above < high ? above : high;
    }
}
#endif
