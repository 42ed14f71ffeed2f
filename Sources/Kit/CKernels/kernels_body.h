// The loops themselves, over vectors of eight floats. Included once for each kind of CPU by a
// file that defines KERNELS (the table's name), KERNELS_NAME, load_half and the tile of a product:
// PRODUCT_ROWS by PRODUCT_VECTORS vectors of PRODUCT_WIDTH floats, and PRODUCT_SLOT, a multiple of
// eight that holds PRODUCT_ROWS. PRODUCT_PAIR(sums, a, b), where it is defined, adds the products of
// pairs of bf16 numbers, and PRODUCT_ROUND(low, high) makes eight such pairs of sixteen floats.
//
// Products and sums in one expression may fuse into one rounding where the CPU has such an
// instruction, so two tables agree to rounding and not to the bit.

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE v8 load(const float *x) {
    v8 v;
    memcpy(&v, x, sizeof v);
    return v;
}

INLINE void store(float *y, v8 v) { memcpy(y, &v, sizeof v); }

INLINE v8 all(float x) { return (v8){x, x, x, x, x, x, x, x}; }

// The first `count` < 8 elements, then `fill`.
INLINE v8 load_some(const float *x, ptrdiff_t count, float fill) {
    v8 v = all(fill);
    memcpy(&v, x, (size_t)count * sizeof *x);
    return v;
}

INLINE void store_some(float *y, v8 v, ptrdiff_t count) {
    memcpy(y, &v, (size_t)count * sizeof *y);
}

INLINE v8 choose(i8 where, v8 a, v8 b) { return (v8)((where & (i8)a) | (~where & (i8)b)); }

INLINE v8 greater(v8 a, v8 b) { return choose(a > b, a, b); }

