/* SPDX-License-Identifier: MIT-0 */
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

#if defined(PUFFER_EDGE_DSP)
/* A function in assembler, with the registers of the procedure call standard: it saves what it uses,
 * so neither a frame pointer (r7, r11) nor -O0 takes registers away. r9 it leaves alone, which is a
 * base of data to some (-ffixed-r9, -msingle-pic-base, -frwpi), in interrupts, too. No optimisation
 * between functions may look inside. */
#if defined(__clang__)
#define PUFFER_EDGE_NAKED PUFFER_EDGE_LINKAGE __attribute__((naked, noinline, unused))
#elif __GNUC__ >= 8
#define PUFFER_EDGE_NAKED PUFFER_EDGE_LINKAGE __attribute__((naked, noinline, noclone, noipa, unused))
#else
#define PUFFER_EDGE_NAKED PUFFER_EDGE_LINKAGE __attribute__((naked, noinline, noclone, used))
#endif
#define PUFFER_EDGE_UNUSED __attribute__((unused))
#define PUFFER_EDGE_CLOBBERS "r0", "r1", "r2", "r3", "r12", "cc", "memory"

/* A loop over groups: four at a time, entered so that any number above 0 comes out even. Expects in
 * r12, and in the zero flag, how many are left over by fours; TWO stands for two. */
#define PUFFER_EDGE_FOUR_TIMES(GROUP, TWO, AGAIN) \
    "beq 4f\n\t"                                  \
    "cmp r12, #" TWO "\n\t"                       \
    "bhi 3f\n\t"                                  \
    "beq 2f\n\t"                                  \
    "b 1f\n"                                      \
    "4:\n\t" GROUP "3:\n\t" GROUP "2:\n\t" GROUP "1:\n\t" GROUP AGAIN

/* The same two at a time, for less code; the zero flag says whether their number is even. */
#define PUFFER_EDGE_TWO_TIMES(GROUP, AGAIN) \
    "bne 1f\n"                               \
    "2:\n\t" GROUP "1:\n\t" GROUP AGAIN

/* The same eight at a time, by a table of jumps. Expects in r12 how many are left over by eights; labels
 * from 20 on are its own. */
#define PUFFER_EDGE_EIGHT_TIMES(GROUP, AGAIN)                                      \
    "tbh [pc, r12, lsl #1]\n"                                                      \
    "20:\n\t"                                                                      \
    ".short (28f-20b)/2, (21f-20b)/2, (22f-20b)/2, (23f-20b)/2\n\t"               \
    ".short (24f-20b)/2, (25f-20b)/2, (26f-20b)/2, (27f-20b)/2\n"                  \
    "28:\n\t" GROUP "27:\n\t" GROUP "26:\n\t" GROUP "25:\n\t" GROUP             \
    "24:\n\t" GROUP "23:\n\t" GROUP "22:\n\t" GROUP "21:\n\t" GROUP AGAIN

/* x is r0, w is r1; the sums are r7, r8, r10, r11 from bias (r2) to sum (r3, which waits on the stack).
 * [sp] is free then, and k_size at [sp, #40], and in lr first. */
#define PUFFER_EDGE_SUMS_IN                  \
    "push {r2-r8, r10, r11, lr}\n\t"         \
    "ldm r2, {r7, r8, r10, r11}\n\t"         \
    "ldr lr, [sp, #40]\n\t"
#define PUFFER_EDGE_SUMS_OUT                 \
    "ldr r3, [sp, #4]\n\t"                     \
    "stm r3, {r7, r8, r10, r11}\n\t"         \
    "pop {r2-r8, r10, r11, pc}\n"

static inline uint32_t puffer_edge_load_word(const void *from)
{
    return *(const puffer_edge_word_t *)from;
}

/* sum + a's halves times b's halves. */
static inline int32_t puffer_edge_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t more;
    __asm__("smlad %0, %1, %2, %3" : "=r"(more) : "r"(a), "r"(b), "r"(sum));
    return more;
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
