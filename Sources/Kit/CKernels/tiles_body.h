// Products of a few rows with a panel of columns, each element one sum in ascending order; a part
// of kernels_body.h. A panel is [step][column]: one or two vectors of columns side by side.

// Adds to `sums` the products of rows r and steps k, at a[r * row + k * step], with the panel.
INLINE void accumulate(int rows, int vectors, ptrdiff_t steps, const float *a, ptrdiff_t row,
                       ptrdiff_t step, const float *b, vp *sums) {
    for (ptrdiff_t k = 0; k < steps; k++) {
        vp columns[PRODUCT_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) {
            columns[v] = load_vp(b + v * PRODUCT_WIDTH);
            __builtin_prefetch(b + (16 * vectors + v) * PRODUCT_WIDTH);
        }
        UNROLL for (int r = 0; r < rows; r++) {
            vp x = a[r * row] - (vp){0};
            UNROLL for (int v = 0; v < vectors; v++)
                sums[r * vectors + v] = x * columns[v] + sums[r * vectors + v];
        }
        a += step;
        b += vectors * PRODUCT_WIDTH;
    }
}

// t[r * stride + i] = sum over k of a[r * row + k] * b[k][i].
INLINE void rows_tile(int rows, int vectors, ptrdiff_t steps, const float *a, ptrdiff_t row,
                      const float *b, float *t, ptrdiff_t stride) {
    vp sums[PRODUCT_ROWS * PRODUCT_VECTORS];
    UNROLL for (int i = 0; i < rows * vectors; i++) sums[i] = (vp){0};
    accumulate(rows, vectors, steps, a, row, 1, b, sums);
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
            store_vp(t + r * stride + v * PRODUCT_WIDTH, sums[r * vectors + v]);
}

// t[r][i] = t[r][i] * factor[i] + sum over k of a[r + k * step] * b[k][i].
INLINE void columns_tile(int rows, int vectors, ptrdiff_t steps, const float *a, ptrdiff_t step,
                         const float *b, const float *factor, float *t) {
    vp sums[PRODUCT_ROWS * PRODUCT_VECTORS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
            sums[r * vectors + v] = load_vp(t + (r * vectors + v) * PRODUCT_WIDTH)
                * load_vp(factor + v * PRODUCT_WIDTH);
    accumulate(rows, vectors, steps, a, 1, step, b, sums);
    UNROLL for (int i = 0; i < rows * vectors; i++) store_vp(t + i * PRODUCT_WIDTH, sums[i]);
}

typedef void (*rows_function)(ptrdiff_t, const float *, ptrdiff_t, const float *, float *,
                              ptrdiff_t);
typedef void (*columns_function)(ptrdiff_t, const float *, ptrdiff_t, const float *,
                                 const float *, float *);

#define CASE_OF(name, rows, vectors)                                                          \
    static void rows_##name##_##rows(ptrdiff_t steps, const float *a, ptrdiff_t row,          \
                                     const float *b, float *t, ptrdiff_t stride) {            \
        rows_tile(rows, vectors, steps, a, row, b, t, stride);                                \
    }                                                                                         \
    static void columns_##name##_##rows(ptrdiff_t steps, const float *a, ptrdiff_t step,      \
                                        const float *b, const float *factor, float *t) {      \
        columns_tile(rows, vectors, steps, a, step, b, factor, t);                            \
    }
#define CASE(rows) CASE_OF(narrow, rows, 1) CASE_OF(wide, rows, PRODUCT_VECTORS)
FOR_EACH_HEIGHT(CASE)
#undef CASE
#undef CASE_OF

// By vectors less one, and by rows less one.
#define NARROW_ROWS(rows) rows_narrow_##rows,
#define WIDE_ROWS(rows) rows_wide_##rows,
static const rows_function rows_tiles[][PRODUCT_ROWS] = {
    {FOR_EACH_HEIGHT(NARROW_ROWS)}, {FOR_EACH_HEIGHT(WIDE_ROWS)}};
#undef NARROW_ROWS
#undef WIDE_ROWS
#define NARROW_COLUMNS(rows) columns_narrow_##rows,
#define WIDE_COLUMNS(rows) columns_wide_##rows,
static const columns_function columns_tiles[][PRODUCT_ROWS] = {
    {FOR_EACH_HEIGHT(NARROW_COLUMNS)}, {FOR_EACH_HEIGHT(WIDE_COLUMNS)}};
#undef NARROW_COLUMNS
#undef WIDE_COLUMNS

// The height of the tiles that `rows` rows are cut into, nearly equal ones.
INLINE ptrdiff_t tile_height(ptrdiff_t rows) {
    ptrdiff_t tiles = (rows + PRODUCT_ROWS - 1) / PRODUCT_ROWS;
    return (rows + tiles - 1) / tiles;
}
