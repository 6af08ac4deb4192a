/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC8_F32_H
#define PUFFER_EDGE_MAC8_F32_H
#include "mac4_f32.h"

#if defined(PUFFER_EDGE_VFP)
#define PUFFER_EDGE_MAC8
/* A term of eight sums, s8 to s15: products in place of the weights, so that all registers are of use.
 * vmul and vadd (not vfma) give the two roundings of mac4_f32, and fewer cycles on a Cortex-M4. */
#define PUFFER_EDGE_TERM8(X, A, B, C, D, E, F, G, H)                                          \
    "vmul.f32 " A ", " A ", " X "\n\tvmul.f32 " B ", " B ", " X "\n\t"                        \
    "vmul.f32 " C ", " C ", " X "\n\tvmul.f32 " D ", " D ", " X "\n\t"                        \
    "vmul.f32 " E ", " E ", " X "\n\tvmul.f32 " F ", " F ", " X "\n\t"                        \
    "vmul.f32 " G ", " G ", " X "\n\tvmul.f32 " H ", " H ", " X "\n\t"                        \
    "vadd.f32 s8, s8, " A "\n\tvadd.f32 s9, s9, " B "\n\tvadd.f32 s10, s10, " C "\n\t"        \
    "vadd.f32 s11, s11, " D "\n\tvadd.f32 s12, s12, " E "\n\tvadd.f32 s13, s13, " F "\n\t"    \
    "vadd.f32 s14, s14, " G "\n\tvadd.f32 s15, s15, " H "\n\t"
#define PUFFER_EDGE_TWO_TERMS8(X0, X1)                                                        \
    "vldmia.32 %[w]!, {s16-s23}\n\tvldmia.32 %[u]!, {s24-s31}\n\t"                            \
    PUFFER_EDGE_TERM8(X0, "s16", "s17", "s18", "s19", "s24", "s25", "s26", "s27")             \
    PUFFER_EDGE_TERM8(X1, "s20", "s21", "s22", "s23", "s28", "s29", "s30", "s31")
#if defined(PUFFER_EDGE_SMALL)
#define PUFFER_EDGE_TERMS8 2
#define PUFFER_EDGE_ALL_TERMS8 "vldmia.32 %[x]!, {s0-s1}\n\t" PUFFER_EDGE_TWO_TERMS8("s0", "s1")
#else
#define PUFFER_EDGE_TERMS8 8
#define PUFFER_EDGE_ALL_TERMS8                                                                \
    "vldmia.32 %[x]!, {s0-s7}\n\t"                                                            \
    PUFFER_EDGE_TWO_TERMS8("s0", "s1") PUFFER_EDGE_TWO_TERMS8("s2", "s3")                     \
    PUFFER_EDGE_TWO_TERMS8("s4", "s5") PUFFER_EDGE_TWO_TERMS8("s6", "s7")
#endif
#define PUFFER_EDGE_VFP_CLOBBERS                                                              \
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13",   \
    "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25",       \
    "s26", "s27", "s28", "s29", "s30", "s31", "cc", "memory"

/* As two mac4_f32, whose weights begin at w and at w + stride; y[i] begins at start[i], which may be
 * y[i]. A load of x serves eight sums instead of four. */
PUFFER_EDGE_KERNEL void puffer_edge_mac8_f32(const float *x, const float *w, int32_t stride,
                                             const float *start, float *y, int32_t k_size)
{
    const float *u = w + stride;
    int32_t many = k_size / PUFFER_EDGE_TERMS8, rest = k_size % PUFFER_EDGE_TERMS8;
    __asm__ volatile(
        "vldmia.32 %[start], {s8-s15}\n\t"
        "cmp %[many], #0\n\t"
        "beq 2f\n"
        "1:\n\t"
        PUFFER_EDGE_ALL_TERMS8
        "subs %[many], %[many], #1\n\t"
        "bne 1b\n"
        "2:\n\t"
        "cmp %[rest], #0\n\t"
        "beq 4f\n"
        "3:\n\t"
        "vldmia.32 %[x]!, {s0}\n\t"
        "vldmia.32 %[w]!, {s16-s19}\n\tvldmia.32 %[u]!, {s24-s27}\n\t"
        PUFFER_EDGE_TERM8("s0", "s16", "s17", "s18", "s19", "s24", "s25", "s26", "s27")
        "subs %[rest], %[rest], #1\n\t"
        "bne 3b\n"
        "4:\n\t"
        "vstmia.32 %[y], {s8-s15}\n"
        : [x] "+r"(x), [w] "+r"(w), [u] "+r"(u), [many] "+r"(many), [rest] "+r"(rest)
        : [start] "r"(start), [y] "r"(y)
        : PUFFER_EDGE_VFP_CLOBBERS);
}
#endif
#endif
