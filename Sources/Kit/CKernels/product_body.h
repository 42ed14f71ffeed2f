// Products of a matrix with the rows of a weight; a part of kernels_body.h.
//
// The sum for one element of the result is that of dot_rows: eight chains, chain l over the k with
// k mod 8 = l in ascending order, added up from chain 0 to chain 7. So the depth is taken in eight
// blocks, one a chain, and a block's operands are packed in the order in which they are read:
// [chain][step][slot], where step s of chain l is k = 8 s + l and a slot holds the elements of a
// panel's rows, or of its columns, side by side. No element's sum knows where its tile lies, how
// large it is and what else is in it.

typedef float vp __attribute__((vector_size(PRODUCT_WIDTH * 4)));
typedef int32_t ip __attribute__((vector_size(PRODUCT_WIDTH * 4)));

enum {
    PRODUCT_COLUMNS = PRODUCT_VECTORS * PRODUCT_WIDTH,
    // From this many steps on, the columns of one chain stay in the nearest cache while all rows
    // of a band pass by; with fewer it is the tile of results that stays there.
    PRODUCT_LONG = 128
};

INLINE vp load_vp(const float *x) {
    vp v;
    memcpy(&v, x, sizeof v);
    return v;
}

INLINE void store_vp(float *y, vp v) { memcpy(y, &v, sizeof v); }

INLINE ptrdiff_t steps_of(ptrdiff_t depth) { return (depth + 7) / 8; }

// A few floats more than the steps fill: chains a power of two apart would share cache sets.
INLINE ptrdiff_t chain_stride(ptrdiff_t depth, ptrdiff_t slot) {
    return steps_of(depth) * slot + 16;
}

// --- Packing -----------------------------------------------------------------------------------

// Eight stored rows into eight neighbouring places of each slot, from the step `first` on.
INLINE void pack_eight(enum voken_format format, const char *const *rows, ptrdiff_t count,
                       ptrdiff_t slot, ptrdiff_t stride, float *panel) {
    ptrdiff_t k = 0;
    v8 block[8];
    for (; k + 8 <= count; k += 8) {
        for (int i = 0; i < 8; i++) block[i] = load_weight(format, rows[i] + k * width(format));
        transpose8(block);
        for (int l = 0; l < 8; l++) store(panel + l * stride + k / 8 * slot, block[l]);
    }
    if (k == count) return;
    for (int i = 0; i < 8; i++)
        block[i] = load_some_weight(format, rows[i] + k * width(format), count - k);
    transpose8(block);
    for (int l = 0; l < 8; l++) store(panel + l * stride + k / 8 * slot, block[l]);
}

// Places beyond the last row get what the last row has: nobody reads what is made of them.
INLINE void pack_slot(enum voken_format format, const char *const *rows, ptrdiff_t row_count,
                      ptrdiff_t count, ptrdiff_t slot, ptrdiff_t stride, float *panel) {
    for (ptrdiff_t first = 0; first < row_count; first += 8) {
        const char *eight[8];
        for (ptrdiff_t i = 0; i < 8; i++)
            eight[i] = rows[first + i < row_count ? first + i : row_count - 1];
        pack_eight(format, eight, count, slot, stride, panel + first);
    }
}

static void pack_rows(const float *const *rows, ptrdiff_t row_count, ptrdiff_t first,
                      ptrdiff_t count, ptrdiff_t depth, float *panel) {
    pack_slot(VOKEN_FLOAT32, (const char *const *)rows, row_count, count, PRODUCT_SLOT,
              chain_stride(depth, PRODUCT_SLOT), panel + first / 8 * PRODUCT_SLOT);
}

static void pack_columns(enum voken_format format, const void *weight, ptrdiff_t columns,
                         ptrdiff_t depth, float *panel) {
    const char *rows[PRODUCT_COLUMNS];
    for (ptrdiff_t n = 0; n < columns; n++)
        rows[n] = (const char *)weight + n * depth * width(format);
    ptrdiff_t stride = chain_stride(depth, PRODUCT_COLUMNS);
    switch (format) {
        case VOKEN_FLOAT32:
            pack_slot(VOKEN_FLOAT32, rows, columns, depth, PRODUCT_COLUMNS, stride, panel);
            break;
        case VOKEN_FLOAT16:
            pack_slot(VOKEN_FLOAT16, rows, columns, depth, PRODUCT_COLUMNS, stride, panel);
            break;
        case VOKEN_BFLOAT16:
            pack_slot(VOKEN_BFLOAT16, rows, columns, depth, PRODUCT_COLUMNS, stride, panel);
            break;
    }
}

// --- Multiplying -------------------------------------------------------------------------------

