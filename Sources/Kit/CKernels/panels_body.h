// Products of 32-bit floats with packed columns; a part of kernels_body.h.
//
// Both operands are [step of the depth][side by side]; a panel of columns is the same on every CPU. The
// depth is taken in blocks. An element of the result is the sum of the blocks' sums, each in ascending
// order: so it does not know where its tile lies, and no tile waits for what the last block left, which
// has come by the time that its own sums are there.

// Up to eight rows of `count` elements into eight neighbouring places of slots.
INLINE void pack_eight_panels(enum voken_format format, const char *const *rows,
                              ptrdiff_t count, ptrdiff_t slot, float *panel) {
    v8 block[8];
    ptrdiff_t k = 0;
    for (; k + 8 <= count; k += 8) {
        UNROLL for (int i = 0; i < 8; i++)
            block[i] = load_weight(format, rows[i] + k * width(format));
        transpose8(block);
        UNROLL for (int j = 0; j < 8; j++) store(panel + (k + j) * slot, block[j]);
    }
    if (k == count) return;
    for (int i = 0; i < 8; i++)
        block[i] = load_some_weight(format, rows[i] + k * width(format), count - k);
    transpose8(block);
    for (ptrdiff_t j = 0; k + j < count; j++) store(panel + (k + j) * slot, block[j]);
}

// Places beyond the last row repeat it: nobody reads what is made of them.
INLINE void pack_panels(enum voken_format format, const char *const *rows, ptrdiff_t row_count,
                        ptrdiff_t count, ptrdiff_t slot, float *panel) {
    for (ptrdiff_t first = 0; first < slot; first += 8) {
        const char *eight[8];
        for (ptrdiff_t i = 0; i < 8; i++)
            eight[i] = rows[first + i < row_count ? first + i : row_count - 1];
        pack_eight_panels(format, eight, count, slot, panel + first);
    }
}

static void pack_panel_rows(const float *const *rows, ptrdiff_t row_count, ptrdiff_t count,
                            float *panel) {
    pack_panels(VOKEN_FLOAT32, (const char *const *)rows, row_count, count, PRODUCT_SLOT, panel);
}

static void pack_panel_columns(enum voken_format format, const void *weight, ptrdiff_t columns,
                               ptrdiff_t depth, float *panel) {
    const char *rows[VOKEN_PANEL_COLUMNS];
    for (ptrdiff_t n = 0; n < columns; n++)
        rows[n] = (const char *)weight + n * depth * width(format);
    switch (format) {
        case VOKEN_FLOAT32:
            pack_panels(VOKEN_FLOAT32, rows, columns, depth, VOKEN_PANEL_COLUMNS, panel);
            break;
        case VOKEN_FLOAT16:
            pack_panels(VOKEN_FLOAT16, rows, columns, depth, VOKEN_PANEL_COLUMNS, panel);
            break;
        case VOKEN_BFLOAT16:
            pack_panels(VOKEN_BFLOAT16, rows, columns, depth, VOKEN_PANEL_COLUMNS, panel);
            break;
    }
}

// --- Many rows ---------------------------------------------------------------------------------

// A tile of results: t = sums, or t += sums; then t += bias and t += residual if there are such.
// Fetches a line at `next` with each step and goes on by `pace` bytes.
INLINE void panel_tile(int rows, ptrdiff_t steps, const float *a, const float *b, const float *bias,
                       const float *residual, float *t, ptrdiff_t stride, _Bool first,
                       const char *next, ptrdiff_t pace) {
    vp sums[PRODUCT_ROWS * PRODUCT_VECTORS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++)
            sums[r * PRODUCT_VECTORS + v] = (vp){0};
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++)
            __builtin_prefetch(t + r * stride + v * PRODUCT_WIDTH);
    for (ptrdiff_t k = 0; k < steps; k++) {
        vp columns[PRODUCT_VECTORS];
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++) {
            columns[v] = load_vp(b + v * PRODUCT_WIDTH);
            __builtin_prefetch(b + 16 * VOKEN_PANEL_COLUMNS + v * PRODUCT_WIDTH);
        }
        __builtin_prefetch(next, 0, 2);
        UNROLL for (int r = 0; r < rows; r++) {
            vp x = a[r] - (vp){0};
            UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++)
                sums[r * PRODUCT_VECTORS + v] = x * columns[v] + sums[r * PRODUCT_VECTORS + v];
        }
        a += PRODUCT_SLOT;
        b += VOKEN_PANEL_COLUMNS;
        next += pace;
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++) {
            const ptrdiff_t at = r * stride + v * PRODUCT_WIDTH;
            vp sum = sums[r * PRODUCT_VECTORS + v];
            if (!first) sum = load_vp(t + at) + sum;
            if (bias) sum = sum + load_vp(bias + v * PRODUCT_WIDTH);
            if (residual) sum = sum + load_vp(residual + at);
            store_vp(t + at, sum);
        }
}

