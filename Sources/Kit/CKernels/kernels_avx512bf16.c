// The kernels for x86-64 with AVX-512 and its instruction for bf16 (Cooper Lake, Zen 4 and later).

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "vectors.h"

extern const struct voken_kernels voken_kernels_avx512bf16 __attribute__((visibility("hidden")));

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,avx512vnni,avx2,fma,f16c"))), apply_to = function)

static inline __attribute__((always_inline)) v8 load_half(h8 halves) {
    return (v8)_mm256_cvtph_ps((__m128i)halves);
}

static inline __attribute__((always_inline)) v16 load_halves(h16 halves) {
    return (v16)_mm512_cvtph_ps((__m256i)halves);
}

static inline __attribute__((always_inline)) v8 round_pairs(v8 low, v8 high) {
    __m512 x = _mm512_insertf32x8(_mm512_castps256_ps512((__m256)low), (__m256)high, 1);
    return (v8)_mm512_cvtneps_pbh(x);
}

#define KERNELS voken_kernels_avx512bf16
#define KERNELS_NAME "avx512bf16"
#define PRODUCT_ROWS 14
#define PRODUCT_VECTORS 2
#define PRODUCT_WIDTH 16
#define PRODUCT_SLOT 16
#define PRODUCT_ROUND(low, high) round_pairs(low, high)
#define PRODUCT_ROUND_LINE(low, high) \
    ((vp)_mm512_cvtne2ps_pbh((__m512)(high), (__m512)(low)))
#define PRODUCT_PAIR(sums, a, b) \
    ((vp)_mm512_dpbf16_ps((__m512)(sums), (__m512bh)(a), (__m512bh)(b)))
#define QUANTISED_ROWS 6
#define QUANTISED_PANELS 2
#define QUANTISED_WORDS 1
#define QUANTISED_DOT(sum, bytes, x) \
    ((ip)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(bytes), (__m512i)(x)))
#define QUANTISED_LOOKUP(levels, places) \
    ((ip)_mm512_shuffle_epi8(              \
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(levels))), (__m512i)(places)))
#define LOAD_HALVES(x) ((vp)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(x))))
#include "kernels_body.h"

#pragma clang attribute pop

#endif
