/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GATES_VECTOR_H
#define PUFFER_EDGE_GATES_VECTOR_H
#include "gates.h"
#include "helium.h"

#define PUFFER_EDGE_GATES_VECTOR
/* Of four units at once, or of as many as r8 says. */

/* puffer_edge_requantize of Q with the ratios in q1, without an offset. Clobbers q1 and q2. */
#define PUFFER_EDGE_BY_RATIOS(Q)                                    \
    "vneg.s8 q2, q1\n\tvshl.s32 " Q ", " Q ", q2\n\t"              \
    "vshr.s32 q1, q1, #16\n\tvmul.i32 " Q ", " Q ", q1\n\t"        \
    "vshr.u32 q2, q2, #8\n\tvrshl.s32 " Q ", " Q ", q2\n\t"

/* The sums at OVER to Q, requantised by the ratios at RATIOS; 0 for units that are not there. */
#define PUFFER_EDGE_GATE_OF(Q, OVER, RATIOS)                                      \
    "vctp.32 r8\n\tvldrw.u32 " Q ", [" OVER "]\n\t"                              \
    "vpst\n\tvldrbt.u8 q1, [" RATIOS "]\n\t" PUFFER_EDGE_BY_RATIOS(Q)

/* puffer_edge_gate_tanh of q0 by the table at r4, and at r12 behind its first entry. The sign waits in
 * the predicate while the size is looked up. Clobbers q1 to q3. */
#define PUFFER_EDGE_TANH_VECTOR                                                   \
    "vcmp.s32 lt, q0, zr\n\t"                                                     \
    "vmov.i32 q2, #0x7fff\n\tvabs.s32 q1, q0\n\tvmin.s32 q1, q1, q2\n\t"          \
    "vmov.i32 q2, #0x7f\n\tvand q2, q1, q2\n\tvshr.u32 q1, q1, #7\n\t"            \
    "vldrh.s32 q3, [r4, q1, uxtw #1]\n\tvldrh.s32 q0, [r12, q1, uxtw #1]\n\t"     \
    "vsub.i32 q0, q0, q3\n\tvmul.i32 q0, q0, q2\n\t"                              \
    "vrshr.s32 q0, q0, #7\n\tvadd.i32 q0, q0, q3\n\t"                             \
    "vpst\n\tvnegt.s32 q0, q0\n\t"

/* Q between 0 and 2^15 - 1. Clobbers q1. */
#define PUFFER_EDGE_SATURATE_U15_VECTOR(Q)                                        \
    "vmov.i32 q1, #0\n\tvmax.s32 " Q ", " Q ", q1\n\t"                            \
    "vmov.i32 q1, #0x7fff\n\tvmin.s32 " Q ", " Q ", q1\n\t"

/* puffer_edge_gate_sigmoid. Clobbers lr, too. */
#define PUFFER_EDGE_SIGMOID_VECTOR                                                \
    PUFFER_EDGE_TANH_VECTOR                                                       \
    "mov lr, #16384\n\tvadd.i32 q0, q0, lr\n\t" PUFFER_EDGE_SATURATE_U15_VECTOR("q0")

/* A becomes the mean of A and B, whose weights, WEIGHT and the rest of 2^15, add up. Clobbers B, q2, lr. */
#define PUFFER_EDGE_MEAN_VECTOR(WEIGHT, A, B)                                     \
    "mov lr, #32768\n\tvdup.32 q2, lr\n\tvsub.i32 q2, q2, " WEIGHT "\n\t"         \
    "vmul.i32 " A ", " A ", " WEIGHT "\n\tvmul.i32 " B ", " B ", q2\n\t"          \
    "vadd.i32 " A ", " A ", " B "\n\tvrshr.s32 " A ", " A ", #15\n\t"

/* q0 with the rounding, by the ratio, plus the zero point, between both limits: where they lie in P.
 * Clobbers q1, q2 and lr. */
#define PUFFER_EDGE_OUTPUT_VECTOR(P, RATIO, ROUNDING, ZERO, LOW, HIGH)            \
    "ldr lr, [" P ", #" ROUNDING "]\n\tvadd.i32 q0, q0, lr\n\t"                   \
    "ldr lr, [" P ", #" RATIO "]\n\tvdup.32 q1, lr\n\t"                           \
    PUFFER_EDGE_BY_RATIOS("q0")                                                   \
    "ldr lr, [" P ", #" ZERO "]\n\tvadd.i32 q0, q0, lr\n\t"                       \
    "ldr lr, [" P ", #" LOW "]\n\tvdup.32 q1, lr\n\tvmax.s32 q0, q0, q1\n\t"      \
    "ldr lr, [" P ", #" HIGH "]\n\tvdup.32 q1, lr\n\tvmin.s32 q0, q0, q1\n\t"

/* To 16 bits. Clobbers q1. */
#define PUFFER_EDGE_SATURATE_S16_VECTOR(Q) "vqmovnb.s32 q1, " Q "\n\tvmovlb.s16 " Q ", q1\n\t"
#endif
