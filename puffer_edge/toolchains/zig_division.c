/* SPDX-License-Identifier: MIT */
/* Correctly rounded binary32 division for cores without an FPU.
 * Zig's own routine (0.17) cuts quotients below 2^-126 off instead of rounding them, so a third of
 * them are one bit away from IEEE 754, which GCC's library, every FPU and numpy keep. The linker
 * prefers this one, because the symbols of Zig's library are weak. */
#include <stdint.h>

#ifdef __ARM_EABI__
#define DIVIDE __aeabi_fdiv
#else
#define DIVIDE __divsf3
#endif
float DIVIDE(float x, float y);

#define INFINITE 0x7F800000u
#define QUIET 0x7FC00000u
#define HIDDEN 0x00800000u /* the leading bit of a significand */

typedef union {
  float value;
  uint32_t bits;
} word;

/* Splits magnitude bits into a significand with its leading bit and an exponent, 1 or less for
 * numbers that are stored as subnormal. */
static uint32_t normalise(uint32_t magnitude, int32_t *exponent) {
  uint32_t significand = magnitude & (HIDDEN - 1);
  *exponent = (int32_t)(magnitude >> 23);
  if (*exponent) return significand | HIDDEN;
  for (*exponent = 1; significand < HIDDEN; significand <<= 1) --*exponent;
  return significand;
}

static uint32_t divide(uint32_t a, uint32_t b) {
  int32_t exponent, divisor_exponent;
  uint32_t divisor, remainder, quotient = 0;
  if (a > INFINITE || b > INFINITE || (a == b && (a == 0 || a == INFINITE))) return QUIET;
  if (a == INFINITE || b == 0) return INFINITE;
  if (a == 0 || b == INFINITE) return 0;
  remainder = normalise(a, &exponent);
  divisor = normalise(b, &divisor_exponent);
  exponent += 127 - divisor_exponent;
  if (remainder < divisor) {
    remainder <<= 1;
    exponent--;
  }
  /* 24 bits of the result and two more; the last also stands for everything below it. */
  for (int i = 0; i < 26; i++) {
    quotient <<= 1;
    if (remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
    remainder <<= 1;
  }
  quotient |= remainder != 0;
  if (exponent > 254) return INFINITE;
  if (exponent < 1) {
    const int32_t shift = 1 - exponent;
    if (shift > 26) return 0;
    quotient = quotient >> shift | ((quotient & ((1u << shift) - 1)) != 0);
    exponent = 1;
  }
  /* Half to even. The leading bit of a normal number adds the missing one to the exponent, and a
   * carry out of the significand goes the same way. */
  {
    const uint32_t rest = quotient & 3;
    const uint32_t kept = quotient >> 2;
    return ((uint32_t)(exponent - 1) << 23) + kept + (rest > 2 || (rest == 2 && (kept & 1)));
  }
}

float DIVIDE(float x, float y) {
  const word a = {x}, b = {y};
  word result;
  result.bits = divide(a.bits & 0x7FFFFFFFu, b.bits & 0x7FFFFFFFu);
  result.bits |= (a.bits ^ b.bits) & 0x80000000u;
  return result.value;
}
