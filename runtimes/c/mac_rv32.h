/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_RV32_H
#define PUFFER_EDGE_MAC_RV32_H
#include "base.h"

/* The loops of mac4_<types>.h for RISC-V cores of 32 bits with multiplication and 32 registers, as the
 * ESP32-C3's. There is no product of halves, so a product is a load, a multiplication and an
 * addition; what can be saved is the load of x, once per four rows, and the loop, once per eight
 * columns. Where a load takes two cycles, five instructions lie between it and its use. */
#if defined(PUFFER_EDGE_RV32)
#define PUFFER_EDGE_RV32_COLUMN(LOAD_X, LOAD_W, AT, A, B, C, D)                             \
    LOAD_X " %[v], " AT "(%[x])\n\t"                                                        \
    LOAD_W " %[a], " A "(%[w])\n\t" LOAD_W " %[b], " B "(%[w])\n\t"                         \
    LOAD_W " %[c], " C "(%[w])\n\t" LOAD_W " %[d], " D "(%[w])\n\t"                         \
    "mul %[a], %[a], %[v]\n\tmul %[b], %[b], %[v]\n\t"                                      \
    "mul %[c], %[c], %[v]\n\tmul %[d], %[d], %[v]\n\t"                                      \
    "add %[s0], %[s0], %[a]\n\tadd %[s1], %[s1], %[b]\n\t"                                  \
    "add %[s2], %[s2], %[c]\n\tadd %[s3], %[s3], %[d]\n\t"

/* A group, with where it lies in x and w: 16 bytes of weights. */
#define PUFFER_EDGE_RV32_GROUP_S8(X, W)                                                     \
    PUFFER_EDGE_RV32_COLUMN("lb", "lb", X "+0", W "+0", W "+4", W "+8", W "+12")            \
    PUFFER_EDGE_RV32_COLUMN("lb", "lb", X "+1", W "+1", W "+5", W "+9", W "+13")            \
    PUFFER_EDGE_RV32_COLUMN("lb", "lb", X "+2", W "+2", W "+6", W "+10", W "+14")           \
    PUFFER_EDGE_RV32_COLUMN("lb", "lb", X "+3", W "+3", W "+7", W "+11", W "+15")
#define PUFFER_EDGE_RV32_GROUP_S8X16(X, W)                                                  \
    PUFFER_EDGE_RV32_COLUMN("lh", "lb", X "+0", W "+0", W "+4", W "+8", W "+12")            \
    PUFFER_EDGE_RV32_COLUMN("lh", "lb", X "+4", W "+1", W "+5", W "+9", W "+13")            \
    PUFFER_EDGE_RV32_COLUMN("lh", "lb", X "+2", W "+2", W "+6", W "+10", W "+14")           \
    PUFFER_EDGE_RV32_COLUMN("lh", "lb", X "+6", W "+3", W "+7", W "+11", W "+15")
#define PUFFER_EDGE_RV32_GROUP_S16(X, W)                                                    \
    PUFFER_EDGE_RV32_COLUMN("lh", "lh", X "+0", W "+0", W "+4", W "+8", W "+12")            \
    PUFFER_EDGE_RV32_COLUMN("lh", "lh", X "+2", W "+2", W "+6", W "+10", W "+14")

/* Adds groups to s0 to s3, the sums of the four rows; a, b, c, d and v are scratch. */
#define PUFFER_EDGE_RV32_ADD(GROUPS)                                                        \
    __asm__ volatile(GROUPS                                                                 \
                     : [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3),          \
                       [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [v] "=&r"(v) \
                     : [x] "r"(x), [w] "r"(w)                                               \
                     : "memory")

/* All groups, the odd ones first; COLUMNS are of a group, and eight columns are UNROLLED. */
#define PUFFER_EDGE_RV32_GROUPS(GROUP, COLUMNS, UNROLLED)                                   \
    for (int32_t a, b, c, d; group & (8 / (COLUMNS) - 1); --group) {                        \
        PUFFER_EDGE_RV32_ADD(GROUP("0", "0"));                                              \
        x += (COLUMNS);                                                                     \
        w += 4 * (COLUMNS);                                                                 \
    }                                                                                       \
    for (int32_t a, b, c, d; group > 0; group -= 8 / (COLUMNS)) {                           \
        PUFFER_EDGE_RV32_ADD(UNROLLED);                                                     \
        x += 8;                                                                             \
        w += 32;                                                                            \
    }
#define PUFFER_EDGE_RV32_GROUPS_S8                                                          \
    PUFFER_EDGE_RV32_GROUPS(PUFFER_EDGE_RV32_GROUP_S8, 4,                                   \
                            PUFFER_EDGE_RV32_GROUP_S8("0", "0")                             \
                                PUFFER_EDGE_RV32_GROUP_S8("4", "16"))
#define PUFFER_EDGE_RV32_GROUPS_S8X16                                                       \
    PUFFER_EDGE_RV32_GROUPS(PUFFER_EDGE_RV32_GROUP_S8X16, 4,                                \
                            PUFFER_EDGE_RV32_GROUP_S8X16("0", "0")                          \
                                PUFFER_EDGE_RV32_GROUP_S8X16("8", "16"))
#define PUFFER_EDGE_RV32_GROUPS_S16                                                         \
    PUFFER_EDGE_RV32_GROUPS(PUFFER_EDGE_RV32_GROUP_S16, 2,                                  \
                            PUFFER_EDGE_RV32_GROUP_S16("0", "0")                            \
                                PUFFER_EDGE_RV32_GROUP_S16("4", "16")                       \
                                    PUFFER_EDGE_RV32_GROUP_S16("8", "32")                   \
                                        PUFFER_EDGE_RV32_GROUP_S16("12", "48"))
#endif
#endif
