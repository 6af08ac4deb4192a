/* A policy in an Arduino sketch. Beside this file lies policy.h of
 *
 *     puffer-edge export examples/policies/cartpole_sb3.zip --name lander
 *
 * This is the whole program, so it holds the implementation, too. In a sketch of several files the
 * two macros of the self-test's line go, and policy.c lies beside policy.h. */
#include <Arduino.h>

#define LANDER_SELFTEST
#define LANDER_IMPLEMENTATION
#include "policy.h"

static const unsigned long PERIOD = 20000; /* microseconds of a step, as in training */
static const int PATIENCE = 5;             /* steps without a new action until the plant is stopped */

static lander_t policy; /* all the memory of the policy */
static lander_obs_t obs;
static lander_action_t action; /* zeros until the first good step: see that this is safe */
static unsigned long next_step, longest;
static int missed;
static bool good;

/* Reads the sensors, in the units that policy.h tells. */
static void sense()
{
    for (int i = 0; i < LANDER_OBS_SIZE; ++i) {
        obs.obs[i] = (float)analogRead(i) * (1.0f / 1024.0f);
    }
}

static void drive()
{
    digitalWrite(LED_BUILTIN, action.action[0] ? HIGH : LOW);
}

static void stop()
{
    digitalWrite(LED_BUILTIN, LOW);
}

void setup()
{
    Serial.begin(115200);
    pinMode(LED_BUILTIN, OUTPUT);
    good = lander_selftest() == 0;
    if (!good) {
        Serial.println("other bits than they must be: look at the compiler's flags");
    }
    lander_reset(&policy);
    next_step = micros();
}

void loop()
{
    if (!good || (long)(micros() - next_step) < 0) {
        return;
    }
    next_step += PERIOD;
    sense();
    const unsigned long start = micros();
    const lander_status status = lander_step(&policy, &obs, &action);
    const unsigned long taken = micros() - start;
    longest = taken > longest ? taken : longest;
    switch (status) {
    case LANDER_OK:
        missed = 0;
        drive();
        return;
    case LANDER_BAD_STATE: /* what it remembers leads nowhere: forget it */
        lander_reset(&policy);
        break;
    case LANDER_BAD_OBSERVATION: /* a sensor gave NaN or infinity */
    case LANDER_BAD_OUTPUT:      /* an observation far outside of the training's */
        break;
    }
    /* The action is still the last good one. */
    if (++missed > PATIENCE) {
        stop();
    } else {
        drive();
    }
}
