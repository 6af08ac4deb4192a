/* SPDX-License-Identifier: MIT */
/* What clang's headers of vector instructions ask for where there is no C library; nobody calls it. */
#ifndef PUFFER_EDGE_STDLIB_H
#define PUFFER_EDGE_STDLIB_H
#include <stddef.h>
void *malloc(size_t size);
void free(void *memory);
#endif
