/* SPDX-License-Identifier: MIT */
/* Steps a policy through observations in memory and writes what happens over semihosting.
 *
 * Instructions are counted with SysTick. Under QEMU's -icount shift=0 an instruction takes 1 ns and
 * SysTick ticks every P of them (40 at 25 MHz, 31.25 at 32 MHz). Writing the counter zeroes its phase,
 * so a call of N instructions and then p nops shows the t-th tick as soon as c + N + p reaches some
 * T(t). The smallest such p of an empty call tells T(t) for the first ticks, and from the second one
 * on T(t + 4) = T(t) + 4 P, as 4 P is a whole number on every board. So the smallest p of a step that
 * shows one more tick tells N exactly. Each repetition starts from a saved copy of the policy. */
#include <stddef.h>
#include <stdint.h>

extern uint8_t edge_policy[], edge_obs[], edge_action[], edge_outputs[];
extern const uint32_t edge_policy_bytes;
extern uint32_t edge_stack_limit[];
void edge_reset(void);
int edge_step(void);
void edge_read_outputs(void);
int edge_selftest(void);
void edge_firmware(void);
void edge_fault(void);

/* Filled in by the emulator's loader; the sizes are those of the harness. */
struct input {
  uint32_t steps, obs_bytes, action_bytes, outputs_bytes;
  uint8_t records[]; /* steps times: one byte "reset first", then the observation */
};
#define INPUT ((const struct input *)(uintptr_t)EDGE_INPUT)

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_MAX 0xFFFFFFu
#define SLED 384u /* nops; more than TICKS of every board */
#define TICKS 6u
#define PAINT 0xA5A5A5A5u

struct call {
  int32_t result;
  uint32_t *stack;
};
extern const uint8_t edge_sled_end[];
int edge_nothing(void);
/* Zeroes SysTick, calls function, then pad, and returns SysTick. */
uint32_t edge_measure(int (*function)(void), const void *pad, struct call *call);
__asm__(
    ".syntax unified\n .thumb\n .text\n .balign 4\n"
    ".global edge_measure\n .type edge_measure, %function\n .thumb_func\n"
    "edge_measure:\n"
    "  push {r4, r5, r6, lr}\n"
    "  mov r4, r1\n"
    "  mov r5, r2\n"
    "  mov r1, sp\n"
    "  str r1, [r5, #4]\n"
    "  ldr r6, edge_systick\n"
    "  movs r1, #0\n"
    "  str r1, [r6]\n"
    "  blx r0\n"
    "  str r0, [r5]\n"
    "  blx r4\n"
    "  ldr r0, [r6]\n"
    "  pop {r4, r5, r6, pc}\n"
    ".balign 4\n"
    "edge_systick: .word 0xE000E018\n"
    ".rept 384\n nop\n .endr\n"
    ".global edge_sled_end\n .global edge_nothing\n"
    ".type edge_nothing, %function\n .thumb_func\n"
    "edge_nothing:\n"
    "edge_sled_end:\n"
    "  bx lr\n");

