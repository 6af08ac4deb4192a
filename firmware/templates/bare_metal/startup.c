/* SPDX-License-Identifier: MIT-0 */
/* Start-up code for any Cortex-M: vectors, memory, FPU, main. Nothing of a vendor is needed. */
#include <stdint.h>
#include <string.h>

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;
int main(void);

void reset_handler(void)
{
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xE000ED88 |= 0xFU << 20; /* CPACR: switches the FPU on */
    __asm volatile("dsb\n\tisb");
#endif
    memcpy(&data_start, &data_load, (size_t)((char *)&data_end - (char *)&data_start));
    memset(&bss_start, 0, (size_t)((char *)&bss_end - (char *)&bss_start));
    (void)main();
    for (;;) {
    }
}

static void halt(void)
{
    for (;;) {
    }
}

/* A handler of that name anywhere takes the place of this one. */
void systick_handler(void) __attribute__((weak, alias("halt")));

/* Add your interrupts behind the sixteen of the core. */
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top,   (const void *)reset_handler,
    (const void *)halt, (const void *)halt, (const void *)halt, (const void *)halt,
    (const void *)halt, 0, 0, 0, 0, (const void *)halt, (const void *)halt, 0,
    (const void *)halt, (const void *)systick_handler,
};
