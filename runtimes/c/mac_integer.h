#ifndef PUFFER_EDGE_MAC_INTEGER_H
#define PUFFER_EDGE_MAC_INTEGER_H
#include "base.h"

/* What the integer kernels mac4_<types> and mac1_<types> share.
 *
 * mac4: sum[i] = bias[i] + sum over k of x[k] * weight[i][k] for four rows i; mac1 for one row.
 * Integer sums are exact in any order, so a kernel takes columns in groups that suit its core. A
 * group of a block has the columns of row 0, then those of row 1, 2, 3; the columns that fill no
 * group follow one by one, interleaved as w[k][i]. */

/* One column: v is x[AT], READ reads a weight; it is the J-th of GROUP columns per row. */
#define PUFFER_EDGE_COLUMN4(READ, AT, J, GROUP) \
    v = x[AT];                                  \
    s0 += v * READ(w + (J));                    \
    s1 += v * READ(w + (GROUP) + (J));          \
    s2 += v * READ(w + 2 * (GROUP) + (J));      \
    s3 += v * READ(w + 3 * (GROUP) + (J));

#if defined(PUFFER_EDGE_DSP) && !defined(__clang__) /* a frame pointer would be a register less */
#define PUFFER_EDGE_MAC4 __attribute__((optimize("omit-frame-pointer"))) PUFFER_EDGE_KERNEL
#else
#define PUFFER_EDGE_MAC4 PUFFER_EDGE_KERNEL
#endif

#if defined(PUFFER_EDGE_DSP)
/* The loop over groups in assembler: four at a time, entered so that any number comes out even.
 * Expects in r12, and in the zero flag, how many are left over by fours; TWO stands for two. */
#define PUFFER_EDGE_FOUR_TIMES(GROUP, TWO, AGAIN) \
    "beq 4f\n\t"                                  \
    "cmp r12, #" TWO "\n\t"                       \
    "bhi 3f\n\t"                                  \
    "beq 2f\n\t"                                  \
    "b 1f\n"                                      \
    "4:\n\t" GROUP "3:\n\t" GROUP "2:\n\t" GROUP "1:\n\t" GROUP AGAIN

/* Sums are r8, r9, s2 and s3. Few registers are left for operands (clang gives up at seven), so s2
 * and s3 bring the addresses of the bias and of the results, and the latter waits on the stack. */
#define PUFFER_EDGE_SUMS_IN         \
    "push {%[s3]}\n\t"              \
    "ldrd r8, r9, [%[s2]]\n\t"      \
    "ldrd %[s2], %[s3], [%[s2], #8]\n\t"
#define PUFFER_EDGE_SUMS_OUT        \
    "pop {r12}\n\t"                 \
    "strd r8, r9, [r12]\n\t"        \
    "strd %[s2], %[s3], [r12, #8]\n"

static inline uint32_t puffer_edge_load_word(const void *from)
{
    return *(const puffer_edge_word_t *)from;
}

/* sum + a's halves times b's halves. */
static inline int32_t puffer_edge_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

/* Bytes 0 and 2 as two signed halves. */
static inline uint32_t puffer_edge_sxtb16(uint32_t bytes)
{
    uint32_t halves;
    __asm__("sxtb16 %0, %1" : "=r"(halves) : "r"(bytes));
    return halves;
}

/* Bytes 1 and 3. */
static inline uint32_t puffer_edge_sxtb16_odd(uint32_t bytes)
{
    uint32_t halves;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(halves) : "r"(bytes));
    return halves;
}
#endif
#endif