INLINE float sum(v8 v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

// The lanes one after the other.
INLINE float sum_in_order(v8 v) {
    float total = v[0];
    for (int i = 1; i < 8; i++) total += v[i];
    return total;
}

#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

// Lane j of vector i and lane i of vector j change places.
INLINE void transpose8(v8 *x) {
    v8 a[8], b[8];
    UNROLL for (int i = 0; i < 8; i += 2) {
        a[i] = SHUFFLE(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        a[i + 1] = SHUFFLE(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    UNROLL for (int i = 0; i < 8; i += 4) {
        b[i] = SHUFFLE(a[i], a[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        b[i + 1] = SHUFFLE(a[i], a[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        b[i + 2] = SHUFFLE(a[i + 1], a[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        b[i + 3] = SHUFFLE(a[i + 1], a[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        x[i] = SHUFFLE(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        x[i + 4] = SHUFFLE(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

INLINE float largest(v8 v) {
    float m = v[0];
    for (int i = 1; i < 8; i++) m = v[i] > m ? v[i] : m;
    return m;
}

// e^x = 2^n e^r with |r| <= ln 2 / 2; e^r by a polynomial fitted to a relative error of 6e-11.
// Within 1 ulp where the result is normal. Overflows to infinity, underflows gradually to zero.
INLINE v8 exp8(v8 x) {
    x = choose(x > all(89), all(89), x);
    x = choose(x < all(-104), all(-104), x);
    const v8 shift = all(12582912);  // 1.5 * 2^23: adding it rounds to an integer
    v8 t = x * all(1.44269504f) + shift;
    i8 n = (i8)t - (i8)shift;
    t -= shift;
    v8 r = x - t * all(0.693359375f);  // ln 2 in two parts, the first exact in nine bits
    r = r - t * all(-2.12194440e-4f);
    v8 p = all(1.979023654e-4f);
    p = p * r + all(1.394476741e-3f);
    p = p * r + all(8.333497681e-3f);
    p = p * r + all(4.166629538e-2f);
    p = p * r + all(1.666666567e-1f);
    p = p * r + all(0.5f);
    p = p * (r * r) + r;
    p += all(1);
    // 2^n in two factors: n reaches 128 and -150, beyond the exponents of one float.
    i8 half = n >> 1;
    v8 scale = (v8)((half + 127) << 23);
    v8 rest = (v8)((n - half + 127) << 23);
    return p * scale * rest;
}

// The error function, within 2 ulp: x + x P(x^2) near zero; further out 1 - exp(-Q(|x|)).
// Both polynomials are fitted to a relative error under 2e-9.
INLINE v8 erf8(v8 x) {
    const i8 sign = (i8)all(-0.0f);
    v8 a = (v8)((i8)x & ~sign);
    v8 s = x * x;
    v8 p = all(8.267496742e-5f);
    p = p * s + all(-8.118085680e-4f);
    p = p * s + all(5.198831204e-3f);
    p = p * s + all(-2.685849741e-2f);
    p = p * s + all(1.128367931e-1f);
    p = p * s + all(-3.761263192e-1f);
    p = p * s + all(1.283791661e-1f);
    v8 near = p * x + x;
    v8 c = choose(a > all(4), all(4), a);
    v8 q = all(-1.929504942e-4f);
    q = q * c + all(3.013947280e-3f);
    q = q * c + all(-2.211037092e-2f);
    q = q * c + all(1.036901101e-1f);
    q = q * c + all(6.374570727e-1f);
    q = q * c + all(1.127512693f);
    q = q * c + all(2.350710711e-4f);
    v8 far = all(1) - exp8(-q);
    far = (v8)((i8)far | ((i8)x & sign));
    return choose(a > all(0.9375f), far, near);
}

INLINE v8 silu8(v8 x) { return x / (all(1) + exp8(-x)); }

INLINE v8 gelu8(v8 x) { return all(0.5f) * x * (all(1) + erf8(x * all(0.707106781f))); }

INLINE v8 relu8(v8 x) { return choose(x < all(0), all(0), x); }

#define MAP(name, function)                                                        \
    static void name(const float *x, float *y, ptrdiff_t count) {                  \
        ptrdiff_t i = 0;                                                           \
        for (; i + 8 <= count; i += 8) store(y + i, function(load(x + i)));        \
        if (i < count)                                                             \
            store_some(y + i, function(load_some(x + i, count - i, 0)), count - i); \
    }

MAP(map_silu, silu8)
MAP(map_gelu, gelu8)
MAP(map_relu, relu8)

static void geglu(const float *value, const float *gate, float *y, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) store(y + i, load(value + i) * gelu8(load(gate + i)));
    if (i == count) return;
    v8 v = load_some(value + i, count - i, 0), g = load_some(gate + i, count - i, 0);
    store_some(y + i, v * gelu8(g), count - i);
}

static void swiglu(const float *gate, const float *up, float *y, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) store(y + i, silu8(load(gate + i)) * load(up + i));
    if (i == count) return;
    v8 g = load_some(gate + i, count - i, 0), u = load_some(up + i, count - i, 0);
    store_some(y + i, silu8(g) * u, count - i);
}

#include "weights_body.h"

#include "product_body.h"

// --- Rows --------------------------------------------------------------------------------------

static void softmax(const float *x, float *y, ptrdiff_t count) {
    v8 m = all(-INFINITY);
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) m = greater(load(x + i), m);
    if (i < count) m = greater(load_some(x + i, count - i, -INFINITY), m);
    v8 most = all(largest(m));
    v8 total = all(0);
    for (i = 0; i + 8 <= count; i += 8) {
        v8 e = exp8(load(x + i) - most);
        total += e;
        store(y + i, e);
    }
    if (i < count) {
        v8 e = exp8(load_some(x + i, count - i, -INFINITY) - most);
        total += e;
        store_some(y + i, e, count - i);
    }
    v8 scale = all(1 / sum(total));
    for (i = 0; i + 8 <= count; i += 8) store(y + i, load(y + i) * scale);
    for (; i < count; i++) y[i] *= scale[0];
}

// The sum of x and of (x - mean)^2, in two chains of eight lanes.
INLINE float row_sum(const float *x, ptrdiff_t count) {
    v8 a = all(0), b = all(0);
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        a += load(x + i);
        b += load(x + i + 8);
    }
    for (; i + 8 <= count; i += 8) a += load(x + i);
    if (i < count) b += load_some(x + i, count - i, 0);
    return sum(a + b);
}

INLINE float row_squares(const float *x, float mean, ptrdiff_t count) {
    v8 a = all(0), b = all(0), d;
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        d = load(x + i) - all(mean);
        a = d * d + a;
        d = load(x + i + 8) - all(mean);
        b = d * d + b;
    }
    for (; i + 8 <= count; i += 8) {
        d = load(x + i) - all(mean);
        a = d * d + a;
    }
    if (i < count) {
        d = load_some(x + i, count - i, mean) - all(mean);
        b = d * d + b;
    }
    return sum(a + b);
}

static void layer_norm(const float *x, const float *weight, const float *bias, float epsilon,
                       float *y, ptrdiff_t count) {
    float mean = row_sum(x, count) / (float)count;
    float scale = 1 / sqrtf(row_squares(x, mean, count) / (float)count + epsilon);
    for (ptrdiff_t i = 0; i < count; i++) y[i] = (x[i] - mean) * scale * weight[i] + bias[i];
}

static void rms_norm(const float *x, const float *weight, float epsilon, float *y,
                     ptrdiff_t count) {
    float scale = 1 / sqrtf(row_squares(x, 0, count) / (float)count + epsilon);
    for (ptrdiff_t i = 0; i < count; i++) y[i] = x[i] * scale * weight[i];
}

static void column_sums(const float *x, float *sums, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t c = 0; c < columns; c++) sums[c] = 0;
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < columns; c++) sums[c] += x[r * columns + c];
}

static void column_squares(const float *x, const float *mean, float *sums, ptrdiff_t rows,
                           ptrdiff_t columns) {
    for (ptrdiff_t c = 0; c < columns; c++) sums[c] = 0;
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < columns; c++) {
            float d = x[r * columns + c] - mean[c];
            sums[c] += d * d;
        }
}

static void column_affine(const float *x, const float *mean, const float *scale,
                          const float *bias, float *y, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < columns; c++)
            y[r * columns + c] = (x[r * columns + c] - mean[c]) * scale[c] + bias[c];
}

#include "pairs_body.h"

#include "tiles_body.h"

#include "attention_body.h"

#include "winograd_weight_body.h"

#include "winograd_body.h"

const struct voken_kernels KERNELS = {
    .name = KERNELS_NAME,
    .decode = decode,
    .dot_rows = dot_rows,
    .product_rows = PRODUCT_ROWS,
    .product_columns = PRODUCT_COLUMNS,
    .product_slot = PRODUCT_SLOT,
    .pack_rows = pack_rows,
    .pack_columns = pack_columns,
    .product = product,
    .silu = map_silu,
    .gelu = map_gelu,
    .relu = map_relu,
    .geglu = geglu,
    .swiglu = swiglu,
    .softmax = softmax,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .column_sums = column_sums,
    .column_squares = column_squares,
    .column_affine = column_affine,
    .attention = attention,
    .pack_pair_rows = pack_pair_rows,
    .pack_pair_columns = pack_pair_columns,
    .pair_product = pair_product,
    .winograd_weight = winograd_weight,
    .winograd_input = winograd_input,
    .winograd_output = winograd_output,
};
