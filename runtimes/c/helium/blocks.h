/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_BLOCKS_H
#define PUFFER_EDGE_BLOCKS_H
#include "helium.h"
#include "requantize.h"

/* puffer_edge_requantize of the four sums in q0, with the four ratios at [r3], which moves on; OFFSET
 * is a register. A shift by a vector looks at the lowest byte of each element, and goes to the right
 * where that is negative. Clobbers q1 and q2. */
#define PUFFER_EDGE_REQUANTIZE_VECTOR(OFFSET)                     \
    "vldrb.u8 q1, [r3], #16\n\tvneg.s8 q2, q1\n\t"              \
    "vshl.s32 q0, q0, q2\n\tvshr.s32 q1, q1, #16\n\t"           \
    "vmul.i32 q0, q0, q1\n\tvshr.u32 q2, q2, #8\n\t"            \
    "vrshl.s32 q0, q0, q2\n\tvadd.i32 q0, q0, " OFFSET "\n\t"

/* Four elements, and the bytes that they take. */
#define PUFFER_EDGE_LOAD_ELEMENT_S8 "vldrb.s32 "
#define PUFFER_EDGE_LOAD_ELEMENT_S16 "vldrh.s32 "
#define PUFFER_EDGE_STORE_ELEMENT_S8 "vstrb.32 "
#define PUFFER_EDGE_STORE_ELEMENT_S16 "vstrh.32 "
#define PUFFER_EDGE_FOUR_S8 "4"
#define PUFFER_EDGE_FOUR_S16 "8"

/* The low parts of the elements of q0 to [r5], which moves on: side by side, or as many elements apart
 * as lie at [sp, #104]. */
#define PUFFER_EDGE_STORE_S8 "vstrb.32 q0, [r5], #4\n\t"
#define PUFFER_EDGE_STORE_S16 "vstrh.32 q0, [r5], #8\n\t"
#define PUFFER_EDGE_STORE_APART(VSTR, SHIFT)                                      \
    "mov lr, #0\n\tvidup.u32 q1, lr, #1\n\tldr r12, [sp, #104]\n\t"             \
    "vmul.i32 q1, q1, r12\n\t" VSTR "\n\tadd r5, r5, r12, lsl #" SHIFT "\n\t"
#define PUFFER_EDGE_STORE_APART_S8 PUFFER_EDGE_STORE_APART("vstrb.32 q0, [r5, q1]", "2")
#define PUFFER_EDGE_STORE_APART_S16 PUFFER_EDGE_STORE_APART("vstrh.32 q0, [r5, q1, uxtw #1]", "3")

/* A function for the blocks of four rows of a matrix: x, w, bias, the ratios, y, k_size, how many
 * blocks, zero point, low, high, and what STORE takes. */
#define PUFFER_EDGE_BLOCKS(SUMS, STORE)                                \
    "push {r4-r8, r10, r11, lr}\n\tvpush {d8-d13}\n\t"               \
    "mov r11, r0\n\t"                                                \
    "ldr r5, [sp, #80]\n\t"                                          \
    "ldr r7, [sp, #88]\n"                                            \
    "8:\n\t"                                                         \
    "mov r0, r11\n\t"                                                \
    "ldm r2!, {r4, r6, r8, r10}\n\t"                                 \
    SUMS("84")                                                       \
    "add r12, sp, #92\n\t"                                           \
    "ldm r12, {r4, r6, r8}\n\t"                                      \
    PUFFER_EDGE_REQUANTIZE_VECTOR("r4")                              \
    "vdup.32 q1, r6\n\tvmax.s32 q0, q0, q1\n\t"                      \
    "vdup.32 q1, r8\n\tvmin.s32 q0, q0, q1\n\t"                      \
    STORE                                                            \
    "subs r7, r7, #1\n\t"                                            \
    "bne 8b\n\t"                                                     \
    "vpop {d8-d13}\n\tpop {r4-r8, r10, r11, pc}\n"
#endif
