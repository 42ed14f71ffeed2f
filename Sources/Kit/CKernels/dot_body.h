// Products of a weight as it is stored with a few rows; a part of kernels_body.h.
//
// An element of the result is eight chains, chain l over the k with k mod 8 = l in ascending order, added
// up from chain 0 to chain 7. A vector holds the chains of a column, or, where it has sixteen lanes, those
// of two columns side by side. Several columns at a time hide the latency of the additions; what memory
// gives is read once, and fetched a tile ahead: each column is a stream of its own, too short for the
// CPU to see where it goes on.

#if PRODUCT_WIDTH == 16
typedef v16 vd;
// Columns of a vector, and rows whose sums there is room for.
enum { DOT_SIDES = 2, DOT_ROWS = 8 };

INLINE vd side_by_side(v8 a, v8 b) {
    return SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

// Eight elements of two columns.
INLINE vd load_columns(enum voken_format format, const char *a, const char *b) {
    if (format == VOKEN_FLOAT32) return side_by_side(load((const float *)a), load((const float *)b));
    h8 x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    h16 halves = SHUFFLE(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    if (format == VOKEN_FLOAT16) return load_halves(halves);
    return (vd)(__builtin_convertvector(halves, i16) << 16);
}

INLINE vd load_some_columns(enum voken_format format, const char *a, const char *b, ptrdiff_t count) {
    return side_by_side(load_some_weight(format, a, count), load_some_weight(format, b, count));
}

INLINE vd for_all_columns(v8 x) { return side_by_side(x, x); }

INLINE v8 chains_of(vd sums, int side) {
    return side ? SHUFFLE(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15)
                : SHUFFLE(sums, sums, 0, 1, 2, 3, 4, 5, 6, 7);
}
#else
typedef v8 vd;
enum { DOT_SIDES = 1, DOT_ROWS = 4 };

INLINE vd load_columns(enum voken_format format, const char *a, const char *b) {
    (void)b;
    return load_weight(format, a);
}

INLINE vd load_some_columns(enum voken_format format, const char *a, const char *b, ptrdiff_t count) {
    (void)b;
    return load_some_weight(format, a, count);
}

INLINE vd for_all_columns(v8 x) { return x; }

INLINE v8 chains_of(vd sums, int side) {
    (void)side;
    return sums;
}
#endif

// Bytes from the place that is read to the one that is taken from the second cache to the first.
enum { DOT_NEAR = 512 };

// What the products with a weight share.
struct dot_operands {
    const float *x;
    ptrdiff_t depth;
    // Bytes from the place that is read to the one that is fetched from memory: every `turns`-th line from
    // the `turn`-th one on.
    ptrdiff_t ahead, turns, turn;
};

// A tile of `rows` rows of x by `columns` rows of the weight.
INLINE void dot_tile(enum voken_format format, int rows, int columns, const struct dot_operands *o,
                     const char *weight, const float *bias, float *y, ptrdiff_t stride_y) {
    const int vectors = (columns + DOT_SIDES - 1) / DOT_SIDES;
    const ptrdiff_t depth = o->depth, row_bytes = depth * width(format);
    // A column that is alone stands on both sides.
    const ptrdiff_t side = columns > 1 ? row_bytes : 0;
    const float *x = o->x;
    vd sums[DOT_ROWS * 8 / DOT_SIDES];
    UNROLL for (int i = 0; i < rows * vectors; i++) sums[i] = (vd){0};
    ptrdiff_t k = 0;
    const ptrdiff_t line = 64 / width(format);
    for (; k + line <= depth; k += line) {
        if (k / line % o->turns == o->turn)
            UNROLL for (int n = 0; n < columns; n++)
                __builtin_prefetch(weight + n * row_bytes + k * width(format) + o->ahead, 0, 2);
        UNROLL for (int n = 0; n < columns; n++)
            __builtin_prefetch(weight + n * row_bytes + k * width(format) + DOT_NEAR);
        for (ptrdiff_t j = k; j < k + line; j += 8)
            UNROLL for (int v = 0; v < vectors; v++) {
                const char *at = weight + v * DOT_SIDES * row_bytes + j * width(format);
                vd w = load_columns(format, at, at + side);
                UNROLL for (int r = 0; r < rows; r++)
                    sums[r * vectors + v] =
                        w * for_all_columns(load(x + r * depth + j)) + sums[r * vectors + v];
            }
    }
    for (; k < depth; k += 8) {
        const ptrdiff_t some = depth - k < 8 ? depth - k : 8;
        UNROLL for (int v = 0; v < vectors; v++) {
            const char *at = weight + v * DOT_SIDES * row_bytes + k * width(format);
            vd w = load_some_columns(format, at, at + side, some);
            UNROLL for (int r = 0; r < rows; r++)
                sums[r * vectors + v] =
                    w * for_all_columns(load_some(x + r * depth + k, some, 0))
                    + sums[r * vectors + v];
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        float *to = y + r * stride_y;
        if (columns == 8) {
            v8 chains[8];
            UNROLL for (int n = 0; n < 8; n++)
                chains[n] = chains_of(sums[r * vectors + n / DOT_SIDES], n % DOT_SIDES);
            transpose8(chains);
            UNROLL for (int l = 1; l < 8; l++) chains[0] += chains[l];
            store(to, bias ? chains[0] + load(bias) : chains[0]);
            continue;
        }
        UNROLL for (int n = 0; n < columns; n++) {
            float total = sum_in_order(
                chains_of(sums[r * vectors + n / DOT_SIDES], n % DOT_SIDES));
            to[n] = bias ? total + bias[n] : total;
        }
    }
}

INLINE void dot_columns(enum voken_format format, int rows, int step, const struct dot_operands *o,
                        const char *weight, const float *bias, float *y, ptrdiff_t columns,
                        ptrdiff_t stride_y) {
    const ptrdiff_t row_bytes = o->depth * width(format);
    ptrdiff_t n = 0;
    for (; n + step <= columns; n += step)
        dot_tile(format, rows, step, o, weight + n * row_bytes, bias ? bias + n : bias, y + n, stride_y);
    for (; n < columns; n++)
        dot_tile(format, rows, 1, o, weight + n * row_bytes, bias ? bias + n : bias, y + n, stride_y);
}

// As many columns side by side as there is room for their sums.
INLINE ptrdiff_t dot_step(ptrdiff_t rows) {
    if (DOT_SIDES == 2) return rows <= 6 ? 8 : 4;
    return rows == 1 ? 8 : rows == 2 ? 4 : 2;
}

INLINE void dot_few_rows(enum voken_format format, ptrdiff_t rows, const struct dot_operands *o,
                         const char *weight, const float *bias, float *y, ptrdiff_t columns,
                         ptrdiff_t stride_y) {
#define CASE(rows)                                                                              \
    case rows:                                                                                  \
        dot_columns(format, rows, dot_step(rows), o, weight, bias, y, columns, stride_y); \
        break;
    switch (rows) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
#if PRODUCT_WIDTH == 16
        CASE(5)
        CASE(6)
        CASE(7)
        CASE(8)
#endif
    }
#undef CASE
}

// DOT_ROWS rows at a time, and for these as many columns as stay in the nearest caches.
INLINE void dot_rows_as(enum voken_format format, const char *weight, const float *bias,
                        const float *x, float *y, ptrdiff_t rows, ptrdiff_t columns,
                        ptrdiff_t depth, ptrdiff_t stride_y) {
    const ptrdiff_t row_bytes = depth * width(format);
    if (rows <= DOT_ROWS) {
        const struct dot_operands o = {x, depth, dot_step(rows) * row_bytes, 1, 0};
        dot_few_rows(format, rows, &o, weight, bias, y, columns, stride_y);
        return;
    }
    const ptrdiff_t step = 16, turns = (rows + DOT_ROWS - 1) / DOT_ROWS;
    const ptrdiff_t height = (rows + turns - 1) / turns;
    for (ptrdiff_t n = 0; n < columns; n += step) {
        const ptrdiff_t some = columns - n < step ? columns - n : step;
        for (ptrdiff_t turn = 0; turn < turns; turn++) {
            const ptrdiff_t r = turn * height;
            const struct dot_operands o = {x + r * depth, depth, step * row_bytes, turns, turn};
            dot_few_rows(format, rows - r < height ? rows - r : height, &o, weight + n * row_bytes,
                         bias ? bias + n : bias, y + r * stride_y + n, some, stride_y);
        }
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
