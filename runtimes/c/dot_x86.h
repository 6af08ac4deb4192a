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

/* Four columns. */
static inline __m128i puffer_edge_group_s8(const int8_t *x)
{
    int32_t four;
    memcpy(&four, x, sizeof four);
    const __m128i bytes = _mm_cvtsi32_si128(four);
    return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
}

static inline __m128i puffer_edge_group_s8x16(const int16_t *x)
{
    return _mm_shufflelo_epi16(_mm_loadl_epi64((const __m128i *)(const void *)x), 0xd8);
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

/* Halves of four columns in the rows of a block, two sums a row. */
static inline __m256i puffer_edge_halves(__m512i sum)
{
    return _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
}

/* One group. */
static inline __m512i puffer_edge_madd_group(__m512i sum, const int8_t *w, __m128i columns)
{
    const __m256i weights = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w));
    return _mm512_add_epi32(sum, _mm512_zextsi256_si512(_mm256_madd_epi16(
                                     weights, _mm256_broadcastq_epi64(columns))));
}

/* Four groups of two columns. */
#define PUFFER_EDGE_WORDS_GROUPS 4
static inline __m512i puffer_edge_madd_words(__m512i sum, const int16_t *w, const int16_t *x)
{
    const __m512i spread = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
    const __m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(const void *)x));
    return puffer_edge_madd(sum, _mm512_loadu_si512(w), _mm512_permutexvar_epi32(spread, v));
}

static inline __m512i puffer_edge_madd_pair(__m512i sum, const int16_t *w, int32_t pair)
{
    return _mm512_add_epi32(
        sum, _mm512_zextsi128_si512(_mm_madd_epi16(
                 _mm_loadu_si128((const __m128i *)(const void *)w), _mm_set1_epi32(pair))));
}

/* What four blocks have to the sums of 16 rows. */
static inline void puffer_edge_fold16_bytes(const __m512i *block, int32_t *sum)
{
    const __m256i first = _mm256_hadd_epi32(puffer_edge_halves(block[0]),
                                            puffer_edge_halves(block[1]));
    const __m256i second = _mm256_hadd_epi32(puffer_edge_halves(block[2]),
                                             puffer_edge_halves(block[3]));
    _mm512_storeu_si512(sum, _mm512_permutex_epi64(
        _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1), 0xd8));
}

static inline void puffer_edge_fold16_words(const __m512i *block, int32_t *sum)
{
    __m512i rows = _mm512_setzero_si512();
    __m128i part[4];
    for (int32_t i = 0; i < 4; ++i) {
        const __m256i half = puffer_edge_halves(block[i]);
        part[i] = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    }
    rows = _mm512_inserti32x4(rows, part[0], 0);
    rows = _mm512_inserti32x4(rows, part[1], 1);
    rows = _mm512_inserti32x4(rows, part[2], 2);
    _mm512_storeu_si512(sum, _mm512_inserti32x4(rows, part[3], 3));
}

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

/* One group. */
static inline __m256i puffer_edge_madd_group(__m256i sum, const int8_t *w, __m128i columns)
{
    const __m256i weights = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(weights, _mm256_broadcastq_epi64(columns)));
}

/* Two groups of two columns. */
#define PUFFER_EDGE_WORDS_GROUPS 2
static inline __m256i puffer_edge_madd_words(__m256i sum, const int16_t *w, const int16_t *x)
{
    const __m256i spread = _mm256_set_epi32(1, 1, 1, 1, 0, 0, 0, 0);
    const __m256i v = _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(const void *)x));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(
        _mm256_loadu_si256((const __m256i *)(const void *)w), _mm256_permutevar8x32_epi32(v, spread)));
}

static inline __m256i puffer_edge_madd_pair(__m256i sum, const int16_t *w, int32_t pair)
{
    const __m128i products = _mm_madd_epi16(_mm_loadu_si128((const __m128i *)(const void *)w),
                                            _mm_set1_epi32(pair));
    return _mm256_add_epi32(sum, _mm256_inserti128_si256(_mm256_setzero_si256(), products, 0));
}

