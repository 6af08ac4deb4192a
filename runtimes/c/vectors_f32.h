/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_VECTORS_F32_H
#define PUFFER_EDGE_VECTORS_F32_H
#include "base.h"

/* Vectors of floats in GNU C for the kernels of computers: of 4, and the widest of at most 8 and 16
 * that the processor has. PUFFER_EDGE_ROWS rows of PUFFER_EDGE_COLUMNS sums are as many as stay in
 * its registers, beside the weights that they share. */
typedef float __attribute__((vector_size(16), aligned(4), may_alias)) puffer_edge_f32x4_t;

/* Elements of a (0 to 3) and b (4 to 7). */
#if defined(__clang__)
#define PUFFER_EDGE_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int32_t __attribute__((vector_size(16))) puffer_edge_s32x4_t;
#define PUFFER_EDGE_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (puffer_edge_s32x4_t){__VA_ARGS__})
#endif

#if defined(__AVX512F__)
typedef float __attribute__((vector_size(32), aligned(4), may_alias)) puffer_edge_f32x8_t;
typedef float __attribute__((vector_size(64), aligned(4), may_alias)) puffer_edge_f32x16_t;
#define PUFFER_EDGE_ROWS 8
#define PUFFER_EDGE_COLUMNS 32
#define PUFFER_EDGE_TALL 16 /* rows of 16 sums or fewer */
#elif defined(__AVX__)
typedef float __attribute__((vector_size(32), aligned(4), may_alias)) puffer_edge_f32x8_t;
typedef puffer_edge_f32x8_t puffer_edge_f32x16_t;
#define PUFFER_EDGE_ROWS 4
#define PUFFER_EDGE_COLUMNS 16
#else
typedef puffer_edge_f32x4_t puffer_edge_f32x8_t;
typedef puffer_edge_f32x4_t puffer_edge_f32x16_t;
#if defined(__aarch64__)
#define PUFFER_EDGE_ROWS 8
#else
#define PUFFER_EDGE_ROWS 4
#endif
#define PUFFER_EDGE_COLUMNS 8
#endif
#endif
