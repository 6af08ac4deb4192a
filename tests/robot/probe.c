/* SPDX-License-Identifier: MIT */
/* Steps a contract with random sensors and actions, and writes the digest of all that came out; the
 * test computes the same. Built for a computer, or with a say() of its own for a board. */
#include "policy_robot.h"
#include <string.h>

void say(const char *text);

static uint32_t seed = 1u;

static float next_number(void)
{
    volatile float product; /* rounded before the difference is */
    seed = seed * 1664525u + 1013904223u;
    product = (float)(int32_t)(seed >> 16) * 0.0001f;
    return product - 3.0f;
}

static uint32_t digest = 2166136261u;

static void add(const void *bytes, uint32_t count)
{
    const unsigned char *p = (const unsigned char *)bytes;
    while (count-- != 0u) {
        digest = (digest ^ *p++) * 16777619u;
    }
}

int probe(void);

int probe(void)
{
    static lander_robot_t robot;
    static lander_sensors_t sensors;
    static lander_obs_t obs;
    static lander_action_t action;
    static lander_targets_t targets;
    char line[10] = "........\n";
    uint32_t step, i;
    memset(&targets, 0, sizeof targets);
    lander_robot_reset(&robot);
    for (step = 0u; step < STEPS; step++) {
        float *number = (float *)&sensors;
        if (step == STEPS / 2u) {
            lander_robot_reset(&robot);
        }
        for (i = 0u; i < sizeof sensors / sizeof(float); i++) {
            number[i] = next_number();
        }
        if (lander_pack(&robot, &sensors, &obs) != LANDER_OK) {
            return 1;
        }
        add(&obs, (uint32_t)sizeof obs);
        for (i = 0u; i < LANDER_ACTION_SIZE; i++) {
            action.action[i] = next_number();
        }
        lander_unpack(&robot, &action, &targets);
        add(&targets, (uint32_t)sizeof targets);
    }
    for (i = 0u; i < 8u; i++) {
        line[i] = "0123456789abcdef"[digest >> (28u - 4u * i) & 15u];
    }
    say(line);
    return 0;
}

#ifdef COMPUTER
#include <stdio.h>
void say(const char *text) { fputs(text, stdout); }
int main(void) { return probe(); }
#endif
