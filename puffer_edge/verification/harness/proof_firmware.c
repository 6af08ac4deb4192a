/* SPDX-License-Identifier: MIT */
/* Proves by itself, and writes the digests: as a bare image under QEMU's Cortex-M boards, which
 * take text by semihosting, or as a program of QEMU's RV32 Linux, without a libc. */
#include <stdint.h>

extern uint32_t edge_digests[EDGE_STEPS];
int edge_prove(void);
void edge_firmware(void);
void edge_fault(void);

#if defined(__riscv)
void edge_boot(void);

static long system_call(long number, long first, const void *second, long third) {
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = first;
  register const void *a1 __asm__("a1") = second;
  register long a2 __asm__("a2") = third;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
  return a0;
}

static void write_line(const char *text) { (void)system_call(64, 1, text, 9); }
static void finish(uint32_t code) {
  for (;;) (void)system_call(93, (long)code, 0, 0);
}
void edge_boot(void) { edge_firmware(); }
#else
static int32_t semihost(int32_t operation, const void *argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void write_line(const char *text) { (void)semihost(0x04, text); } /* SYS_WRITE0 */
static void finish(uint32_t code) {
  const uint32_t reason[2] = {0x20026u, code}; /* ADP_Stopped_ApplicationExit */
  (void)semihost(0x20, reason);                /* SYS_EXIT_EXTENDED */
  for (;;) {}
}
#endif

void edge_fault(void) { finish(99); }

void edge_firmware(void) {
  char line[10];
  (void)edge_prove();
  line[8] = '\n';
  line[9] = 0;
  for (uint32_t step = 0; step < EDGE_STEPS; step++) {
    for (int digit = 0; digit < 8; digit++)
      line[digit] = "0123456789abcdef"[edge_digests[step] >> (28 - 4 * digit) & 15u];
    write_line(line);
  }
  finish(0);
}
