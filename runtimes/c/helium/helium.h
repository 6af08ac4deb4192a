/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_HELIUM_H
#define PUFFER_EDGE_HELIUM_H
#include "mac_integer.h"

/* Kernels for Helium, the vectors of 128 bits of a Cortex-M55: a file here takes the place of the one
 * of its name beside this folder. The layout of the weights and every bit stay, and what is built
 * without Helium (+nomve) takes the other file. */
#if defined(PUFFER_EDGE_DSP) && defined(__ARM_FEATURE_MVE)
#define PUFFER_EDGE_MVE
#if __ARM_FEATURE_MVE & 2
#define PUFFER_EDGE_MVE_F32
#endif
/* A function with vectors of floats, which clang is told not to make. */
#if defined(__clang__)
#define PUFFER_EDGE_HELIUM_FLOATS __attribute__((target("mve.fp"))) PUFFER_EDGE_NAKED
#else
#define PUFFER_EDGE_HELIUM_FLOATS PUFFER_EDGE_NAKED
#endif

/* A block of four rows has groups of columns, each four words, one per row. So VLD4, which takes
 * apart what is interleaved by words, loads 16 bytes of each row into q0 to q3. Words of weights are
 * aligned; vectors of activations are loaded by their elements, which is all the alignment that
 * those have. r1: w. */
#define PUFFER_EDGE_FOUR_ROWS                                        \
    "vld40.32 {q0, q1, q2, q3}, [r1]\n\tvld41.32 {q0, q1, q2, q3}, [r1]\n\t" \
    "vld42.32 {q0, q1, q2, q3}, [r1]\n\tvld43.32 {q0, q1, q2, q3}, [r1]!\n\t"

/* q0: the addresses of up to four groups in row 0, for loads that leave out those that are not there.
 * Clobbers lr. */
#define PUFFER_EDGE_GROUP_ADDRESSES \
    "lsr lr, r1, #2\n\tvidup.u32 q0, lr, #4\n\tvshl.i32 q0, q0, #2\n\t"

/* The four sums of 32 bits, which are in r4, r6, r8 and r10, to q0. */
#define PUFFER_EDGE_SUMS_TO_VECTOR "vmov q0[2], q0[0], r4, r8\n\tvmov q0[3], q0[1], r6, r10\n\t"

/* A function that gives four sums: x, w, bias, where they go, and k_size on the stack. */
#define PUFFER_EDGE_MAC4(SUMS)                                      \
    "push {r3, r4, r6, r8, r10, lr}\n\tvpush {d8-d13}\n\t"        \
    "ldm r2, {r4, r6, r8, r10}\n\t" SUMS("72") "vstrw.32 q0, [r3]\n\t" \
    "vpop {d8-d13}\n\tpop {r3, r4, r6, r8, r10, pc}\n"
#endif
#endif
