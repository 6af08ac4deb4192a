#ifndef PUFFER_EDGE_BASE_H
#define PUFFER_EDGE_BASE_H
/* What every kernel stands on: fixed-width integers, and a kernel that stays one function however
 * often it is called, so that code size does not grow with the number of layers. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define PUFFER_EDGE_KERNEL __attribute__((noinline, unused)) static
#else
#define PUFFER_EDGE_KERNEL static
#endif
#endif
