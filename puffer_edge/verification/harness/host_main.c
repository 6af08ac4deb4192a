/* Serves a policy over standard input and output: one command byte, then its reply.
 *   r             reset; no reply
 *   s <obs>       step; int32 status, action, outputs
 *   t             self-test; int32 number of values that differ
 * A process of its own: a policy that crashes or hangs takes nobody with it. */
#include <stdint.h>
#include <stdio.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

extern unsigned char edge_obs[], edge_action[], edge_outputs[];
void edge_reset(void);
int edge_step(void);
void edge_read_outputs(void);
int edge_selftest(void);

static void reply(const void *data, size_t size) { (void)fwrite(data, 1, size, stdout); }

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
