/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_OPAQUE_F32_H
#define PUFFER_EDGE_OPAQUE_F32_H

/* x, of which the compiler no longer knows that a clamp may have made it a constant. Without this
 * gcc gives the clamped values their own short path, and the number of instructions depends on the
 * data. Emits no instruction and changes no bit; the microcontrollers with an Arm FPU need it, and
 * NEON would be kept from vectorising. */
static inline float puffer_edge_opaque_f32(float x)
{
#if defined(__GNUC__) && defined(__ARM_FP) && !defined(__ARM_NEON)
    __asm__("" : "+t"(x));
#endif
    return x;
}
#endif
