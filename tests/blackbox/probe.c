/* SPDX-License-Identifier: MIT */
/* Steps a policy with random numbers, with resets and sensors that fail, into its black box, and writes that. Built for a
 * computer, or with put() and write_all() of a board. FLOATS, INTEGERS: which steps are taken. */
#include "policy_blackbox.h"
#include <string.h>

static uint32_t seed = SEED;

static uint32_t next_number(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static zoo_t policy;
zoo_blackbox_t box;
static uint32_t microseconds = 0xfffff000u; /* wraps */

#if defined(FLOATS)
static zoo_obs_t obs;
static zoo_action_t action;
static void step(uint32_t i)
{
    float *x = (float *)(void *)&obs;
    uint32_t k;
    for (k = 0; k < ZOO_OBS_SIZE; k++) {
        x[k] = (float)(int32_t)next_number() * (1.0f / 4194304.0f) - 2.0f;
    }
    if (i % 97u == 96u) {
        memset(&x[i % ZOO_OBS_SIZE], 0xff, sizeof(float)); /* NaN */
    }
    if (i % 5u == 4u) { /* as with a shield, which changes the action */
        zoo_action_t applied;
        zoo_status status;
        zoo_blackbox_before(&box, &policy);
        status = zoo_step(&policy, &obs, &action);
        memset(&applied, 0, sizeof applied);
        zoo_blackbox_after(&box, &policy, &obs, &action, &applied, status, microseconds);
    } else {
        (void)zoo_blackbox_step(&box, &policy, &obs, &action, microseconds);
    }
}
#endif
#if defined(INTEGERS)
static zoo_obs_q_t obs_q;
static ZOO_ACTION_Q action_q;
static void step_q(void)
{
    uint8_t *x = (uint8_t *)(void *)&obs_q;
    uint32_t k;
    for (k = 0; k < sizeof obs_q; k++) {
        x[k] = (uint8_t)next_number();
    }
    (void)zoo_blackbox_step_q(&box, &policy, &obs_q, &action_q, microseconds);
}
#endif

void write_all(void);

int main(void)
{
    uint32_t i;
    zoo_blackbox_start(&box);
    zoo_blackbox_reset(&box, &policy);
    for (i = 0; i < STEPS; i++) {
        if ((next_number() >> 5) % 9u == 0u) {
            zoo_blackbox_reset(&box, &policy);
        }
#if defined(FLOATS) && defined(INTEGERS)
        if (i % 2u == 0u) {
            step_q();
        } else {
            step(i);
        }
#elif defined(INTEGERS)
        step_q();
#else
        step(i);
#endif
        microseconds += 1000u;
    }
    write_all();
    return 0;
}

#if defined(COMPUTER)
#include <stdio.h>
static void put(void *file, char letter) { (void)fputc(letter, (FILE *)file); }
static void put_byte(void *file, uint8_t byte) { (void)fputc(byte, (FILE *)file); }
void write_all(void)
{
    FILE *file = fopen("log.txt", "w");
    fputs("booting\n", file);
    zoo_blackbox_text(&box, put, file);
    (void)fclose(file);
    file = fopen("log.bin", "wb");
    zoo_blackbox_binary(&box, put_byte, file);
    (void)fclose(file);
}
#else
#define REGISTER(address) (*(volatile uint32_t *)(address))
static void put(void *usart, char letter)
{
    (void)usart;
    while ((REGISTER(0x40011000u) & 0x80u) == 0u) { /* USART1: SR, until TXE */
    }
    REGISTER(0x40011004u) = (uint32_t)letter;
}
void write_all(void)
{
    REGISTER(0x4001100Cu) = 0x2008u; /* CR1: UE, TE */
    zoo_blackbox_text(&box, put, 0);
    {
        register uint32_t r0 __asm__("r0") = 0x18u;
        register const void *r1 __asm__("r1") = (const void *)0x20026u;
        __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    }
}
#endif
