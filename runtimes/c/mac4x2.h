/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC4X2_H
#define PUFFER_EDGE_MAC4X2_H
#include "mac_integer.h"

#if defined(PUFFER_EDGE_DSP)
/* A function that gives four sums of each of two vectors: x, w, bias, where they go, and k_size on the
 * stack. Registers last for two rows at a time: r7 and r8 get their sums of x, r10 and r11 those of the
 * second vector. BEGIN loads the biases at r2, GROUPS goes through the groups of x (r0), the second (r1)
 * and w (r2), COLUMN through one column more, END makes the sums of what was added up; the second bias is at r2 + AT.
 *
 * On the stack: where x ends, bytes behind the columns of the first two rows, x, w, bias, sum. */
#define PUFFER_EDGE_MAC4X2(BEGIN, GROUPS, COLUMN, END)        \
    "push {r0-r8, r10, r11, lr}\n\t"                          \
    "sub sp, sp, #8\n\t"                                      \
    "movs r4, #0\n"                                           \
    "8:\n\t"                                                  \
    "str r4, [sp, #4]\n\t"                                    \
    "ldr r12, [sp, #56]\n\t" /* k_size */                     \
    BEGIN                                                     \
    "mov r2, r1\n\t"                                          \
    "add r1, r12, #1\n\t"                                     \
    "bic r1, r1, #1\n\t"                                      \
    "add r1, r0, r1, lsl #1\n\t"                              \
    "asrs lr, r12, #2\n\t"                                    \
    "beq 5f\n\t"                                              \
    "add r3, r0, lr, lsl #3\n\t"                              \
    "str r3, [sp]\n\t"                                        \
    GROUPS                                                    \
    "5:\n\t"                                                  \
    "ldr r12, [sp, #56]\n\t"                                  \
    "ands r12, r12, #3\n\t" /* columns left */                \
    "beq 7f\n\t"                                              \
    "ldr r3, [sp, #4]\n\t"                                    \
    "sub r2, r2, r3\n"                                        \
    "6:\n\t"                                                  \
    COLUMN                                                    \
    "subs r12, r12, #1\n\t"                                   \
    "bne 6b\n"                                                \
    "7:\n\t"                                                  \
    "add r3, sp, #8\n\t"                                      \
    "ldm r3, {r0, r1, r2, r3}\n\t"                            \
    "ldr r4, [sp, #4]\n\t"                                    \
    "cbnz r4, 9f\n\t"                                         \
    END("4")                                                  \
    "strd r7, r8, [r3]\n\t"                                   \
    "strd r10, r11, [r3, #16]\n\t"                            \
    "adds r1, r1, #8\n\t"                                     \
    "adds r2, r2, #8\n\t"                                     \
    "movs r4, #6\n\t"                                         \
    "b 8b\n"                                                  \
    "9:\n\t"                                                  \
    END("12")                                                 \
    "strd r7, r8, [r3, #8]\n\t"                               \
    "strd r10, r11, [r3, #24]\n\t"                            \
    "add sp, sp, #24\n\t"                                     \
    "pop {r4-r8, r10, r11, pc}\n"

#if defined(PUFFER_EDGE_SMALL)
#define PUFFER_EDGE_GROUPS_4X2(GROUP, AGAIN) \
    "ands r12, lr, #3\n\t"                   \
    PUFFER_EDGE_FOUR_TIMES(GROUP, "2", AGAIN("4b"))
#else
#define PUFFER_EDGE_GROUPS_4X2(GROUP, AGAIN) \
    "and r12, lr, #7\n\t"                    \
    PUFFER_EDGE_EIGHT_TIMES(GROUP, AGAIN("28b"))
#endif
#endif
#endif
