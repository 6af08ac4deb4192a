/* SPDX-License-Identifier: MIT */
/* The part of string.h that a freestanding policy may use; a bare clang ships none. */
#ifndef EDGE_STRING_H
#define EDGE_STRING_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
#ifdef __cplusplus
}
#endif
#endif
