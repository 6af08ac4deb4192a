/* SPDX-License-Identifier: MIT */
/* Start-up of a bare Cortex-M: vectors, FPU on, data copied, the rest zeroed. Own code. */
#include <stdint.h>

extern uint32_t edge_data_start[], edge_data_end[], edge_data_load[];
extern uint32_t edge_bss_start[], edge_bss_end[], edge_stack_top[];
void edge_boot(void);
void edge_fault(void);
void edge_firmware(void);

/* Interrupts stay disabled, so that the exceptions of the core are all that can come. */
extern const void *const edge_vectors[16];
__attribute__((section(".vectors"), used)) const void *const edge_vectors[16] = {
    edge_stack_top, (const void *)edge_boot,  (const void *)edge_fault, (const void *)edge_fault,
    (const void *)edge_fault, (const void *)edge_fault, (const void *)edge_fault, 0,
};

void edge_boot(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: full access to FPU and vectors */
  __asm__ volatile("dsb\n isb" ::: "memory");
#endif
  /* Volatile keeps the compiler from turning the loops into calls of memcpy and memset. */
  {
    const uint32_t *from = edge_data_load;
    for (volatile uint32_t *to = edge_data_start; to < edge_data_end;) *to++ = *from++;
  }
  for (volatile uint32_t *to = edge_bss_start; to < edge_bss_end;) *to++ = 0;
  edge_firmware();
  for (;;) {}
}
