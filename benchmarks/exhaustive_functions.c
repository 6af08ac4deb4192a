/* SPDX-License-Identifier: MIT */
/* Runs one kernel over the float32 bit patterns FIRST, FIRST + STRIDE... up to LAST and compares it
 * with the host's double libm. Compiled by exhaustive_functions.py with
 *   -DKERNEL(x)=..., -DEXACT=..., -DREL_ERROR=..., -DHEADER="..." */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include HEADER

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double truth(double x)
{
    return EXACT;
}

int main(int count, char **argument)
{
    if (count != 4) {
        return 2;
    }
    const uint64_t first = strtoull(argument[1], NULL, 0);
    const uint64_t last = strtoull(argument[2], NULL, 0);
    const uint64_t stride = strtoull(argument[3], NULL, 0);
    double worst = -1.0, excess = -1.0, relative = -1.0, smallest = INFINITY, largest = -INFINITY;
    double worst_at = 0.0, excess_at = 0.0, relative_at = 0.0;
    unsigned long long nan_results = 0, asymmetric = 0, compared = 0;
    for (uint64_t bits = first; bits <= last; bits += stride) {
        const float x = from_bits((uint32_t)bits);
        const float y = KERNEL(x);
        if (isnan(y)) {
            ++nan_results;
            continue;
        }
        smallest = y < smallest ? y : smallest;
        largest = y > largest ? y : largest;
        asymmetric += KERNEL(-x) != -y;
        if (isnan(x)) {
            continue;
        }
        const double exact = truth(x);
        if (isnan(exact) || fabs(exact) > 0x1.fffffep+127) {
            continue;
        }
        ++compared;
        const double error = fabs((double)y - exact);
        if (error > worst) {
            worst = error;
            worst_at = x;
        }
        if (error - REL_ERROR * fabs(exact) > excess) {
            excess = error - REL_ERROR * fabs(exact);
            excess_at = x;
        }
        if (error > relative * fabs(exact) && fabs(exact) >= 0x1p-126) {
            relative = error / fabs(exact);
            relative_at = x;
        }
    }
    printf("%.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %llu %llu %llu\n", worst, worst_at,
           excess, excess_at, relative, relative_at, smallest, largest, nan_results, asymmetric,
           compared);
    return 0;
}