typedef void (*panel_function)(ptrdiff_t, const float *, const float *, const float *,
                               const float *, float *, ptrdiff_t, _Bool, const char *, ptrdiff_t);

#define CASE(rows)                                                                            \
    static void panel_##rows(ptrdiff_t steps, const float *a, const float *b,                 \
                             const float *bias, const float *residual, float *t,              \
                             ptrdiff_t stride, _Bool first, const char *next,                 \
                             ptrdiff_t pace) {                                                \
        panel_tile(rows, steps, a, b, bias, residual, t, stride, first, next, pace);          \
    }
FOR_EACH_HEIGHT(CASE)
#undef CASE
#define CASE(rows) panel_##rows,
static const panel_function panel_tiles[] = {FOR_EACH_HEIGHT(CASE)};
#undef CASE

// As a tile, of `columns` that may be fewer than those of a tile.
INLINE void some_columns(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t steps, const float *a,
                         const float *b, const float *bias, const float *residual, float *y,
                         ptrdiff_t stride, _Bool first, const char *next, ptrdiff_t pace) {
    const panel_function multiply = panel_tiles[rows - 1];
    if (columns >= PRODUCT_COLUMNS) {
        multiply(steps, a, b, bias, residual, y, stride, first, next, pace);
        return;
    }
    float tile[PRODUCT_ROWS * PRODUCT_COLUMNS] = {0}, tile_bias[PRODUCT_COLUMNS] = {0};
    const size_t bytes = (size_t)columns * sizeof(float);
    if (bias) memcpy(tile_bias, bias, bytes);
    if (!first)
        for (ptrdiff_t r = 0; r < rows; r++)
            memcpy(tile + r * PRODUCT_COLUMNS, y + r * stride, bytes);
    multiply(steps, a, b, bias ? tile_bias : NULL, NULL, tile, PRODUCT_COLUMNS, first, next, pace);
    store_part(tile, rows, columns, residual, y, stride);
}

static void panel_product(const float *a, ptrdiff_t rows, ptrdiff_t panel_rows, const float *b,
                          const float *bias, const float *residual, float *y, ptrdiff_t columns,
                          ptrdiff_t steps, ptrdiff_t stride_y, _Bool first, const float *next) {
    const ptrdiff_t tiles = (rows + panel_rows - 1) / panel_rows;
    // What is multiplied next is fetched evenly meanwhile, or half of it by a single tile: to wait for it
    // would take as long as to multiply, where rows are few.
    const ptrdiff_t line = VOKEN_PANEL_COLUMNS * (ptrdiff_t)sizeof(float);
    const ptrdiff_t even = (line / tiles + 8) & -8;
    const ptrdiff_t pace = !next ? 0 : even < 64 ? even : 64;
    const char *fetched = next ? (const char *)next : (const char *)b;
    for (ptrdiff_t r = 0; r < rows; r += panel_rows) {
        const ptrdiff_t some = rows - r < panel_rows ? rows - r : panel_rows;
        for (ptrdiff_t n = 0; n < columns; n += PRODUCT_COLUMNS) {
            const ptrdiff_t at = r * stride_y + n;
            some_columns(some, columns - n, steps, a, b + n, bias ? bias + n : NULL,
                         residual ? residual + at : NULL, y + at, stride_y, first, fetched,
                         n == 0 ? pace : 0);
        }
        fetched += pace * steps;
        a += steps * PRODUCT_SLOT;
    }
}

// --- A few rows --------------------------------------------------------------------------------

