// The kernels for x86-64 with AVX2, FMA and F16C (Haswell, Zen and later).

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "vectors.h"

extern const struct voken_kernels voken_kernels_avx2 __attribute__((visibility("hidden")));

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

static inline __attribute__((always_inline)) v8 load_half(h8 halves) {
    return (v8)_mm256_cvtph_ps((__m128i)halves);
}

#define KERNELS voken_kernels_avx2
#define KERNELS_NAME "avx2"
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 2
#define PRODUCT_WIDTH 8
#define PRODUCT_SLOT 8
#define QUANTISED_ROWS 2
#define QUANTISED_WORDS 2
#define QUANTISED_MADD(a, b) ((ip)_mm256_madd_epi16((__m256i)(a), (__m256i)(b)))
#define QUANTISED_LOOKUP(levels, places) \
    ((ip)_mm256_shuffle_epi8(              \
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(levels))), (__m256i)(places)))
#include "kernels_body.h"

#pragma clang attribute pop

#endif
