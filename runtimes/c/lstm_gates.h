/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_GATES_H
#define PUFFER_EDGE_LSTM_GATES_H
#include "gates.h"

/* The sums of gates AT and AT + 1, before the function: see lstm_gates. */
#if defined(PUFFER_EDGE_DSP) && !defined(PUFFER_EDGE_SMALL)
#define PUFFER_EDGE_GATES_BY_TWO
/* As requantize.h does it, with one load of two words where there can be one. */
#define PUFFER_EDGE_RATIO(SUM, RATIO, OFFSET)                                           \
    "asr %[" SUM "], %[" SUM "], %[" RATIO "]\n\tasrs %[m], %[" RATIO "], #16\n\t"      \
    "lsr %[" RATIO "], %[" RATIO "], #8\n\tmul %[" SUM "], %[" SUM "], %[m]\n\t"        \
    "asrs %[" SUM "], %[" SUM "], %[" RATIO "]\n\t"                                     \
    "adc %[" SUM "], %[" SUM "], " OFFSET "\n\t"
#define PUFFER_EDGE_GATE_SUMS(AT)                                                       \
    __asm__("ldrd %[a], %[b], [%[over], %[at]]\n\t"                                     \
            "ldrd %[p], %[r], [%[q], %[at]]\n\t"                                        \
            PUFFER_EDGE_RATIO("a", "p", "#0") PUFFER_EDGE_RATIO("b", "r", "#0")         \
            "ldrd %[p], %[r], [%[recurrent], %[at]]\n\t"                                \
            "ldr %[c], [%[over], %[at] + 16]\n\t"                                       \
            PUFFER_EDGE_RATIO("c", "p", "%[a]")                                         \
            "ldr %[a], [%[over], %[at] + 20]\n\t"                                       \
            PUFFER_EDGE_RATIO("a", "r", "%[b]")                                         \
            : [a] "=&r"(second), [b] "=&r"(b), [c] "=&r"(first), [p] "=&r"(p),          \
              [r] "=&r"(r), [m] "=&r"(m)                                                \
            : [over] "r"(over), [q] "r"(q), [recurrent] "r"(recurrent_q),               \
              [at] "i"(4 * (AT))                                                        \
            : "cc", "memory")
#else
#define PUFFER_EDGE_GATE_SUMS(AT)                                                       \
    first = puffer_edge_gate_sum(over[AT], q + (AT), over[(AT) + 4], recurrent_q + (AT)); \
    second = puffer_edge_gate_sum(over[(AT) + 1], q + (AT) + 1, over[(AT) + 5],         \
                                  recurrent_q + (AT) + 1)
#endif

/* The gates of a unit, i, f, g and o, from the sums of each over x, then over h. */
static inline void puffer_edge_lstm_gates(const int32_t *over, const puffer_edge_requantize_t *q,
                                          const puffer_edge_requantize_t *recurrent_q,
                                          const int16_t *table, int32_t *gate)
{
    int32_t first, second;
#if defined(PUFFER_EDGE_GATES_BY_TWO)
    int32_t b, p, r, m;
#endif
    PUFFER_EDGE_GATE_SUMS(0);
    gate[0] = puffer_edge_gate_sigmoid(table, first);
    gate[1] = puffer_edge_gate_sigmoid(table, second);
    PUFFER_EDGE_GATE_SUMS(2);
    gate[2] = puffer_edge_gate_tanh(table, first);
    gate[3] = puffer_edge_gate_sigmoid(table, second);
}
#endif
