#ifndef PUFFER_EDGE_MAC4X2_S8X16_H
#define PUFFER_EDGE_MAC4X2_S8X16_H
#include "mac_s8x16.h"

/* mac4_s8x16 for two vectors at once, so that each weight is unpacked once for both: sum[0..3] is
 * of x, sum[4..7] of the second vector, which starts at the next even column behind the first. */
#if defined(PUFFER_EDGE_DSP)
#define PUFFER_EDGE_GROUP_4X2_S8X16                                                \
    "ldrd r3, %[at], [r2], #16\n\tldrd r5, r6, [r0], #8\n\t"                       \
    "sxtb16 lr, r3\n\tsxtb16 r3, r3, ror #8\n\t"                                   \
    "sxtb16 r12, %[at]\n\tsxtb16 %[at], %[at], ror #8\n\t"                         \
    "smlad r8, lr, r5, r8\n\tsmlad r8, r3, r6, r8\n\t"                             \
    "smlad r9, r12, r5, r9\n\tsmlad r9, %[at], r6, r9\n\t"                         \
    "ldrd r5, r6, [r1], #8\n\t"                                                    \
    "smlad r10, lr, r5, r10\n\tsmlad r10, r3, r6, r10\n\t"                         \
    "smlad r11, r12, r5, r11\n\tsmlad r11, %[at], r6, r11\n\t"
#endif

PUFFER_EDGE_MAC4 void puffer_edge_mac4x2_s8x16(const int16_t *x, const int8_t *w,
                                               const int32_t *bias, int32_t *sum, int32_t k_size)
{
    const int16_t *second = x + k_size + (k_size & 1);
#if defined(PUFFER_EDGE_DSP)
    const int32_t groups = k_size >> 2;
    /* Registers last for two rows at a time. */
    for (int32_t row = 0; row < 4; row += 2) {
        if (groups == 0) {
            sum[row] = sum[row + 4] = bias[row];
            sum[row + 1] = sum[row + 5] = bias[row + 1];
        } else {
            /* All registers are taken, so the operands come and wait in memory. */
            const void *operands[6];
            const void *const *at = operands;
            operands[0] = x;
            operands[1] = second;
            operands[2] = w + 4 * row;
            operands[3] = bias + row;
            operands[4] = x + 4 * groups; /* where to stop */
            operands[5] = sum + row;
            __asm__ volatile(
                "ldm %[at], {r0, r1, r2, r3, r12, lr}\n\t"
                "push {r12, lr}\n\t"
                "ldrd r8, r9, [r3]\n\t"
                "mov r10, r8\n\t"
                "mov r11, r9\n\t"
                "sub r12, r12, r0\n\t"
                "ands r12, r12, #24\n\t"
                PUFFER_EDGE_FOUR_TIMES(PUFFER_EDGE_GROUP_4X2_S8X16, "16", "ldr lr, [sp]\n\t"
                                                                          "cmp r0, lr\n\t"
                                                                          "bne 4b\n\t")
                "pop {r12, lr}\n\t"
                "strd r8, r9, [lr]\n\t"
                "strd r10, r11, [lr, #16]\n"
                : [at] "+l"(at)
                :
                : "r0", "r1", "r2", "r3", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr",
                  "cc", "memory");
        }
    }
    x += 4 * groups;
    second += 4 * groups;
    w += 16 * groups;
    for (int32_t k = k_size & 3; k > 0; --k) {
        for (int32_t row = 0; row < 4; ++row) {
            sum[row] += (int32_t)*x * w[row];
            sum[row + 4] += (int32_t)*second * w[row];
        }
        ++x;
        ++second;
        w += 4;
    }
#else
    puffer_edge_mac4_s8x16(x, w, bias, sum, k_size);
    puffer_edge_mac4_s8x16(second, w, bias, sum + 4, k_size);
#endif
}
#endif