// One chain of a tile of `rows` rows and `vectors` vectors of columns: t = chain, or t += chain;
// then t += bias and t += residual if there are such.
INLINE void chain_tile(int rows, int vectors, ptrdiff_t steps, const float *a, const float *b,
                       const float *bias, const float *residual, float *t, ptrdiff_t stride,
                       _Bool first) {
    vp sums[PRODUCT_ROWS * PRODUCT_VECTORS];
    UNROLL for (int i = 0; i < rows * vectors; i++) sums[i] = (vp){0};
    for (ptrdiff_t s = 0; s < steps; s++) {
        vp columns[PRODUCT_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) {
            columns[v] = load_vp(b + v * PRODUCT_WIDTH);
            __builtin_prefetch(b + 16 * PRODUCT_COLUMNS + v * PRODUCT_WIDTH);
        }
        UNROLL for (int r = 0; r < rows; r++) {
            vp x = a[r] - (vp){0};
            UNROLL for (int v = 0; v < vectors; v++)
                sums[r * vectors + v] = x * columns[v] + sums[r * vectors + v];
        }
        a += PRODUCT_SLOT;
        b += PRODUCT_COLUMNS;
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) {
            float *to = t + r * stride + v * PRODUCT_WIDTH;
            vp sum = sums[r * vectors + v];
            if (!first) sum = load_vp(to) + sum;
            if (bias) sum = sum + load_vp(bias + v * PRODUCT_WIDTH);
            if (residual) sum = sum + load_vp(residual + r * stride + v * PRODUCT_WIDTH);
            store_vp(to, sum);
        }
}

// y = tile, or y = tile + residual, in the first columns of a tile.
static void store_part(const float *tile, ptrdiff_t rows, ptrdiff_t columns,
                       const float *residual, float *y, ptrdiff_t stride) {
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t n = 0; n < columns; n++) {
            const float sum = tile[r * PRODUCT_COLUMNS + n];
            y[r * stride + n] = residual ? sum + residual[r * stride + n] : sum;
        }
}

typedef void (*chain_function)(ptrdiff_t, const float *, const float *, const float *,
                               const float *, float *, ptrdiff_t, _Bool);

#if PRODUCT_ROWS == 6
#define FOR_EACH_HEIGHT(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#elif PRODUCT_ROWS == 14
#define FOR_EACH_HEIGHT(CASE)                                                                 \
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)                                   \
    CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
#endif

#define CASE_OF(name, rows, vectors)                                                          \
    static void name##_##rows(ptrdiff_t steps, const float *a, const float *b,                \
                              const float *bias, const float *residual, float *t,             \
                              ptrdiff_t stride, _Bool first) {                                \
        chain_tile(rows, vectors, steps, a, b, bias, residual, t, stride, first);             \
    }
#define CASE(rows) CASE_OF(narrow, rows, 1) CASE_OF(wide, rows, PRODUCT_VECTORS)
FOR_EACH_HEIGHT(CASE)
#undef CASE
#undef CASE_OF

#define CASE(rows) narrow_##rows,
static const chain_function narrow_tiles[] = {FOR_EACH_HEIGHT(CASE)};
#undef CASE
#define CASE(rows) wide_##rows,
static const chain_function wide_tiles[] = {FOR_EACH_HEIGHT(CASE)};
#undef CASE

static void product(const float *a, ptrdiff_t rows, ptrdiff_t panel_rows, const float *b,
                    const float *bias, const float *residual, float *y, ptrdiff_t columns,
                    ptrdiff_t depth, ptrdiff_t stride_y) {
    ptrdiff_t steps = steps_of(depth);
    ptrdiff_t stride_a = chain_stride(depth, PRODUCT_SLOT);
    ptrdiff_t stride_b = chain_stride(depth, PRODUCT_COLUMNS);
    const chain_function *tiles = columns <= PRODUCT_WIDTH ? narrow_tiles : wide_tiles;
    _Bool whole = columns == PRODUCT_COLUMNS || columns == PRODUCT_WIDTH;
    if (whole && steps >= PRODUCT_LONG) {
        for (int l = 0; l < 8; l++) {
            const float *panel = a + l * stride_a;
            for (ptrdiff_t r = 0; r < rows; r += panel_rows) {
                ptrdiff_t some = rows - r < panel_rows ? rows - r : panel_rows;
                tiles[some - 1](steps, panel, b + l * stride_b, l == 7 ? bias : NULL,
                                l == 7 && residual ? residual + r * stride_y : NULL,
                                y + r * stride_y, stride_y, l == 0);
                panel += 8 * stride_a;
            }
        }
        return;
    }
    float tile[PRODUCT_ROWS * PRODUCT_COLUMNS], tile_bias[PRODUCT_COLUMNS];
    if (bias && !whole) {
        memset(tile_bias, 0, sizeof tile_bias);
        memcpy(tile_bias, bias, (size_t)columns * sizeof *bias);
        bias = tile_bias;
    }
    for (ptrdiff_t r = 0; r < rows; r += panel_rows) {
        ptrdiff_t some = rows - r < panel_rows ? rows - r : panel_rows;
        float *t = whole ? y + r * stride_y : tile;
        ptrdiff_t stride = whole ? stride_y : PRODUCT_COLUMNS;
        for (int l = 0; l < 8; l++)
            tiles[some - 1](steps, a + l * stride_a, b + l * stride_b, l == 7 ? bias : NULL,
                            l == 7 && whole && residual ? residual + r * stride_y : NULL, t,
                            stride, l == 0);
        if (!whole)
            store_part(tile, some, columns, residual ? residual + r * stride_y : NULL,
                       y + r * stride_y, stride_y);
        a += 8 * stride_a;
    }
}
