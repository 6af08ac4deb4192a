/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SAMPLE_S8_H
#define PUFFER_EDGE_SAMPLE_S8_H
#include "sampling.h"

/* A choice with the probabilities softmax(scale * x); m and s are those of sampling_weight.
 * What is not above lowest is never drawn. */
static inline int32_t puffer_edge_sample_s8(const int8_t *x, int32_t size, int32_t m, int32_t s,
                                            int32_t lowest, puffer_edge_random_t *random)
{
    int32_t largest = x[0], total = 0, choice = 0;
    for (int32_t i = 1; i < size; ++i) {
        largest = x[i] > largest ? x[i] : largest;
    }
    for (int32_t i = 0; i < size; ++i) {
        total += x[i] > lowest ? puffer_edge_sampling_weight(largest - x[i], m, s) : 0;
    }
    int32_t left = puffer_edge_random_below(random, total);
    for (;; ++choice) {
        left -= x[choice] > lowest ? puffer_edge_sampling_weight(largest - x[choice], m, s) : 0;
        if (left < 0) {
            return choice;
        }
    }
}
#endif
