/* SPDX-License-Identifier: MIT */
/* A cart with a pole, computed: what the examples balance where there is no cart. Put this file beside the example of a
 * project for the policy cartpole; on a real cart read your sensors in sense(), and drive your motor in drive().
 *
 * The equations are those of gymnasium's CartPole-v1 (Barto, Sutton and Anderson 1983), with Euler's method. */
#ifndef CARTPOLE_PLANT_H
#define CARTPOLE_PLANT_H

static float cart[4]; /* position in m, its speed, angle of the pole in rad, its speed */
static uint32_t upright, falls, pushes;
#define REPORT_NAME "upright"
#define REPORT_VALUE upright /* steps since the pole fell last */

/* Puts the pole up, each time a little otherwise. */
static void start(void)
{
    static uint32_t seed = 1u;
    int i;
    for (i = 0; i < 4; ++i) {
        seed = seed * 1664525u + 1013904223u;
        cart[i] = 0.05f * ((float)(seed >> 16) / 32768.0f - 1.0f);
    }
    upright = 0u;
}

/* One period of 20 ms with a push of 10 N to the right or to the left. */
static void push(float force)
{
    const float angle = cart[2], square = angle * angle;
    /* To the bounds of the angle the next terms are below 1e-7. */
    const float sine = angle * (1.0f - square * (1.0f / 6.0f - square * (1.0f / 120.0f)));
    const float cosine = 1.0f - square * (0.5f - square * (1.0f / 24.0f - square * (1.0f / 720.0f)));
    const float rest = (force + 0.05f * cart[3] * cart[3] * sine) / 1.1f;
    const float bend = (9.8f * sine - cosine * rest)
                       / (0.5f * (4.0f / 3.0f - 0.1f * cosine * cosine / 1.1f));
    const float speed = rest - 0.05f * bend * cosine / 1.1f;
    cart[0] += 0.02f * cart[1];
    cart[1] += 0.02f * speed;
    cart[2] += 0.02f * cart[3];
    cart[3] += 0.02f * bend;
}

static void sense(void)
{
    int i;
    if (pushes == 0u || cart[0] < -2.4f || cart[0] > 2.4f || cart[2] < -0.2095f || cart[2] > 0.2095f) {
        falls += pushes != 0u;
        start();
    }
#ifdef CARTPOLE_INTEGER_ONLY /* observation = scale * integer + offset */
    static const float scales[4] = CARTPOLE_OBS_Q_SCALES, offsets[4] = CARTPOLE_OBS_Q_OFFSETS;
    for (i = 0; i < 4; ++i) {
        const float number = (cart[i] - offsets[i]) / scales[i];
        obs.obs[i] = (int16_t)(number < -32768.0f ? -32768.0f : number > 32767.0f ? 32767.0f : number);
    }
#else
    for (i = 0; i < 4; ++i) {
        obs.obs[i] = cart[i];
    }
#endif
}

static void drive(void)
{
    push(action.action[0] ? 10.0f : -10.0f);
    ++pushes;
    ++upright;
}

static void stop(void)
{
    push(0.0f);
}

#endif
