// The loops themselves, over vectors of eight floats. Included once for each kind of CPU by a
// file that defines KERNELS (the table's name), KERNELS_NAME, load_half and the tile of a product:
// PRODUCT_ROWS by PRODUCT_VECTORS vectors of PRODUCT_WIDTH floats, and PRODUCT_SLOT, a multiple of
// eight that holds PRODUCT_ROWS. PRODUCT_PAIR(sums, a, b), where it is defined, adds the products of
// pairs of bf16 numbers, PRODUCT_ROUND(low, high) makes eight such pairs of sixteen floats, and
// PRODUCT_ROUND_LINE(low, high) sixteen of thirty-two.
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

#define LANES 8
#include "elementary_body.h"
#undef LANES

#include "maps_body.h"

#include "weights_body.h"

#include "dot_body.h"

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

static void column_moments(const float *x, const float *center, float *sums, float *squares,
                           ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t c = 0; c < columns; c++) sums[c] = squares[c] = 0;
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < columns; c++) {
            float d = x[r * columns + c] - center[c];
            sums[c] += d;
            squares[c] += d * d;
        }
}

#include "pairs_body.h"

#include "pair_product_body.h"

#include "panels_body.h"

#include "tiles_body.h"

#include "attention_body.h"

#include "attention_few_body.h"

#include "winograd_weight_body.h"

#include "winograd_body.h"

#include "quantised_rows_body.h"

#include "quantised_body.h"

#include "quantising_body.h"

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
    .column_moments = column_moments,
    .column_affine = column_affine,
    .column_affine_silu = column_affine_silu,
    .attention = attention,
    .attention_few = attention_few,
    .round_pairs = round_row,
    .pack_pair_columns = pack_pair_columns,
    .pair_product = pair_product,
    .pack_panel_rows = pack_panel_rows,
    .pack_panel_columns = pack_panel_columns,
    .panel_product = panel_product,
    .panel_rows_product = panel_rows_product,
    .quantised_row = QUANTISED_SPAN,
    .quantise_rows = quantise_rows,
    .greatest_finite = greatest_finite,
    .pack_quantised = pack_quantised,
    .quantised_product = quantised_product,
    .winograd_weight = winograd_weight,
    .winograd_input = winograd_input,
    .winograd_output = winograd_output,
};
