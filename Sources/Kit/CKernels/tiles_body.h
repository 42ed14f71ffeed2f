// Products of a few rows with a panel of columns, each element one sum in ascending order; a part
// of kernels_body.h. A panel is [step][line], of which one or two vectors of columns are read. A step is
// a number of 32 bits, or, in tiles of pairs, two numbers of bf16.

// Adds to `sums` the products of rows r and steps k, at a[r * row + k * step], with the columns.
INLINE void accumulate(int rows, int vectors, ptrdiff_t steps, const float *a, ptrdiff_t row,
                       ptrdiff_t step, const float *b, ptrdiff_t line, vp *sums) {
    for (ptrdiff_t k = 0; k < steps; k++) {
        vp columns[PRODUCT_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) {
            columns[v] = load_vp(b + v * PRODUCT_WIDTH);
            __builtin_prefetch(b + 16 * line + v * PRODUCT_WIDTH);
        }
        UNROLL for (int r = 0; r < rows; r++) {
            vp x = a[r * row] - (vp){0};
            UNROLL for (int v = 0; v < vectors; v++)
                sums[r * vectors + v] = x * columns[v] + sums[r * vectors + v];
        }
        a += step;
        b += line;
    }
}

INLINE void accumulate_pairs(int rows, int vectors, ptrdiff_t steps, const uint32_t *a,
                             ptrdiff_t row, ptrdiff_t step, const uint32_t *b, ptrdiff_t line,
                             vp *sums) {
    for (ptrdiff_t k = 0; k < steps; k++) {
        UNROLL for (int v = 0; v < vectors; v++)
            __builtin_prefetch(b + 16 * line + v * PRODUCT_WIDTH);
        add_pair(rows, vectors, a, row, b, sums);
        a += step;
        b += line;
    }
}

// sums = t * factor, a factor a column.
INLINE void load_scaled(int rows, int vectors, const float *t, const float *factor, vp *sums) {
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
            sums[r * vectors + v] = load_vp(t + (r * vectors + v) * PRODUCT_WIDTH)
                * load_vp(factor + v * PRODUCT_WIDTH);
}

// t[r * stride + i] = sum over k of a[r * row + k] * b[k][i].
typedef void (*rows_function)(ptrdiff_t steps, const float *a, ptrdiff_t row, const float *b,
                              ptrdiff_t line, float *t, ptrdiff_t stride);
typedef void (*pair_rows_function)(ptrdiff_t steps, const uint32_t *a, ptrdiff_t row,
                                   const uint32_t *b, ptrdiff_t line, float *t, ptrdiff_t stride);

// t[r][i] = t[r][i] * factor[i] + sum over k of a[r + k * step] * b[k][i], where b[k] and t[r] are one
// or two vectors long.
typedef void (*columns_function)(ptrdiff_t steps, const float *a, ptrdiff_t step, const float *b,
                                 const float *factor, float *t);
typedef void (*pair_columns_function)(ptrdiff_t steps, const uint32_t *a, ptrdiff_t step,
                                      const uint32_t *b, const float *factor, float *t);

#define CASE_OF(name, rows, vectors, prefix, number, accumulate)                                \
    static void prefix##rows_##name##_##rows(ptrdiff_t steps, const number *a, ptrdiff_t row,   \
                                             const number *b, ptrdiff_t line, float *t,         \
                                             ptrdiff_t stride) {                                \
        vp sums[rows * vectors];                                                                \
        UNROLL for (int i = 0; i < rows * vectors; i++) sums[i] = (vp){0};                      \
        accumulate(rows, vectors, steps, a, row, 1, b, line, sums);                             \
        store_rows(rows, vectors, sums, t, stride);                                             \
    }                                                                                           \
    static void prefix##columns_##name##_##rows(ptrdiff_t steps, const number *a,               \
                                                ptrdiff_t step, const number *b,                \
                                                const float *factor, float *t) {                \
        vp sums[rows * vectors];                                                                \
        load_scaled(rows, vectors, t, factor, sums);                                            \
        accumulate(rows, vectors, steps, a, 1, step, b, vectors * PRODUCT_WIDTH, sums);         \
        store_rows(rows, vectors, sums, t, vectors * PRODUCT_WIDTH);                            \
    }
#define CASE(rows)                                                                              \
    CASE_OF(narrow, rows, 1, , float, accumulate)                                               \
    CASE_OF(wide, rows, PRODUCT_VECTORS, , float, accumulate)                                   \
    CASE_OF(narrow, rows, 1, pair_, uint32_t, accumulate_pairs)                                 \
    CASE_OF(wide, rows, PRODUCT_VECTORS, pair_, uint32_t, accumulate_pairs)
FOR_EACH_HEIGHT(CASE)
#undef CASE
#undef CASE_OF

// By vectors less one, and by rows less one.
#define NARROW(rows) rows_narrow_##rows,
#define WIDE(rows) rows_wide_##rows,
static const rows_function rows_tiles[][PRODUCT_ROWS] = {
    {FOR_EACH_HEIGHT(NARROW)}, {FOR_EACH_HEIGHT(WIDE)}};
#undef NARROW
#undef WIDE
#define NARROW(rows) columns_narrow_##rows,
#define WIDE(rows) columns_wide_##rows,
static const columns_function columns_tiles[][PRODUCT_ROWS] = {
    {FOR_EACH_HEIGHT(NARROW)}, {FOR_EACH_HEIGHT(WIDE)}};
#undef NARROW
#undef WIDE
#define NARROW(rows) pair_rows_narrow_##rows,
#define WIDE(rows) pair_rows_wide_##rows,
static const pair_rows_function pair_rows_tiles[][PRODUCT_ROWS] = {
    {FOR_EACH_HEIGHT(NARROW)}, {FOR_EACH_HEIGHT(WIDE)}};
#undef NARROW
#undef WIDE
#define NARROW(rows) pair_columns_narrow_##rows,
#define WIDE(rows) pair_columns_wide_##rows,
static const pair_columns_function pair_columns_tiles[][PRODUCT_ROWS] = {
    {FOR_EACH_HEIGHT(NARROW)}, {FOR_EACH_HEIGHT(WIDE)}};
#undef NARROW
#undef WIDE

// The height of the tiles that `rows` rows are cut into, nearly equal ones.
INLINE ptrdiff_t tile_height(ptrdiff_t rows) {
    ptrdiff_t tiles = (rows + PRODUCT_ROWS - 1) / PRODUCT_ROWS;
    return (rows + tiles - 1) / tiles;
}
