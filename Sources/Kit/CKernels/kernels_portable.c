// The kernels for any CPU: what the compiler makes of them for the baseline.

// Eight floats are two registers of the baseline. No function that passes them is ever called:
// all of them are inlined, so their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#include "kernels.h"
#include "vectors.h"

extern const struct voken_kernels voken_kernels_portable __attribute__((visibility("hidden")));

// A half has 5 bits of exponent and 10 of fraction. Moved to a float's fields its exponent is
// short of 112; multiplying by 2^112 makes up for it and normalises subnormals.
static inline __attribute__((always_inline)) v8 load_half(h8 halves) {
    i8 bits = __builtin_convertvector(halves, i8);
    i8 magnitude = (bits & 0x7fff) << 13;
    v8 scaled = (v8)magnitude * 0x1p112f;
    i8 special = (bits & 0x7c00) == 0x7c00;  // infinity or not a number
    i8 result = ((i8)scaled & ~special) | ((magnitude | 0x7f800000) & special);
    return (v8)(result | (bits & 0x8000) << 16);
}

#define KERNELS voken_kernels_portable
#define KERNELS_NAME "portable"
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 2
#define PRODUCT_WIDTH 4
#define PRODUCT_SLOT 8
#define QUANTISED_ROWS 2
#define QUANTISED_WORDS 2
#ifdef __SSE2__
#include <emmintrin.h>
#define QUANTISED_MADD(a, b) ((ip)_mm_madd_epi16((__m128i)(a), (__m128i)(b)))
#endif
#include "kernels_body.h"
