// Products of bf16 numbers, summed in 32-bit floats; a part of kernels_body.h.
//
// A word holds two neighbours along the depth: the even one in its lower half, the odd one in its
// upper half. Both operands are [pair][side by side]. An element of the result is one sum over the
// pairs in ascending order, so that it does not know how the depth is cut into blocks, nor where its
// tile lies. Within a pair the order is the instruction's where there is one (VDPBF16PS), which also
// takes subnormal numbers for zero; elsewhere the even product comes first.

// Rounded to nearest, ties to even, in the lower halves; a NaN stays a NaN.
INLINE i8 rounded8(v8 x) {
    i8 bits = (i8)x;
    i8 up = bits + 0x7fff + (bits >> 16 & 1);
    return (((x != x) & (bits | 0x400000)) | ((x == x) & up)) >> 16 & 0xffff;
}

// Eight words from sixteen floats.
INLINE v8 pairs_of(v8 low, v8 high) {
    i8 a = rounded8(SHUFFLE(low, high, 0, 2, 4, 6, 8, 10, 12, 14));
    i8 b = rounded8(SHUFFLE(low, high, 1, 3, 5, 7, 9, 11, 13, 15));
    return (v8)(a | b << 16);
}

#ifndef PRODUCT_ROUND
#define PRODUCT_ROUND(low, high) pairs_of(low, high)
#endif

// `quick`: as the CPU's own instruction rounds, if it has one.
INLINE v8 round_to_pairs(_Bool quick, v8 low, v8 high) {
    return quick ? PRODUCT_ROUND(low, high) : pairs_of(low, high);
}

// Up to eight rows of `count` elements into eight neighbouring places of slots.
INLINE void pack_eight_pairs(_Bool quick, enum voken_format format, const char *const *rows, ptrdiff_t count,
                             ptrdiff_t slot, uint32_t *panel) {
    v8 block[8];
    for (ptrdiff_t k = 0; k < count; k += 16) {
        const ptrdiff_t some = count - k < 16 ? count - k : 16;
        UNROLL for (int i = 0; i < 8; i++) {
            const char *at = rows[i] + k * width(format);
            if (some == 16) {
                block[i] = round_to_pairs(
                    quick, load_weight(format, at), load_weight(format, at + 8 * width(format)));
            } else {
                v8 low = load_some_weight(format, at, some < 8 ? some : 8);
                v8 high = some <= 8
                    ? all(0) : load_some_weight(format, at + 8 * width(format), some - 8);
                block[i] = round_to_pairs(quick, low, high);
            }
        }
        transpose8(block);
        for (ptrdiff_t j = 0; j < (some + 1) / 2; j++)
            memcpy(panel + (k / 2 + j) * slot, &block[j], sizeof block[j]);
    }
}

// Places beyond the last row repeat it: nobody reads what is made of them.
INLINE void pack_pairs(_Bool quick, enum voken_format format, const char *const *rows,
                       ptrdiff_t row_count, ptrdiff_t count, ptrdiff_t slot, uint32_t *panel) {
    for (ptrdiff_t first = 0; first < slot; first += 8) {
        const char *eight[8];
        for (ptrdiff_t i = 0; i < 8; i++)
            eight[i] = rows[first + i < row_count ? first + i : row_count - 1];
        pack_eight_pairs(quick, format, eight, count, slot, panel + first);
    }
}

static void pack_pair_rows(const float *const *rows, ptrdiff_t row_count, ptrdiff_t count,
                           uint32_t *panel) {
    pack_pairs(
        1, VOKEN_FLOAT32, (const char *const *)rows, row_count, count, PRODUCT_SLOT, panel);
}

// Weights are the same on every CPU.
static void pack_pair_columns(enum voken_format format, const void *weight, ptrdiff_t columns,
                              ptrdiff_t depth, uint32_t *panel) {
    const char *rows[VOKEN_PAIR_COLUMNS];
    for (ptrdiff_t n = 0; n < columns; n++)
        rows[n] = (const char *)weight + n * depth * width(format);
    switch (format) {
        case VOKEN_FLOAT32:
            pack_pairs(0, VOKEN_FLOAT32, rows, columns, depth, VOKEN_PAIR_COLUMNS, panel);
            break;
        case VOKEN_FLOAT16:
            pack_pairs(0, VOKEN_FLOAT16, rows, columns, depth, VOKEN_PAIR_COLUMNS, panel);
            break;
        case VOKEN_BFLOAT16:
            pack_pairs(0, VOKEN_BFLOAT16, rows, columns, depth, VOKEN_PAIR_COLUMNS, panel);
            break;
    }
}

