// Weights as they are stored, and their products with a few rows; a part of kernels_body.h.

INLINE ptrdiff_t width(enum voken_format format) { return format == VOKEN_FLOAT32 ? 4 : 2; }

INLINE v8 load_weight(enum voken_format format, const void *x) {
    if (format == VOKEN_FLOAT32) return load(x);
    h8 halves;
    memcpy(&halves, x, sizeof halves);
    if (format == VOKEN_FLOAT16) return load_half(halves);
    return (v8)(__builtin_convertvector(halves, i8) << 16);
}

INLINE v8 load_some_weight(enum voken_format format, const void *x, ptrdiff_t count) {
    char bytes[32] = {0};
    memcpy(bytes, x, (size_t)(count * width(format)));
    return load_weight(format, bytes);
}

INLINE void decode_as(enum voken_format format, const char *x, float *y, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) store(y + i, load_weight(format, x + i * width(format)));
    if (i < count)
        store_some(y + i, load_some_weight(format, x + i * width(format), count - i), count - i);
}

static void decode(enum voken_format format, const void *x, float *y, ptrdiff_t count) {
    switch (format) {
        case VOKEN_FLOAT32: decode_as(VOKEN_FLOAT32, x, y, count); break;
        case VOKEN_FLOAT16: decode_as(VOKEN_FLOAT16, x, y, count); break;
        case VOKEN_BFLOAT16: decode_as(VOKEN_BFLOAT16, x, y, count); break;
    }
}

// A tile of `rows` rows of x by `columns` rows of the weight. Each product keeps one vector of
// sums; several products side by side hide the latency of the additions.
INLINE void dot_tile(enum voken_format format, int rows, int columns, const char *weight,
                     const float *bias, const float *x, float *y, ptrdiff_t depth,
                     ptrdiff_t stride_y) {
    v8 sums[8];
    for (int i = 0; i < rows * columns; i++) sums[i] = all(0);
    ptrdiff_t row_bytes = depth * width(format);
    ptrdiff_t k = 0;
    for (; k + 8 <= depth; k += 8) {
        for (int n = 0; n < columns; n++) {
            v8 w = load_weight(format, weight + n * row_bytes + k * width(format));
            for (int r = 0; r < rows; r++)
                sums[n * rows + r] = w * load(x + r * depth + k) + sums[n * rows + r];
        }
    }
    if (k < depth) {
        for (int n = 0; n < columns; n++) {
            v8 w = load_some_weight(
                format, weight + n * row_bytes + k * width(format), depth - k);
            for (int r = 0; r < rows; r++)
                sums[n * rows + r] =
                    w * load_some(x + r * depth + k, depth - k, 0) + sums[n * rows + r];
        }
    }
    float totals[8];
    if (rows * columns == 8) {
        transpose8(sums);
        for (int l = 1; l < 8; l++) sums[0] += sums[l];
        store(totals, sums[0]);
    } else {
        for (int i = 0; i < rows * columns; i++) totals[i] = sum_in_order(sums[i]);
    }
    for (int n = 0; n < columns; n++)
        for (int r = 0; r < rows; r++)
            y[r * stride_y + n] = bias ? totals[n * rows + r] + bias[n] : totals[n * rows + r];
}

INLINE void dot_columns(enum voken_format format, int rows, int step, const char *weight,
                        const float *bias, const float *x, float *y, ptrdiff_t columns,
                        ptrdiff_t depth, ptrdiff_t stride_y) {
    ptrdiff_t row_bytes = depth * width(format);
    ptrdiff_t n = 0;
    for (; n + step <= columns; n += step)
        dot_tile(format, rows, step, weight + n * row_bytes, bias ? bias + n : bias, x, y + n,
                 depth, stride_y);
    for (; n < columns; n++)
        dot_tile(format, rows, 1, weight + n * row_bytes, bias ? bias + n : bias, x, y + n,
                 depth, stride_y);
}

INLINE void dot_few_rows(enum voken_format format, const char *weight, const float *bias,
                         const float *x, float *y, ptrdiff_t rows, ptrdiff_t columns,
                         ptrdiff_t depth, ptrdiff_t stride_y) {
#define CASE(rows, step)                                                                   \
    case rows:                                                                             \
        dot_columns(format, rows, step, weight, bias, x, y, columns, depth, stride_y); \
        break;
    switch (rows) {
        CASE(1, 8)
        CASE(2, 4)
        CASE(3, 2)
        CASE(4, 2)
    }
#undef CASE
}

// Four rows at a time, and for these as many columns as stay in the nearest caches.
INLINE void dot_rows_as(enum voken_format format, const char *weight, const float *bias,
                        const float *x, float *y, ptrdiff_t rows, ptrdiff_t columns,
                        ptrdiff_t depth, ptrdiff_t stride_y) {
    const ptrdiff_t step = 16;
    if (rows <= 4) {
        dot_few_rows(format, weight, bias, x, y, rows, columns, depth, stride_y);
        return;
    }
    for (ptrdiff_t n = 0; n < columns; n += step) {
        ptrdiff_t some = columns - n < step ? columns - n : step;
        for (ptrdiff_t r = 0; r < rows; r += 4)
            dot_few_rows(format, weight + n * depth * width(format), bias ? bias + n : bias,
                         x + r * depth, y + r * stride_y + n, rows - r < 4 ? rows - r : 4, some,
                         depth, stride_y);
    }
}

static void dot_rows(enum voken_format format, const void *weight, const float *bias,
                     const float *x, float *y, ptrdiff_t rows, ptrdiff_t columns,
                     ptrdiff_t depth, ptrdiff_t stride_y) {
    switch (format) {
        case VOKEN_FLOAT32:
            dot_rows_as(VOKEN_FLOAT32, weight, bias, x, y, rows, columns, depth, stride_y);
            break;
        case VOKEN_FLOAT16:
            dot_rows_as(VOKEN_FLOAT16, weight, bias, x, y, rows, columns, depth, stride_y);
            break;
        case VOKEN_BFLOAT16:
            dot_rows_as(VOKEN_BFLOAT16, weight, bias, x, y, rows, columns, depth, stride_y);
            break;
    }
}