static int32_t semihost(int32_t operation, const void *argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void finish(uint32_t code) {
  const uint32_t reason[2] = {0x20026u, code}; /* ADP_Stopped_ApplicationExit */
  (void)semihost(0x20, reason);                /* SYS_EXIT_EXTENDED */
  for (;;) {}
}

static void write_hex(const void *data, uint32_t size) {
  const uint8_t *bytes = (const uint8_t *)data;
  char text[131];
  for (uint32_t done = 0; done < size;) {
    uint32_t n = 0;
    while (n < 128 && done < size) {
      text[n++] = "0123456789abcdef"[bytes[done] >> 4];
      text[n++] = "0123456789abcdef"[bytes[done] & 15];
      done++;
    }
    text[n] = 0;
    (void)semihost(0x04, text); /* SYS_WRITE0 */
  }
}

void edge_fault(void) {
  (void)semihost(0x04, "FAULT\n");
  finish(99);
}

static void copy(volatile uint8_t *to, const volatile uint8_t *from, uint32_t size) {
  while (size--) *to++ = *from++;
}

static uint32_t ticks(int (*function)(void), uint32_t pad, struct call *call) {
  /* The address of the sled is a Thumb function's: bit 0 is set. */
  const uintptr_t entry = ((uintptr_t)edge_sled_end & ~(uintptr_t)1) - 2 * pad + 1;
  /* It counts 0 (until its first tick), SYST_MAX, SYST_MAX - 1, ... */
  return (0u - edge_measure(function, (const void *)entry, call)) & SYST_MAX;
}

/* Instructions that a call must have to show a number of ticks more than an empty one. */
static uint32_t until_tick(uint32_t more, const uint32_t *edges) {
  const uint32_t later = more - 1; /* the first tick is by itself */
  return more ? edges[1 + later % 4] + (edges[5] - edges[1]) * (later / 4) : edges[0];
}

/* The smallest padding in (0, period] that shows more ticks than no padding, which shows base.
 * Every repetition leaves the state, the action and the outputs of the same one step. */
static uint32_t edge_of_tick(uint32_t base, uint32_t period, const uint8_t *saved) {
  struct call call;
  uint32_t low = 0, high = period;
  while (high - low > 1) {
    const uint32_t middle = (low + high) / 2;
    copy(edge_policy, saved, edge_policy_bytes);
    if (ticks(edge_step, middle, &call) > base)
      high = middle;
    else
      low = middle;
  }
  return high;
}

void edge_firmware(void) {
  uint8_t *const saved = (uint8_t *)(uintptr_t)EDGE_SAVED;
  const uint8_t *record = INPUT->records;
  uint32_t edges[TICKS], none; /* of an empty call: the nops that show a tick, and ticks without */
  struct call call;

  SYST_RVR = SYST_MAX;
  SYST_CSR = 5; /* on, clocked by the core, no interrupt */
  copy(saved, edge_policy, edge_policy_bytes);
  {
    uint32_t pad = 1; /* a linear search cannot jump over a tick */
    none = ticks(edge_nothing, 0, &call);
    for (uint32_t tick = 0; tick < TICKS; tick++) {
      while (pad < SLED && ticks(edge_nothing, pad, &call) == none + tick) pad++;
      edges[tick] = pad;
    }
  }

  {
    const int32_t wrong = edge_selftest();
    (void)semihost(0x04, "SELFTEST ");
    write_hex(&wrong, 4);
    (void)semihost(0x04, "\n");
  }

  for (uint32_t step = 0; step < INPUT->steps; step++) {
    uint32_t measured[3]; /* status, instructions, stack */
    uint32_t first, *painted;
    if (*record++) edge_reset();
    copy(edge_obs, record, INPUT->obs_bytes);
    record += INPUT->obs_bytes;
    copy(saved, edge_policy, edge_policy_bytes);

    painted = edge_stack_limit;
    {
      /* Below this function's frame lie only the frames of ticks and edge_measure. */
      uint32_t *frame;
      __asm__ volatile("mov %0, sp" : "=r"(frame));
      while (painted < frame) *(volatile uint32_t *)painted++ = PAINT;
    }
    first = ticks(edge_step, 0, &call);
    painted = edge_stack_limit;
    while (*(volatile uint32_t *)painted == PAINT) painted++;
    measured[0] = (uint32_t)call.result;
    measured[2] = painted < call.stack ? (uint32_t)(call.stack - painted) * 4 : 0;
    {
      const uint32_t edge = edge_of_tick(first, (edges[5] - edges[1] + 3) / 4, saved);
      /* One more: the empty call is itself an instruction, its return. */
      measured[1] = until_tick(first - none, edges) - edge + 1;
      /* A call that outlasts SysTick cannot be counted. */
      if (SYST_CSR & 1u << 16) measured[1] = 0;
    }
    edge_read_outputs();
    (void)semihost(0x04, "STEP ");
    write_hex(measured, sizeof measured);
    (void)semihost(0x04, " ");
    write_hex(edge_action, INPUT->action_bytes);
    (void)semihost(0x04, " ");
    write_hex(edge_outputs, INPUT->outputs_bytes);
    (void)semihost(0x04, "\n");
  }
  finish(0);
}