/* What four blocks have to the sums of 16 rows. */
static inline void puffer_edge_fold16_bytes(const __m256i *block, int32_t *sum)
{
    for (int32_t i = 0; i < 4; i += 2) {
        const __m256i rows = _mm256_hadd_epi32(block[i], block[i + 1]);
        _mm256_storeu_si256((__m256i *)(void *)(sum + 4 * i), _mm256_permute4x64_epi64(rows, 0xd8));
    }
}

static inline void puffer_edge_fold16_words(const __m256i *block, int32_t *sum)
{
    for (int32_t i = 0; i < 4; i += 2) {
        const __m256i first = _mm256_permute2x128_si256(block[i], block[i + 1], 0x20);
        const __m256i second = _mm256_permute2x128_si256(block[i], block[i + 1], 0x31);
        _mm256_storeu_si256((__m256i *)(void *)(sum + 4 * i), _mm256_add_epi32(first, second));
    }
}

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

#if defined(__AVX2__)
/* dot16_<types>: all whole groups of columns of 16 rows, four blocks that are step apart. */
#define PUFFER_EDGE_DOT16
#define PUFFER_EDGE_DOT16_BYTES(COLUMNS, GROUP)                                                \
    PUFFER_EDGE_BYTES_T block[4] = {PUFFER_EDGE_BYTES_ZERO, PUFFER_EDGE_BYTES_ZERO,            \
                                    PUFFER_EDGE_BYTES_ZERO, PUFFER_EDGE_BYTES_ZERO};           \
    int32_t done = 0;                                                                          \
    for (; done + 2 <= groups; done += 2) {                                                    \
        const __m128i columns = COLUMNS(x + 4 * done);                                         \
        for (int32_t i = 0; i < 4; ++i) {                                                      \
            block[i] = puffer_edge_madd_bytes(block[i], w + i * step + 16 * done, columns);    \
        }                                                                                      \
    }                                                                                          \
    if (done < groups) {                                                                       \
        const __m128i columns = GROUP(x + 4 * done);                                           \
        for (int32_t i = 0; i < 4; ++i) {                                                      \
            block[i] = puffer_edge_madd_group(block[i], w + i * step + 16 * done, columns);    \
        }                                                                                      \
    }                                                                                          \
    puffer_edge_fold16_bytes(block, sum);

static inline void puffer_edge_dot16_s8(const int8_t *x, const int8_t *w, int32_t step,
                                        int32_t *sum, int32_t groups)
{
    PUFFER_EDGE_DOT16_BYTES(puffer_edge_columns_s8, puffer_edge_group_s8)
}

static inline void puffer_edge_dot16_s8x16(const int16_t *x, const int8_t *w, int32_t step,
                                           int32_t *sum, int32_t groups)
{
    PUFFER_EDGE_DOT16_BYTES(puffer_edge_columns_s8x16, puffer_edge_group_s8x16)
}
#undef PUFFER_EDGE_DOT16_BYTES

static inline void puffer_edge_dot16_s16(const int16_t *x, const int16_t *w, int32_t step,
                                         int32_t *sum, int32_t groups)
{
    PUFFER_EDGE_BYTES_T block[4] = {PUFFER_EDGE_BYTES_ZERO, PUFFER_EDGE_BYTES_ZERO,
                                    PUFFER_EDGE_BYTES_ZERO, PUFFER_EDGE_BYTES_ZERO};
    int32_t done = 0;
    for (; done + PUFFER_EDGE_WORDS_GROUPS <= groups; done += PUFFER_EDGE_WORDS_GROUPS) {
        for (int32_t i = 0; i < 4; ++i) {
            block[i] = puffer_edge_madd_words(block[i], w + i * step + 8 * done, x + 2 * done);
        }
    }
    for (; done < groups; ++done) {
        int32_t pair;
        memcpy(&pair, x + 2 * done, sizeof pair);
        for (int32_t i = 0; i < 4; ++i) {
            block[i] = puffer_edge_madd_pair(block[i], w + i * step + 8 * done, pair);
        }
    }
    puffer_edge_fold16_words(block, sum);
}
#endif
#undef PUFFER_EDGE_BYTES_T
#undef PUFFER_EDGE_BYTES_ZERO
#endif
#endif
