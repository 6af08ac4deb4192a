/* SPDX-License-Identifier: MIT */
/* Steps a policy through observations that it makes itself, and keeps a digest of all that came out
 * so far after every step: two machines that agree on the last digest agreed on every bit, and else
 * the first digest that differs says at which step. Values are digested, not bytes, so the order of
 * bytes does not matter. On a system with a libc a program prints the digests. */
#include <stdint.h>
#include <string.h>
#if __STDC_HOSTED__
#include <stdio.h>
#endif

extern uint8_t edge_obs[], edge_action[], edge_outputs[];
extern uint32_t edge_digests[EDGE_STEPS];
void edge_reset(void);
int edge_step(void);
void edge_read_outputs(void);
int edge_prove(void);
uint32_t edge_digests[EDGE_STEPS];

/* The finaliser of MurmurHash3: a different, evenly spread number for every index. */
static uint32_t noise(uint32_t index)
{
    uint32_t h = index * 0x9E3779B9u + 1u;
    h ^= h >> 16;
    h *= 0x85EBCA6Bu;
    h ^= h >> 13;
    h *= 0xC2B2AE35u;
    return h ^ h >> 16;
}

static void make_observation(uint32_t step)
{
    uint32_t i;
    for (i = 0; i < EDGE_OBS_BYTES / EDGE_OBS_SIZE; i++) {
        const uint32_t word = noise(step * (EDGE_OBS_BYTES / EDGE_OBS_SIZE) + i);
#if EDGE_OBS_SIZE == 4 /* floats of 2^-7 to 2^9 */
        const uint32_t made = (word & 0x807FFFFFu) | (120u + (word >> 23 & 15u)) << 23;
#elif EDGE_OBS_SIZE == 2 /* integers of every magnitude */
        const int16_t made = (int16_t)((int16_t)(uint16_t)word >> (word >> 16 & 15u));
#else
        const int8_t made = (int8_t)((int8_t)(uint8_t)word >> (word >> 16 & 7u));
#endif
        memcpy(edge_obs + i * EDGE_OBS_SIZE, &made, EDGE_OBS_SIZE);
    }
}

static uint32_t digest(uint32_t h, uint32_t word)
{
    h = (h ^ word) * 16777619u;
    return h ^ h >> 15;
}

int edge_prove(void)
{
    uint32_t step, i, h = 0;
    for (step = 0; step < EDGE_STEPS; step++) {
        if (step % EDGE_EPISODE == 0) edge_reset();
        make_observation(step);
        h = digest(h, (uint32_t)edge_step());
        edge_read_outputs();
        for (i = 0; i < EDGE_ACTION_BYTES; i += EDGE_ACTION_SIZE) {
#if EDGE_ACTION_SIZE == 4
            uint32_t word;
#elif EDGE_ACTION_SIZE == 2
            int16_t word;
#else
            int8_t word;
#endif
            memcpy(&word, edge_action + i, EDGE_ACTION_SIZE);
            h = digest(h, (uint32_t)word);
        }
        for (i = 0; i < EDGE_OUTPUTS_BYTES; i += 4) {
            uint32_t word;
            memcpy(&word, edge_outputs + i, 4);
            h = digest(h, word);
        }
        edge_digests[step] = h;
    }
    return 0;
}

#if __STDC_HOSTED__
int main(void)
{
    uint32_t step;
    (void)edge_prove();
    for (step = 0; step < EDGE_STEPS; step++) printf("%08lx\n", (unsigned long)edge_digests[step]);
    return 0;
}
#endif