// Adds the products of one pair: rows r, at a[r * row], with the columns that begin at `b`.
INLINE void add_pair(int rows, int vectors, const uint32_t *a, ptrdiff_t row, const uint32_t *b,
                     vp *sums) {
    ip words[PRODUCT_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++)
        memcpy(&words[v], b + v * PRODUCT_WIDTH, sizeof words[v]);
#ifdef PRODUCT_PAIR
    UNROLL for (int r = 0; r < rows; r++) {
        ip x = (int32_t)a[r * row] - (ip){0};
        UNROLL for (int v = 0; v < vectors; v++)
            sums[r * vectors + v] = PRODUCT_PAIR(sums[r * vectors + v], words[v], x);
    }
#else
    vp columns[PRODUCT_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) columns[v] = (vp)(words[v] << 16);
    UNROLL for (int r = 0; r < rows; r++) {
        vp x = (vp)(((int32_t)a[r * row] - (ip){0}) << 16);
        UNROLL for (int v = 0; v < vectors; v++)
            sums[r * vectors + v] = x * columns[v] + sums[r * vectors + v];
    }
    const ip upper = (int32_t)0xffff0000 - (ip){0};
    UNROLL for (int v = 0; v < vectors; v++) columns[v] = (vp)(words[v] & upper);
    UNROLL for (int r = 0; r < rows; r++) {
        vp x = (vp)(((int32_t)a[r * row] - (ip){0}) & upper);
        UNROLL for (int v = 0; v < vectors; v++)
            sums[r * vectors + v] = x * columns[v] + sums[r * vectors + v];
    }
#endif
}

// t = the sum over the steps, or t += that, term by term; then t += bias and t += residual if there
// are such.
INLINE void pair_tile(int rows, ptrdiff_t steps, const uint32_t *a, const uint32_t *b,
                      const float *bias, const float *residual, float *t, ptrdiff_t stride,
                      _Bool first) {
    vp sums[PRODUCT_ROWS * PRODUCT_VECTORS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++)
            sums[r * PRODUCT_VECTORS + v] =
                first ? (vp){0} : load_vp(t + r * stride + v * PRODUCT_WIDTH);
    for (ptrdiff_t s = 0; s < steps; s++) {
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++)
            __builtin_prefetch(b + 16 * VOKEN_PAIR_COLUMNS + v * PRODUCT_WIDTH);
        add_pair(rows, PRODUCT_VECTORS, a, 1, b, sums);
        a += PRODUCT_SLOT;
        b += VOKEN_PAIR_COLUMNS;
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++) {
            const ptrdiff_t at = r * stride + v * PRODUCT_WIDTH;
            vp sum = sums[r * PRODUCT_VECTORS + v];
            if (bias) sum = sum + load_vp(bias + v * PRODUCT_WIDTH);
            if (residual) sum = sum + load_vp(residual + at);
            store_vp(t + at, sum);
        }
}

typedef void (*pair_function)(ptrdiff_t, const uint32_t *, const uint32_t *, const float *,
                              const float *, float *, ptrdiff_t, _Bool);

#define CASE(rows)                                                                            \
    static void pair_##rows(ptrdiff_t steps, const uint32_t *a, const uint32_t *b,            \
                            const float *bias, const float *residual, float *t,               \
                            ptrdiff_t stride, _Bool first) {                                  \
        pair_tile(rows, steps, a, b, bias, residual, t, stride, first);                       \
    }
FOR_EACH_HEIGHT(CASE)
#undef CASE
#define CASE(rows) pair_##rows,
static const pair_function pair_tiles[] = {FOR_EACH_HEIGHT(CASE)};
#undef CASE

static void pair_product(const uint32_t *a, ptrdiff_t rows, ptrdiff_t panel_rows,
                         const uint32_t *b, const float *bias, const float *residual, float *y,
                         ptrdiff_t columns, ptrdiff_t steps, ptrdiff_t stride_y, _Bool first) {
    for (ptrdiff_t r = 0; r < rows; r += panel_rows) {
        const ptrdiff_t some = rows - r < panel_rows ? rows - r : panel_rows;
        for (ptrdiff_t n = 0; n < columns; n += PRODUCT_COLUMNS) {
            const ptrdiff_t rest = columns - n, at = r * stride_y + n;
            if (rest >= PRODUCT_COLUMNS) {
                pair_tiles[some - 1](steps, a, b + n, bias ? bias + n : NULL,
                                     residual ? residual + at : NULL, y + at, stride_y, first);
                continue;
            }
            float tile[PRODUCT_ROWS * PRODUCT_COLUMNS] = {0}, tile_bias[PRODUCT_COLUMNS] = {0};
            const size_t bytes = (size_t)rest * sizeof(float);
            if (bias) memcpy(tile_bias, bias + n, bytes);
            if (!first)
                for (ptrdiff_t i = 0; i < some; i++)
                    memcpy(tile + i * PRODUCT_COLUMNS, y + at + i * stride_y, bytes);
            pair_tiles[some - 1](steps, a, b + n, bias ? tile_bias : NULL, NULL, tile,
                                 PRODUCT_COLUMNS, first);
            store_part(tile, some, rest, residual ? residual + at : NULL, y + at, stride_y);
        }
        a += steps * PRODUCT_SLOT;
    }
}
