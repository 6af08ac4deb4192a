/* SPDX-License-Identifier: MIT */
/* The four operations and the comparisons, bare: what every float policy is made of. */
#ifndef PROBE_H
#define PROBE_H
#include <stddef.h>
#include <stdint.h>

typedef struct { float a, b; } probe_obs_t;
typedef struct { float action[1]; } probe_action_t;
typedef struct { float arithmetic[4]; float compared[6]; } probe_t;
typedef enum { PROBE_OK = 0 } probe_status;

#ifdef __cplusplus
extern "C" {
#endif
void probe_reset(probe_t *policy);
const float *probe_arithmetic(const probe_t *policy);
const float *probe_compared(const probe_t *policy);
probe_status probe_step(probe_t *policy, const probe_obs_t *obs, probe_action_t *action);
#ifdef PROBE_SELFTEST
int probe_selftest(void);
#endif
#ifdef __cplusplus
}
#endif
#endif

#ifdef PROBE_IMPLEMENTATION
void probe_reset(probe_t *policy) {
  for (size_t i = 0; i < 4; i++) policy->arithmetic[i] = 0.0f;
  for (size_t i = 0; i < 6; i++) policy->compared[i] = 0.0f;
}

const float *probe_arithmetic(const probe_t *policy) { return policy->arithmetic; }
const float *probe_compared(const probe_t *policy) { return policy->compared; }

probe_status probe_step(probe_t *policy, const probe_obs_t *obs, probe_action_t *action) {
  const float a = obs->a, b = obs->b;
  policy->arithmetic[0] = a + b;
  policy->arithmetic[1] = a - b;
  policy->arithmetic[2] = a * b;
  policy->arithmetic[3] = a / b;
  policy->compared[0] = a < b ? 1.0f : 0.0f;
  policy->compared[1] = a <= b ? 1.0f : 0.0f;
  policy->compared[2] = a > b ? 1.0f : 0.0f;
  policy->compared[3] = a >= b ? 1.0f : 0.0f;
  policy->compared[4] = a == b ? 1.0f : 0.0f; /* -0 == 0, NaN != NaN */
  policy->compared[5] = a != b ? 1.0f : 0.0f;
  action->action[0] = a;
  return PROBE_OK;
}

#ifdef PROBE_SELFTEST
int probe_selftest(void) { return 0; }
#endif
#endif
