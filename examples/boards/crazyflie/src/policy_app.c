/* SPDX-License-Identifier: MIT */
/* Steps the policy pendulum at 100 Hz in the app layer of a Crazyflie: put your observation and your action here. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "FreeRTOS.h"
#include "app.h"
#include "log.h"
#include "param.h"
#include "policy.h"
#include "task.h"
#include "usec_time.h"

#define STEPS_PER_SECOND 100
#define DEGREE 0.017453293f

static pendulum_t policy;
static pendulum_obs_t obs;
static pendulum_action_t action; /* zeros until the first good step */
static uint8_t run;              /* set it from the ground */
static uint8_t last_status;
static uint32_t taken;           /* microseconds */
static int32_t wrong;            /* steps of the self-test that gave other bits */
static float torque;

/* One period: the roll stands for the pendulum's angle. */
static void control(logVarId_t roll, logVarId_t rate)
{
    const float angle = logGetFloat(roll) * DEGREE;
    uint64_t start;
    pendulum_status status;
    obs.obs[0] = cosf(angle);
    obs.obs[1] = sinf(angle);
    obs.obs[2] = logGetFloat(rate) * DEGREE;
    start = usecTimestamp();
    status = pendulum_step(&policy, &obs, &action);
    taken = (uint32_t)(usecTimestamp() - start);
    last_status = (uint8_t)status;
    switch (status) {
    case PENDULUM_OK:
        torque = action.action[0]; /* commanderSetSetpoint() of yours */
        break;
    case PENDULUM_BAD_STATE:
        pendulum_reset(&policy);
        break;
    case PENDULUM_BAD_OBSERVATION:
    case PENDULUM_BAD_OUTPUT:
        break; /* the last action stays: land after some of them */
    }
}

void appMain(void)
{
    const logVarId_t roll = logGetVarId("stateEstimate", "roll");
    const logVarId_t rate = logGetVarId("gyro", "x");
    TickType_t last = xTaskGetTickCount();
    bool running = false;
    wrong = pendulum_selftest();
    for (;;) {
        vTaskDelayUntil(&last, M2T(1000 / STEPS_PER_SECOND));
        if (wrong != 0 || run == 0) {
            running = false;
            torque = 0.0f;
            continue;
        }
        if (!running) {
            pendulum_reset(&policy);
            running = true;
        }
        control(roll, rate);
    }
}

PARAM_GROUP_START(pol)
PARAM_ADD(PARAM_UINT8, run, &run)
PARAM_GROUP_STOP(pol)

LOG_GROUP_START(pol)
LOG_ADD(LOG_FLOAT, action, &torque)
LOG_ADD(LOG_UINT32, us, &taken)
LOG_ADD(LOG_UINT8, status, &last_status)
LOG_ADD(LOG_INT32, wrong, &wrong)
LOG_GROUP_STOP(pol)
