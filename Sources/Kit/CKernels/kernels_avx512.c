// The kernels for x86-64 with AVX-512 (Skylake-SP and later).

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "vectors.h"

extern const struct voken_kernels voken_kernels_avx512 __attribute__((visibility("hidden")));

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,f16c"))), apply_to = function)

static inline __attribute__((always_inline)) v8 load_half(h8 halves) {
    return (v8)_mm256_cvtph_ps((__m128i)halves);
}

static inline __attribute__((always_inline)) v16 load_halves(h16 halves) {
    return (v16)_mm512_cvtph_ps((__m256i)halves);
}

#define KERNELS voken_kernels_avx512
#define KERNELS_NAME "avx512"
#define PRODUCT_ROWS 14
#define PRODUCT_VECTORS 2
#define PRODUCT_WIDTH 16
#define PRODUCT_SLOT 16
#define QUANTISED_ROWS 4
#define QUANTISED_PANELS 2
#define QUANTISED_WORDS 2
#define QUANTISED_MADD(a, b) ((ip)_mm512_madd_epi16((__m512i)(a), (__m512i)(b)))
#define QUANTISED_LOOKUP(levels, places) \
    ((ip)_mm512_shuffle_epi8(              \
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(levels))), (__m512i)(places)))
#define LOAD_HALVES(x) ((vp)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(x))))
#include "kernels_body.h"

#pragma clang attribute pop

#endif
