/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_GATES_H
#define PUFFER_EDGE_LSTM_GATES_H
#include "gates.h"
#include "helium.h"

/* puffer_edge_requantize of the four sums in Q with the four ratios at RATIOS, without an offset. */
#define PUFFER_EDGE_RATIOS(Q, RATIOS)                               \
    "vldrb.u8 q1, [" RATIOS "]\n\tvneg.s8 q2, q1\n\t"             \
    "vshl.s32 " Q ", " Q ", q2\n\tvshr.s32 q1, q1, #16\n\t"       \
    "vmul.i32 " Q ", " Q ", q1\n\tvshr.u32 q2, q2, #8\n\t"        \
    "vrshl.s32 " Q ", " Q ", q2\n\t"

/* As the function of this name beside this folder, all four gates at once. The sign of a sum waits in the
 * predicate while its size is looked up. */
PUFFER_EDGE_NAKED void puffer_edge_lstm_gates(
    const int32_t *over PUFFER_EDGE_UNUSED, const puffer_edge_requantize_t *q PUFFER_EDGE_UNUSED,
    const puffer_edge_requantize_t *recurrent_q PUFFER_EDGE_UNUSED,
    const int16_t *table PUFFER_EDGE_UNUSED, int32_t *gate PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "vldrw.u32 q0, [r0]\n\t" PUFFER_EDGE_RATIOS("q0", "r1")
        "vldrw.u32 q3, [r0, #16]\n\t" PUFFER_EDGE_RATIOS("q3", "r2")
        "ldr r2, [sp]\n\t"
        "vadd.i32 q0, q0, q3\n\t"
        "vcmp.s32 lt, q0, zr\n\t"
        "vmov.i32 q2, #0x7fff\n\tvabs.s32 q1, q0\n\tvmin.s32 q1, q1, q2\n\t"
        "vmov.i32 q2, #0x7f\n\tvand q2, q1, q2\n\tvshr.u32 q1, q1, #7\n\t"
        "add r0, r3, #2\n\t"
        "vldrh.s32 q3, [r3, q1, uxtw #1]\n\tvldrh.s32 q0, [r0, q1, uxtw #1]\n\t"
        "vsub.i32 q0, q0, q3\n\tvmul.i32 q0, q0, q2\n\t"
        "vrshr.s32 q0, q0, #7\n\tvadd.i32 q0, q0, q3\n\t"
        "vpst\n\tvnegt.s32 q0, q0\n\t"
        "movw r3, #0xf0ff\n\tvmsr p0, r3\n\t" /* i, f and o are sigmoids */
        "mov r3, #16384\n\t"
        "vmov.i32 q1, #0\n\tvmov.i32 q2, #0x7fff\n\t"
        "vpsttt\n\tvaddt.i32 q0, q0, r3\n\tvmaxt.s32 q0, q0, q1\n\tvmint.s32 q0, q0, q2\n\t"
        "vstrw.32 q0, [r2]\n\t"
        "bx lr\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#endif