// Rows whose sums with a whole panel fit the registers.
#define PANEL_VECTORS (VOKEN_PANEL_COLUMNS / PRODUCT_WIDTH)
#define PANEL_ROWS (PRODUCT_ROWS * PRODUCT_VECTORS / PANEL_VECTORS)
#if PANEL_ROWS == 14
#define FOR_EACH_FEW(CASE) FOR_EACH_HEIGHT(CASE)
#elif PANEL_ROWS == 3
#define FOR_EACH_FEW(CASE) CASE(1) CASE(2) CASE(3)
#elif PANEL_ROWS == 1
#define FOR_EACH_FEW(CASE) CASE(1)
#endif

// t = the sums of a block, or t += them. Rows are read where they lie, `row` floats apart.
INLINE void panel_rows_tile(int rows, ptrdiff_t steps, const float *a, ptrdiff_t row,
                            const float *b, float *t, _Bool first) {
    vp sums[rows * PANEL_VECTORS];
    UNROLL for (int i = 0; i < rows * PANEL_VECTORS; i++) sums[i] = (vp){0};
    for (ptrdiff_t k = 0; k < steps; k++) {
        vp columns[PANEL_VECTORS];
        UNROLL for (int v = 0; v < PANEL_VECTORS; v++)
            columns[v] = load_vp(b + v * PRODUCT_WIDTH);
        __builtin_prefetch(b + 16 * VOKEN_PANEL_COLUMNS);
        __builtin_prefetch(b + 16 * VOKEN_PANEL_COLUMNS + VOKEN_PANEL_COLUMNS / 2);
        UNROLL for (int r = 0; r < rows; r++) {
            vp x = a[r * row + k] - (vp){0};
            UNROLL for (int v = 0; v < PANEL_VECTORS; v++)
                sums[r * PANEL_VECTORS + v] = x * columns[v] + sums[r * PANEL_VECTORS + v];
        }
        b += VOKEN_PANEL_COLUMNS;
    }
    UNROLL for (int i = 0; i < rows * PANEL_VECTORS; i++) {
        float *to = t + i * PRODUCT_WIDTH;
        store_vp(to, first ? sums[i] : load_vp(to) + sums[i]);
    }
}

typedef void (*panel_rows_function)(ptrdiff_t, const float *, ptrdiff_t, const float *, float *,
                                    _Bool);

#define CASE(rows)                                                                             \
    static void panel_rows_##rows(ptrdiff_t steps, const float *a, ptrdiff_t row,              \
                                  const float *b, float *t, _Bool first) {                     \
        panel_rows_tile(rows, steps, a, row, b, t, first);                                     \
    }
FOR_EACH_FEW(CASE)
#undef CASE
#define CASE(rows) panel_rows_##rows,
static const panel_rows_function panel_rows_tiles[] = {FOR_EACH_FEW(CASE)};
#undef CASE

static void panel_rows_product(const float *x, ptrdiff_t rows, const float *panels,
                               const float *bias, const float *residual, float *y,
                               ptrdiff_t columns, ptrdiff_t depth, ptrdiff_t block,
                               ptrdiff_t stride_y) {
    float tile[PANEL_ROWS * VOKEN_PANEL_COLUMNS];
    for (ptrdiff_t n = 0; n < columns; n += VOKEN_PANEL_COLUMNS) {
        const ptrdiff_t width = columns - n < VOKEN_PANEL_COLUMNS ? columns - n : VOKEN_PANEL_COLUMNS;
        for (ptrdiff_t r = 0; r < rows; r += PANEL_ROWS) {
            const ptrdiff_t some = rows - r < PANEL_ROWS ? rows - r : PANEL_ROWS;
            for (ptrdiff_t k = 0; k == 0 || k < depth; k += block)
                panel_rows_tiles[some - 1](depth - k < block ? depth - k : block,
                                           x + r * depth + k, depth,
                                           panels + k * VOKEN_PANEL_COLUMNS, tile, k == 0);
            for (ptrdiff_t i = 0; i < some; i++)
                for (ptrdiff_t j = 0; j < width; j++) {
                    const ptrdiff_t at = (r + i) * stride_y + n + j;
                    float sum = tile[i * VOKEN_PANEL_COLUMNS + j];
                    if (bias) sum = sum + bias[n + j];
                    if (residual) sum = sum + residual[at];
                    y[at] = sum;
                }
        }
        panels += depth * VOKEN_PANEL_COLUMNS;
    }
}
