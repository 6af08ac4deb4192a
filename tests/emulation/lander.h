/* SPDX-License-Identifier: MIT */
/* A small recurrent policy written by hand in the form that the C exporter gives. */
#ifndef LANDER_H
#define LANDER_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct { float obs[8]; } lander_obs_t;
typedef struct { int32_t action[1]; } lander_action_t;
typedef struct { float state[8]; float logits[4]; } lander_t;
typedef enum { LANDER_OK = 0, LANDER_BAD_OBSERVATION = 1 } lander_status;

#ifdef __cplusplus
extern "C" {
#endif
void lander_reset(lander_t *policy);
const float *lander_logits(const lander_t *policy);
lander_status lander_step(lander_t *policy, const lander_obs_t *obs, lander_action_t *action);
#ifdef LANDER_SELFTEST
int lander_selftest(void);
#endif
#ifdef __cplusplus
}
#endif
#endif

#ifdef LANDER_IMPLEMENTATION
static const float lander_w_in[64] = {
    -0.396484375f, 0.1201171875f, -0.9482421875f, 0.6982421875f, 0.3193359375f, -0.146484375f, -0.15625f, 0.15234375f,
    -0.1337890625f, -0.11328125f, 0.3603515625f, 0.2578125f, -0.0322265625f, -0.04296875f, 0.080078125f, -0.306640625f,
    -0.2021484375f, 0.2744140625f, -0.0654296875f, -0.6875f, -0.23828125f, 0.328125f, -0.1162109375f, -0.07421875f,
    0.3212890625f, 0.912109375f, -0.3564453125f, 0.673828125f, -0.615234375f, 0.087890625f, -0.5849609375f, 0.67578125f,
    0.4169921875f, 0.5693359375f, -0.4423828125f, 0.341796875f, -0.259765625f, -0.228515625f, 0.2529296875f, 0.4384765625f,
    0.1025390625f, -0.314453125f, -0.4130859375f, 0.7216796875f, 0.296875f, 0.3603515625f, 1.091796875f, -0.408203125f,
    1.279296875f, 1.5751953125f, 0.8095703125f, 0.4130859375f, -0.33203125f, 0.4970703125f, -0.2216796875f, -0.0107421875f,
    -0.1455078125f, 0.1416015625f, 0.6435546875f, -0.27734375f, -0.4931640625f, -0.501953125f, -0.484375f, -0.7158203125f,
};
static const float lander_w_state[64] = {
    -0.365234375f, 0.517578125f, -0.2373046875f, 0.1025390625f, -0.486328125f, 0.0673828125f, -0.6962890625f, -0.279296875f,
    0.9013671875f, -0.2333984375f, 0.4482421875f, 0.181640625f, -0.0615234375f, -0.2607421875f, 0.5146484375f, -0.0712890625f,
    0.611328125f, -0.2880859375f, 0.0224609375f, 0.1865234375f, 0.1494140625f, -0.4931640625f, -0.265625f, -0.078125f,
    -0.341796875f, 0.2705078125f, 0.2353515625f, -0.783203125f, -0.7216796875f, -0.5126953125f, 0.046875f, 0.8134765625f,
    -0.1533203125f, 0.1005859375f, -0.4248046875f, -0.4189453125f, -0.783203125f, -0.01171875f, 0.37890625f, -0.142578125f,
    0.55859375f, 0.0791015625f, -0.0146484375f, 0.20703125f, 0.1953125f, 0.458984375f, -0.3203125f, -0.9150390625f,
    0.0458984375f, -0.2451171875f, -0.0107421875f, 0.666015625f, -0.44140625f, 0.3056640625f, 0.3779296875f, 0.1845703125f,
    0.447265625f, -0.18359375f, -0.2724609375f, 0.416015625f, 0.2880859375f, 0.5556640625f, 0.0849609375f, 0.6494140625f,
};
static const float lander_b_state[8] = {
    -0.0849609375f, -0.318359375f, -0.611328125f, -0.330078125f, 0.2451171875f, -0.439453125f, -0.1357421875f, 0.6318359375f,
};
static const float lander_w_out[32] = {
    0.5078125f, 1.07421875f, -0.5947265625f, -1.4755859375f, 0.91015625f, -0.8505859375f, 0.0546875f, 0.1298828125f,
    -0.5693359375f, 0.931640625f, 0.9296875f, 0.3310546875f, -0.017578125f, 0.115234375f, -0.6572265625f, -0.1435546875f,
    -0.0625f, -0.51171875f, 0.509765625f, -0.85546875f, -0.2724609375f, -1.3515625f, 0.2978515625f, 0.4453125f,
    0.373046875f, 1.7509765625f, 0.5634765625f, -0.5654296875f, 1.59765625f, -0.5517578125f, 0.4736328125f, 0.4462890625f,
};
static const float lander_b_out[4] = {
    -0.17578125f, 0.279296875f, 0.0712890625f, 0.1142578125f,
};

void lander_reset(lander_t *policy) { memset(policy, 0, sizeof *policy); }

const float *lander_logits(const lander_t *policy) { return policy->logits; }

lander_status lander_step(lander_t *policy, const lander_obs_t *obs, lander_action_t *action) {
  float next[8];
  int32_t best = 0;
  for (size_t k = 0; k < 8; k++)
    if (!(obs->obs[k] >= -3.4028234e38f && obs->obs[k] <= 3.4028234e38f))
      return LANDER_BAD_OBSERVATION;
  for (size_t j = 0; j < 8; j++) {
    float a = lander_b_state[j];
    for (size_t k = 0; k < 8; k++) a += lander_w_in[8 * j + k] * obs->obs[k];
    for (size_t k = 0; k < 8; k++) a += lander_w_state[8 * j + k] * policy->state[k];
    if (a < -3.0f) a = -3.0f;
    if (a > 3.0f) a = 3.0f;
    {
      const float square = a * a;
      next[j] = a * (27.0f + square) / (27.0f + 9.0f * square);
    }
  }
  memcpy(policy->state, next, sizeof next);
  for (size_t j = 0; j < 4; j++) {
    float a = lander_b_out[j];
    for (size_t k = 0; k < 8; k++) a += lander_w_out[8 * j + k] * next[k];
    policy->logits[j] = a;
    if (a > policy->logits[best]) best = (int32_t)j;
  }
  action->action[0] = best;
  return LANDER_OK;
}

#ifdef LANDER_SELFTEST
static const lander_obs_t lander_selftest_obs[2] = {
    {{-0.75f, 0.5f, 0.0f, -0.5f, 0.75f, 0.25f, -0.25f, -0.75f}},
    {{-0.5f, -0.125f, 0.25f, -0.375f, 0.0f, 0.375f, -0.25f, 0.125f}}
};
static const float lander_selftest_logits[8] = {
    0.986920834f, -0.0724944845f, 2.10808182f, -0.175384134f,
    -1.22225022f, 0.715694726f, 0.88504982f, -0.800660849f,
};

/* The number of values that differ in any bit. */
int lander_selftest(void) {
  lander_t policy;
  lander_action_t action;
  int wrong = 0;
  lander_reset(&policy);
  for (size_t i = 0; i < 2; i++) {
    if (lander_step(&policy, &lander_selftest_obs[i], &action) != LANDER_OK) wrong++;
    for (size_t j = 0; j < 4; j++) {
      uint32_t got, expected;
      memcpy(&got, &policy.logits[j], sizeof got);
      memcpy(&expected, &lander_selftest_logits[4 * i + j], sizeof expected);
      wrong += got != expected;
    }
  }
  return wrong;
}
#endif
#endif
