/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_FLUSHED_F32_H
#define PUFFER_EDGE_MAC_FLUSHED_F32_H
#include "base.h"

/* Floats as Helium's vectors have them: a subnormal operand is a zero of its sign, and so is a result
 * that is below the smallest normal number before it is rounded. */
static inline float puffer_edge_flushed_f32(float x)
{
    return x < 1.17549435e-38f && x > -1.17549435e-38f ? x * 0.0f : x;
}

static inline float puffer_edge_magnitude_f32(float x)
{
    return x < 0.0f ? -x : x;
}

/* Whether a b, which was rounded to the smallest normal number, is below it: the error of the product
 * (Dekker 1971; Veltkamp's split by 2^12 + 1), the smaller factor being scaled by 2^64. */
static inline int puffer_edge_rounded_up_f32(float a, float b)
{
    const float one = puffer_edge_magnitude_f32(a), two = puffer_edge_magnitude_f32(b);
    const float x = (one < two ? one : two) * 18446744073709551616.0f, y = one < two ? two : one;
    const float x_split = x * 4097.0f, y_split = y * 4097.0f;
    const float x_high = x_split - (x_split - x), y_high = y_split - (y_split - y);
    const float x_low = x - x_high, y_low = y - y_high, product = x * y;
    const float error = ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low;
    const float smallest = 1.17549435e-38f * 18446744073709551616.0f;
    return product < smallest || (product == smallest && error < 0.0f);
}

static inline float puffer_edge_flushed_product_f32(float a, float b)
{
    const float product = a * b;
    if (puffer_edge_magnitude_f32(product) == 1.17549435e-38f && puffer_edge_rounded_up_f32(a, b)) {
        return product * 0.0f;
    }
    return puffer_edge_flushed_f32(product);
}

/* y[i] += sum over k of x[k] * w[width * k + i] for all i < width, which is 4 or 16: term by term, as
 * mac4_f32, in such floats. x and y must not overlap. */
PUFFER_EDGE_KERNEL void puffer_edge_mac_flushed_f32(const float *x, const float *w, float *y,
                                                    int32_t k_size, int32_t width)
{
    for (int32_t i = 0; i < width; ++i) {
        float sum = puffer_edge_flushed_f32(y[i]);
        for (int32_t k = 0; k < k_size; ++k) {
            const float weight = puffer_edge_flushed_f32(PUFFER_EDGE_READ_F32(w + width * k + i));
            sum = puffer_edge_flushed_f32(
                sum + puffer_edge_flushed_product_f32(puffer_edge_flushed_f32(x[k]), weight));
        }
        y[i] = sum;
    }
}
#endif
