/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_DOT_X86_H
#define PUFFER_EDGE_DOT_X86_H
#include "base.h"

/* dot4_<types>: sums of products of four rows, over as many whole groups of columns (mac_<types>.h) as
 * fill vectors; gives how many groups it took. Sums wrap on the way, as all that matters is the end.
 * pmaddwd multiplies 16-bit numbers and adds neighbours; weights of 8 bits are widened first. */
#if defined(__GNUC__) && defined(__SSE2__) && !defined(PUFFER_EDGE_PORTABLE)
#define PUFFER_EDGE_DOT
#if defined(__AVX2__)
#include <immintrin.h>
#else
#include <emmintrin.h>
#endif

/* Eight columns as 16-bit numbers in the order in which weights of 8 bits are stored. */
static inline __m128i puffer_edge_columns_s8(const int8_t *x)
{
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)x);
    return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
}

static inline __m128i puffer_edge_columns_s8x16(const int16_t *x)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)x);
    return _mm_shufflehi_epi16(_mm_shufflelo_epi16(v, 0xd8), 0xd8); /* 0, 2, 1, 3 */
}

#if defined(__AVX512BW__)
/* sum + products of neighbours. */
static inline __m512i puffer_edge_madd(__m512i sum, __m512i a, __m512i b)
{
#if defined(__AVX512VNNI__)
    return _mm512_dpwssd_epi32(sum, a, b);
#else
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
#endif
}

/* Four groups of two columns: [pair 0 four times, pair 1, 2, 3]. */
static inline int32_t puffer_edge_dot4_s16(const int16_t *x, const int16_t *w, int32_t *sum,
                                           int32_t groups)
{
    const __m512i spread = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
    __m512i even = _mm512_setzero_si512(), odd = even;
    int32_t done = 0;
    for (; done + 8 <= groups; done += 8) {
        const __m512i v = _mm512_castsi128_si512(
            _mm_loadu_si128((const __m128i *)(const void *)(x + 2 * done)));
        const __m512i next = _mm512_castsi128_si512(
            _mm_loadu_si128((const __m128i *)(const void *)(x + 2 * done + 8)));
        even = puffer_edge_madd(even, _mm512_loadu_si512(w + 8 * done),
                                _mm512_permutexvar_epi32(spread, v));
        odd = puffer_edge_madd(odd, _mm512_loadu_si512(w + 8 * done + 32),
                               _mm512_permutexvar_epi32(spread, next));
    }
    if (done + 4 <= groups) {
        const __m512i v = _mm512_castsi128_si512(
            _mm_loadu_si128((const __m128i *)(const void *)(x + 2 * done)));
        even = puffer_edge_madd(even, _mm512_loadu_si512(w + 8 * done),
                                _mm512_permutexvar_epi32(spread, v));
        done += 4;
    }
    even = _mm512_add_epi32(even, odd);
    const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(even),
                                          _mm512_extracti64x4_epi64(even, 1));
    _mm_storeu_si128((__m128i *)(void *)sum, _mm_add_epi32(_mm256_castsi256_si128(half),
                                                           _mm256_extracti128_si256(half, 1)));
    return done;
}

/* Two groups of four columns: each in four rows. */
static inline __m512i puffer_edge_madd_bytes(__m512i sum, const int8_t *w, __m128i columns)
{
    const __m512i spread = _mm512_set_epi64(1, 1, 1, 1, 0, 0, 0, 0);
    const __m512i weights =
        _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)w));
    return puffer_edge_madd(sum, weights,
                            _mm512_permutexvar_epi64(spread, _mm512_castsi128_si512(columns)));
}

static inline void puffer_edge_fold_bytes(__m512i even, __m512i odd, int32_t *sum)
{
    const __m512i all = _mm512_add_epi32(even, odd);
    const __m256i half =
        _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    _mm_storeu_si128((__m128i *)(void *)sum, _mm_hadd_epi32(_mm256_castsi256_si128(half),
                                                            _mm256_extracti128_si256(half, 1)));
}
#define PUFFER_EDGE_BYTES_T __m512i
#define PUFFER_EDGE_BYTES_ZERO _mm512_setzero_si512()

#elif defined(__AVX2__)
/* Two groups of two columns. */
static inline int32_t puffer_edge_dot4_s16(const int16_t *x, const int16_t *w, int32_t *sum,
                                           int32_t groups)
{
    const __m256i spread = _mm256_set_epi32(1, 1, 1, 1, 0, 0, 0, 0);
    __m256i part = _mm256_setzero_si256();
    int32_t done = 0;
    for (; done + 2 <= groups; done += 2) {
        const __m256i v = _mm256_castsi128_si256(
            _mm_loadl_epi64((const __m128i *)(const void *)(x + 2 * done)));
        const __m256i products = _mm256_madd_epi16(
            _mm256_loadu_si256((const __m256i *)(const void *)(w + 8 * done)),
            _mm256_permutevar8x32_epi32(v, spread));
        part = _mm256_add_epi32(part, products);
    }
    _mm_storeu_si128((__m128i *)(void *)sum, _mm_add_epi32(_mm256_castsi256_si128(part),
                                                           _mm256_extracti128_si256(part, 1)));
    return done;
}

