/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_BASE_H
#define PUFFER_EDGE_BASE_H
/* What every kernel stands on: fixed-width integers, and a kernel that stays one function however
 * often it is called, so that code size does not grow with the number of layers. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Kernels are static, but where PUFFER_EDGE_SHARED_KERNELS is defined: then they are declared in every
 * file, and compiled in the one that defines PUFFER_EDGE_KERNELS_IMPLEMENTATION. */
#if defined(PUFFER_EDGE_KERNELS_IMPLEMENTATION) && !defined(PUFFER_EDGE_SHARED_KERNELS)
#define PUFFER_EDGE_SHARED_KERNELS
#endif
#if !defined(PUFFER_EDGE_SHARED_KERNELS)
#define PUFFER_EDGE_LINKAGE static
#elif defined(__cplusplus)
#define PUFFER_EDGE_LINKAGE extern "C"
#else
#define PUFFER_EDGE_LINKAGE extern
#endif
#if !defined(PUFFER_EDGE_SHARED_KERNELS) || defined(PUFFER_EDGE_KERNELS_IMPLEMENTATION)
#define PUFFER_EDGE_KERNELS_HERE
#endif

#if defined(__GNUC__)
#define PUFFER_EDGE_KERNEL PUFFER_EDGE_LINKAGE __attribute__((noinline, unused))
#define PUFFER_EDGE_OWN __attribute__((noinline, unused)) static
#define PUFFER_EDGE_INLINE __attribute__((unused)) static inline
#define PUFFER_EDGE_ALIGNED __attribute__((aligned(4)))
#else
#define PUFFER_EDGE_KERNEL PUFFER_EDGE_LINKAGE
#define PUFFER_EDGE_OWN static
#define PUFFER_EDGE_INLINE static inline
#define PUFFER_EDGE_ALIGNED
#endif

/* Constants: what lies in flash and never in RAM. The flash of an AVR is no memory that a pointer reads,
 * and C++ has no type for it, so constants are read by these names everywhere. */
#if defined(__AVR__)
#include <avr/pgmspace.h>
#define PUFFER_EDGE_FLASH PROGMEM
#define PUFFER_EDGE_READ_U8(address) ((uint8_t)pgm_read_byte(address))
#define PUFFER_EDGE_READ_S8(address) ((int8_t)pgm_read_byte(address))
#define PUFFER_EDGE_READ_U16(address) ((uint16_t)pgm_read_word(address))
#define PUFFER_EDGE_READ_S16(address) ((int16_t)pgm_read_word(address))
#define PUFFER_EDGE_READ_S32(address) ((int32_t)pgm_read_dword(address))
#define PUFFER_EDGE_READ_U32(address) ((uint32_t)pgm_read_dword(address))
#define PUFFER_EDGE_READ_F32(address) pgm_read_float(address)
#define PUFFER_EDGE_COPY(to, address, size) ((void)memcpy_P(to, address, size))
#else
#define PUFFER_EDGE_FLASH
#define PUFFER_EDGE_READ_U8(address) (*(address))
#define PUFFER_EDGE_READ_S8(address) (*(address))
#define PUFFER_EDGE_READ_U16(address) (*(address))
#define PUFFER_EDGE_READ_S16(address) (*(address))
#define PUFFER_EDGE_READ_S32(address) (*(address))
#define PUFFER_EDGE_READ_U32(address) (*(address))
#define PUFFER_EDGE_READ_F32(address) (*(address))
#define PUFFER_EDGE_COPY(to, address, size) ((void)memcpy(to, address, size))
#endif

/* Kernels of floats have a form in assembler for Cortex-M with an FPU, of which the larger is faster:
 * -Os, or PUFFER_EDGE_SMALL defined by the user, chooses the smaller, in which only convolutions, which
 * take most of a step where there are any, compute eight outputs at a time. */
#if defined(__GNUC__) && defined(__thumb2__) && defined(__ARM_FP) && !defined(PUFFER_EDGE_PORTABLE)
#if __ARM_FP & 4
#define PUFFER_EDGE_VFP
#endif
#endif
#if defined(__GNUC__) && defined(__thumb2__)
/* Any four bytes; memcpy would be a call under -ffreestanding. */
typedef uint32_t __attribute__((aligned(1), may_alias)) puffer_edge_word_t;
#endif
#if defined(__OPTIMIZE_SIZE__) && !defined(PUFFER_EDGE_SMALL)
#define PUFFER_EDGE_SMALL
#endif

/* Integer kernels have a portable form, and one in assembler for Cortex-M that gives the same bits:
 * PUFFER_EDGE_THUMB2 for M3 and up, PUFFER_EDGE_DSP for M4, M7, M33 with two products per
 * instruction. The latter reads words, of weights that are aligned and activations that need not
 * be. PUFFER_EDGE_PORTABLE defined by the
 * user switches both off. */
#if defined(__GNUC__) && defined(__thumb2__) && defined(__ARM_FEATURE_UNALIGNED) && \
    !defined(__ARM_BIG_ENDIAN) && !defined(PUFFER_EDGE_PORTABLE)
#define PUFFER_EDGE_THUMB2
#if defined(__ARM_FEATURE_DSP)
#define PUFFER_EDGE_DSP
#endif
#endif

/* No FPU: what is easily said of the bits of a float is not asked of the library. Where there are products
 * of 64 bits, sums of floats are made of integers, which takes less than the library does. */
#if defined(__GNUC__) && !defined(PUFFER_EDGE_PORTABLE)
#if (defined(__riscv) && !defined(__riscv_flen)) || defined(__SOFTFP__)
#define PUFFER_EDGE_NO_FPU
#if defined(__riscv_mul) || defined(__thumb2__)
#define PUFFER_EDGE_SOFT_F32
#endif
#endif
#endif

/* RISC-V with the products of M and all 32 registers. Its forms take more code for fewer
 * instructions, so -Os does without. */
#if defined(__GNUC__) && defined(__riscv_mul) && !defined(__riscv_32e) && \
    !defined(PUFFER_EDGE_PORTABLE) && !defined(PUFFER_EDGE_SMALL)
#if __riscv_xlen == 32
#define PUFFER_EDGE_RV32
#endif
#endif
#endif
