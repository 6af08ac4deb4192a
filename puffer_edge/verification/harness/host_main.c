/* SPDX-License-Identifier: MIT */
/* Serves a policy over standard input and output: one command byte, then its reply.
 *   r             reset; no reply
 *   s <obs>       step; int32 status, action, outputs
 *   l <n> <m> <obs>*n   m steps, over the n observations again and again; the outputs of each, then
 *                 how far each state went
 *   t             self-test; int32 number of values that differ
 * A process of its own: a policy that crashes or hangs takes nobody with it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

extern unsigned char edge_obs[], edge_action[], edge_outputs[];
void edge_reset(void);
int edge_step(void);
void edge_read_outputs(void);
int edge_selftest(void);
extern int32_t edge_extremes[];
void edge_track(void);

static void reply(const void *data, size_t size) { (void)fwrite(data, 1, size, stdout); }

/* All observations are read before the first reply, so that nobody waits for the other. */
static int loop(void) {
  uint32_t sizes[2], step, i;
  unsigned char *recorded;
  if (fread(sizes, sizeof sizes, 1, stdin) != 1 || sizes[0] == 0) return 0;
  recorded = (unsigned char *)malloc((size_t)sizes[0] * EDGE_OBS_BYTES);
  if (!recorded || fread(recorded, EDGE_OBS_BYTES, sizes[0], stdin) != sizes[0]) return 0;
  for (step = 0; step < sizes[1]; step++) {
    for (i = 0; i < EDGE_OBS_BYTES; i++)
      edge_obs[i] = recorded[(size_t)(step % sizes[0]) * EDGE_OBS_BYTES + i];
    (void)edge_step();
    edge_track();
    edge_read_outputs();
    reply(edge_outputs, EDGE_OUTPUTS_BYTES);
  }
  reply(edge_extremes, EDGE_STATES * 3 * sizeof edge_extremes[0]);
  free(recorded);
  return 1;
}

int main(void) {
  int command;
#ifdef _WIN32
  _setmode(_fileno(stdin), _O_BINARY);
  _setmode(_fileno(stdout), _O_BINARY);
#endif
  while ((command = getchar()) != EOF) {
    int32_t result;
    if (command == 'r') {
      edge_reset();
      continue;
    }
    if (command == 's') {
      if (fread(edge_obs, 1, EDGE_OBS_BYTES, stdin) != EDGE_OBS_BYTES) return 1;
      result = edge_step();
      edge_read_outputs();
      reply(&result, sizeof result);
      reply(edge_action, EDGE_ACTION_BYTES);
      reply(edge_outputs, EDGE_OUTPUTS_BYTES);
    } else if (command == 'l') {
      if (!loop()) return 1;
    } else if (command == 't') {
      result = edge_selftest();
      reply(&result, sizeof result);
    } else {
      return 2;
    }
    (void)fflush(stdout);
  }
  return 0;
}
