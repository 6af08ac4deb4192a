/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GRU_GATES_H
#define PUFFER_EDGE_GRU_GATES_H
#include "gates_vector.h"
#include "gru_parameters.h"

/* Where the assembler below finds the cell's table, output, rounding, reset_bits and zero_point. */
typedef char puffer_edge_gru_offsets_t
    [offsetof(puffer_edge_gru_t, tanh_table) == 16 && offsetof(puffer_edge_gru_t, output) == 20 &&
     offsetof(puffer_edge_gru_t, output_rounding) == 24 &&
     offsetof(puffer_edge_gru_t, reset_bits) == 36 &&
     offsetof(puffer_edge_gru_t, zero_point) == 40 && offsetof(puffer_edge_gru_t, low) == 44 &&
     offsetof(puffer_edge_gru_t, high) == 48 ? 1 : -1];

#define PUFFER_EDGE_NEXT_GRU_GATE                                                 \
    "add r0, r0, r8, lsl #2\n\tadd r1, r1, r8, lsl #2\n\t"                        \
    "add r2, r2, r8, lsl #2\n\tadd r3, r3, r8, lsl #2\n\t"
#define PUFFER_EDGE_GRU_SIGMOID                                                   \
    PUFFER_EDGE_GATE_OF("q0", "r0", "r2") PUFFER_EDGE_GATE_OF("q3", "r1", "r3")   \
    "vadd.i32 q0, q0, q3\n\t" PUFFER_EDGE_SIGMOID_VECTOR

/* The new memory and hidden state of four units or one, which is what puffer_edge_gru_unit gives: sums and
 * ratios lie as [gate][unit]. q4 is the reset gate, q5 the update gate. */
PUFFER_EDGE_NAKED void puffer_edge_gru_gates(
    const int32_t *over_x PUFFER_EDGE_UNUSED, const int32_t *over_h PUFFER_EDGE_UNUSED,
    const puffer_edge_requantize_t *q PUFFER_EDGE_UNUSED,
    const puffer_edge_requantize_t *recurrent_q PUFFER_EDGE_UNUSED,
    const puffer_edge_gru_t *p PUFFER_EDGE_UNUSED, const int16_t *memory PUFFER_EDGE_UNUSED,
    int16_t *y_memory PUFFER_EDGE_UNUSED, int32_t *y PUFFER_EDGE_UNUSED,
    int32_t count PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "push {r4, r6, r8, lr}\n\tvpush {d8-d11}\n\t"
        "ldr r6, [sp, #48]\n\tldr r8, [sp, #64]\n\t"
        "ldr r4, [r6, #16]\n\tadd r12, r4, #2\n\t"
        PUFFER_EDGE_GRU_SIGMOID "vmov q4, q0\n\t" PUFFER_EDGE_NEXT_GRU_GATE
        PUFFER_EDGE_GRU_SIGMOID "vmov q5, q0\n\t" PUFFER_EDGE_NEXT_GRU_GATE
        PUFFER_EDGE_GATE_OF("q3", "r1", "r3") PUFFER_EDGE_SATURATE_S16_VECTOR("q3")
        "vmul.i32 q3, q3, q4\n\t"
        "ldr lr, [r6, #36]\n\tadd lr, lr, #3\n\trsb lr, lr, #0\n\tvrshl.s32 q3, lr\n\t"
        PUFFER_EDGE_GATE_OF("q0", "r0", "r2") "vadd.i32 q0, q0, q3\n\t"
        PUFFER_EDGE_SATURATE_S16_VECTOR("q0") PUFFER_EDGE_TANH_VECTOR
        "vctp.32 r8\n\t"
        "ldr r0, [sp, #52]\n\tvpst\n\tvldrht.s32 q1, [r0]\n\t"
        PUFFER_EDGE_MEAN_VECTOR("q5", "q1", "q0")
        "ldr r0, [sp, #56]\n\tvpst\n\tvstrht.32 q1, [r0]\n\t"
        "vmov q0, q1\n\t" PUFFER_EDGE_OUTPUT_VECTOR("r6", "20", "24", "40", "44", "48")
        "ldr lr, [sp, #60]\n\tvstrw.32 q0, [lr]\n\t"
        "vpop {d8-d11}\n\tpop {r4, r6, r8, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#endif