static inline __m256i puffer_edge_madd_bytes(__m256i sum, const int8_t *w, __m128i columns)
{
    const __m256i first =
        _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w));
    const __m256i second =
        _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(w + 16)));
    const __m256i a = _mm256_broadcastq_epi64(columns);
    const __m256i b = _mm256_broadcastq_epi64(_mm_unpackhi_epi64(columns, columns));
    return _mm256_add_epi32(sum, _mm256_add_epi32(_mm256_madd_epi16(first, a),
                                                  _mm256_madd_epi16(second, b)));
}

static inline void puffer_edge_fold_bytes(__m256i even, __m256i odd, int32_t *sum)
{
    const __m256i all = _mm256_add_epi32(even, odd);
    _mm_storeu_si128((__m128i *)(void *)sum, _mm_hadd_epi32(_mm256_castsi256_si128(all),
                                                            _mm256_extracti128_si256(all, 1)));
}
#define PUFFER_EDGE_BYTES_T __m256i
#define PUFFER_EDGE_BYTES_ZERO _mm256_setzero_si256()

#else
/* A group of two columns. */
static inline int32_t puffer_edge_dot4_s16(const int16_t *x, const int16_t *w, int32_t *sum,
                                           int32_t groups)
{
    __m128i part = _mm_setzero_si128();
    for (int32_t group = 0; group < groups; ++group) {
        int32_t pair;
        memcpy(&pair, x + 2 * group, sizeof pair);
        part = _mm_add_epi32(
            part, _mm_madd_epi16(_mm_loadu_si128((const __m128i *)(const void *)(w + 8 * group)),
                                 _mm_set1_epi32(pair)));
    }
    _mm_storeu_si128((__m128i *)(void *)sum, part);
    return groups;
}

/* Rows 0 and 1, and rows 2 and 3. */
typedef struct {
    __m128i upper, lower;
} puffer_edge_rows4_t;

static inline puffer_edge_rows4_t puffer_edge_madd_bytes(puffer_edge_rows4_t sum, const int8_t *w,
                                                         __m128i columns)
{
    const __m128i x[2] = {_mm_unpacklo_epi64(columns, columns),
                          _mm_unpackhi_epi64(columns, columns)};
    for (int32_t group = 0; group < 2; ++group) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(w + 16 * group));
        const __m128i first = _mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8);
        const __m128i second = _mm_srai_epi16(_mm_unpackhi_epi8(v, v), 8);
        sum.upper = _mm_add_epi32(sum.upper, _mm_madd_epi16(first, x[group]));
        sum.lower = _mm_add_epi32(sum.lower, _mm_madd_epi16(second, x[group]));
    }
    return sum;
}

static inline void puffer_edge_fold_bytes(puffer_edge_rows4_t even, puffer_edge_rows4_t odd,
                                          int32_t *sum)
{
    const __m128 upper = _mm_castsi128_ps(_mm_add_epi32(even.upper, odd.upper));
    const __m128 lower = _mm_castsi128_ps(_mm_add_epi32(even.lower, odd.lower));
    _mm_storeu_si128((__m128i *)(void *)sum,
                     _mm_add_epi32(_mm_castps_si128(_mm_shuffle_ps(upper, lower, 0x88)),
                                   _mm_castps_si128(_mm_shuffle_ps(upper, lower, 0xdd))));
}
#define PUFFER_EDGE_BYTES_T puffer_edge_rows4_t
#define PUFFER_EDGE_BYTES_ZERO {_mm_setzero_si128(), _mm_setzero_si128()}
#endif

/* Weights of 8 bits, eight columns at a time. */
#define PUFFER_EDGE_DOT_BYTES(COLUMNS)                                             \
    PUFFER_EDGE_BYTES_T even = PUFFER_EDGE_BYTES_ZERO, odd = PUFFER_EDGE_BYTES_ZERO; \
    int32_t done = 0;                                                              \
    for (; done + 4 <= groups; done += 4) {                                        \
        even = puffer_edge_madd_bytes(even, w + 16 * done, COLUMNS(x + 4 * done)); \
        odd = puffer_edge_madd_bytes(odd, w + 16 * done + 32, COLUMNS(x + 4 * done + 8)); \
    }                                                                              \
    if (done + 2 <= groups) {                                                      \
        even = puffer_edge_madd_bytes(even, w + 16 * done, COLUMNS(x + 4 * done)); \
        done += 2;                                                                 \
    }                                                                              \
    puffer_edge_fold_bytes(even, odd, sum);                                        \
    return done;

static inline int32_t puffer_edge_dot4_s8(const int8_t *x, const int8_t *w, int32_t *sum,
                                          int32_t groups)
{
    PUFFER_EDGE_DOT_BYTES(puffer_edge_columns_s8)
}

static inline int32_t puffer_edge_dot4_s8x16(const int16_t *x, const int8_t *w, int32_t *sum,
                                             int32_t groups)
{
    PUFFER_EDGE_DOT_BYTES(puffer_edge_columns_s8x16)
}
#undef PUFFER_EDGE_DOT_BYTES
#undef PUFFER_EDGE_BYTES_T
#undef PUFFER_EDGE_BYTES_ZERO
#endif
#endif
