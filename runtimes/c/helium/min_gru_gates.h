/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MIN_GRU_GATES_H
#define PUFFER_EDGE_MIN_GRU_GATES_H
#include "gates_vector.h"
#include "min_gru_parameters.h"

/* Where the assembler below finds the cell's table, what is for x, output, rounding, bits, zero_point. */
typedef char puffer_edge_min_gru_offsets_t
    [offsetof(puffer_edge_min_gru_t, tanh_table) == 8 &&
     offsetof(puffer_edge_min_gru_t, x_factor) == 12 &&
     offsetof(puffer_edge_min_gru_t, x_bias) == 16 &&
     offsetof(puffer_edge_min_gru_t, x_shift) == 20 &&
     offsetof(puffer_edge_min_gru_t, output) == 24 &&
     offsetof(puffer_edge_min_gru_t, output_rounding) == 28 &&
     offsetof(puffer_edge_min_gru_t, bits) == 36 &&
     offsetof(puffer_edge_min_gru_t, zero_point) == 40 &&
     offsetof(puffer_edge_min_gru_t, low) == 44 && offsetof(puffer_edge_min_gru_t, high) == 48
     ? 1 : -1];

#define PUFFER_EDGE_NEXT_MIN_GRU_SIGMOID                                          \
    "add r0, r0, r8, lsl #2\n\tadd r1, r1, r8, lsl #2\n\t"                        \
    PUFFER_EDGE_GATE_OF("q0", "r0", "r1") PUFFER_EDGE_SIGMOID_VECTOR

/* The new state and output of four units or one, which is what puffer_edge_min_gru_unit gives: sums and
 * ratios lie as [gate][unit], units has x and then what comes out. q4 is the candidate, then the state;
 * q5 the update gate, then the one of the highway. */
PUFFER_EDGE_NAKED void puffer_edge_min_gru_gates(
    const int32_t *sums PUFFER_EDGE_UNUSED, const puffer_edge_requantize_t *q PUFFER_EDGE_UNUSED,
    const puffer_edge_min_gru_t *p PUFFER_EDGE_UNUSED, const int16_t *h PUFFER_EDGE_UNUSED,
    int16_t *y_h PUFFER_EDGE_UNUSED, int32_t *units PUFFER_EDGE_UNUSED,
    int32_t count PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "push {r4, r5, r6, r8, r10, lr}\n\tvpush {d8-d11}\n\t"
        "ldr r8, [sp, #64]\n\t"
        "ldr r4, [r2, #8]\n\tadd r12, r4, #2\n\t"
        "ldr r5, [r2, #36]\n\t" /* bits */
        "sub r6, r5, #11\n\tand r6, r6, r6, asr #31\n\t"
        "rsb r10, r5, #11\n\tand r10, r10, r10, asr #31\n\t"
        "sub r5, r5, #15\n\t"
        PUFFER_EDGE_GATE_OF("q0", "r0", "r1")
        "vmov.i32 q1, #0\n\tvmax.s32 q4, q0, q1\n\tvmin.s32 q0, q0, q1\n\t"
        "vrshl.s32 q4, r6\n\tvrshl.s32 q0, r10\n\t"
        PUFFER_EDGE_SIGMOID_VECTOR
        "vrshl.s32 q0, r5\n\tvadd.i32 q4, q4, q0\n\t" PUFFER_EDGE_SATURATE_U15_VECTOR("q4")
        PUFFER_EDGE_NEXT_MIN_GRU_SIGMOID "vmov q5, q0\n\t"
        "vctp.32 r8\n\t"
        "vpst\n\tvldrht.s32 q0, [r3]\n\t" PUFFER_EDGE_MEAN_VECTOR("q5", "q4", "q0")
        "ldr r3, [sp, #56]\n\tvpst\n\tvstrht.32 q4, [r3]\n\t"
        PUFFER_EDGE_NEXT_MIN_GRU_SIGMOID "vmov q5, q0\n\t"
        "ldr r3, [sp, #60]\n\tvldrw.u32 q1, [r3]\n\t"
        "ldr lr, [r2, #12]\n\tvmul.i32 q1, q1, lr\n\t"
        "ldr lr, [r2, #16]\n\tvadd.i32 q1, q1, lr\n\t"
        "ldr lr, [r2, #20]\n\trsb lr, lr, #0\n\tvshl.s32 q1, lr\n\t"
        "vmov.i32 q2, #0x7fff\n\tvmin.s32 q1, q1, q2\n\t"
        "vneg.s32 q2, q2\n\tvmax.s32 q1, q1, q2\n\t"
        PUFFER_EDGE_MEAN_VECTOR("q5", "q4", "q1")
        "vmov q0, q4\n\t" PUFFER_EDGE_OUTPUT_VECTOR("r2", "24", "28", "40", "44", "48")
        "vstrw.32 q0, [r3]\n\t"
        "vpop {d8-d11}\n\tpop {r4, r5, r6, r8, r10, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#endif
