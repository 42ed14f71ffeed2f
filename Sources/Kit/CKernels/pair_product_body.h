// Products of rows of bf16 numbers with a panel of columns; a part of kernels_body.h.
//
// Rows are read where they were rounded, number by number: the words of a tile's rows lie in as many
// lines, each of which serves for sixteen pairs. In that time the tile fetches its next lines, and a share of
// what the products after this one will read: columns and rows that come from memory would otherwise be
// waited for while nothing is multiplied.

// Pairs in a line of words.
enum { PAIR_LINE = 16 };

// What all tiles of a panel share.
struct pair_panel {
    ptrdiff_t pairs, stride;
    const uint32_t *b;
    const float *bias;
    _Bool first;
    // For each line of pairs: so many lines of the next columns are fetched.
    ptrdiff_t column_lines;
};

// A tile's part of what is read next.
struct pair_share {
    const uint32_t *columns;
    // Rows of which two lines are fetched for each line of pairs.
    const float *rows;
    ptrdiff_t count, stride;
    // The next tile's rows, and `results` rows of results.
    const uint32_t *a;
    const float *y;
    ptrdiff_t results;
};

INLINE void fetch_share(const struct pair_panel *p, struct pair_share *share) {
    _Pragma("clang loop unroll(disable)") for (ptrdiff_t i = 0; i < p->column_lines; i++)
        __builtin_prefetch(share->columns + i * PAIR_LINE, 0, 2);
    share->columns += p->column_lines * PAIR_LINE;
    _Pragma("clang loop unroll(disable)") for (ptrdiff_t i = 0; i < share->count; i++) {
        __builtin_prefetch(share->rows + i * share->stride, 0, 2);
        __builtin_prefetch(share->rows + i * share->stride + PAIR_LINE, 0, 2);
    }
    share->rows += 2 * PAIR_LINE;
    // Two rows at a time: lines from memory that were asked for all at once would hold up nearer ones.
    if (share->results <= 0) return;
    UNROLL for (int r = 0; r < 2; r++)
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++)
            __builtin_prefetch(share->y + r * p->stride + v * PRODUCT_WIDTH, 1);
    share->y += 2 * p->stride;
    share->results -= 2;
}

INLINE void store_rows(int rows, int vectors, const vp *sums, float *t, ptrdiff_t stride) {
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
            store_vp(t + r * stride + v * PRODUCT_WIDTH, sums[r * vectors + v]);
}

// Returns where the next columns are.
INLINE const uint32_t *pair_steps(int rows, ptrdiff_t steps, const uint32_t *a, const uint32_t *b,
                                  vp *sums) {
    for (ptrdiff_t s = 0; s < steps; s++) {
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++)
            __builtin_prefetch(b + 16 * VOKEN_PAIR_COLUMNS + v * PRODUCT_WIDTH);
        add_pair(rows, PRODUCT_VECTORS, a + s, VOKEN_PAIR_STRIDE, b, sums);
        b += VOKEN_PAIR_COLUMNS;
    }
    return b;
}

// t = the sum over the pairs, or t += that, term by term; then t += bias and t += residual if there
// are such.
INLINE void pair_tile(int rows, const struct pair_panel *p, const uint32_t *a,
                      struct pair_share share, const float *residual, float *t) {
    vp sums[PRODUCT_ROWS * PRODUCT_VECTORS];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++)
            sums[r * PRODUCT_VECTORS + v] =
                p->first ? (vp){0} : load_vp(t + r * p->stride + v * PRODUCT_WIDTH);
    const uint32_t *b = p->b;
    ptrdiff_t left = p->pairs;
    for (; left >= PAIR_LINE; left -= PAIR_LINE) {
        const uint32_t *next = left >= 2 * PAIR_LINE ? a + PAIR_LINE : share.a;
        UNROLL for (int r = 0; r < rows; r++) __builtin_prefetch(next + r * VOKEN_PAIR_STRIDE);
        fetch_share(p, &share);
        b = pair_steps(rows, PAIR_LINE, a, b, sums);
        a += PAIR_LINE;
    }
    pair_steps(rows, left, a, b, sums);
    if (p->bias) {
        UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++) {
            const vp bias = load_vp(p->bias + v * PRODUCT_WIDTH);
            UNROLL for (int r = 0; r < rows; r++) sums[r * PRODUCT_VECTORS + v] += bias;
        }
    }
    if (residual) {
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < PRODUCT_VECTORS; v++)
                sums[r * PRODUCT_VECTORS + v] +=
                    load_vp(residual + r * p->stride + v * PRODUCT_WIDTH);
    }
    store_rows(rows, PRODUCT_VECTORS, sums, t, p->stride);
}

typedef void (*pair_function)(const struct pair_panel *, const uint32_t *, struct pair_share,
                              const float *, float *);

#define CASE(rows)                                                                              \
    static void pair_##rows(const struct pair_panel *p, const uint32_t *a,                      \
                            struct pair_share share, const float *residual, float *t) {         \
        pair_tile(rows, p, a, share, residual, t);                                              \
    }
FOR_EACH_HEIGHT(CASE)
#undef CASE
#define CASE(rows) pair_##rows,
static const pair_function pair_tiles[] = {FOR_EACH_HEIGHT(CASE)};
#undef CASE

// The last columns of a panel, fewer than a tile has.
static void pair_part(const struct pair_panel *p, const uint32_t *a, ptrdiff_t rows,
                      ptrdiff_t columns, const float *residual, float *y) {
    float tile[PRODUCT_ROWS * PRODUCT_COLUMNS] = {0}, bias[PRODUCT_COLUMNS] = {0};
    struct pair_panel part = *p;
    const size_t bytes = (size_t)columns * sizeof *y;
    if (p->bias) part.bias = memcpy(bias, p->bias, bytes);
    if (!p->first)
        for (ptrdiff_t i = 0; i < rows; i++)
            memcpy(tile + i * PRODUCT_COLUMNS, y + i * p->stride, bytes);
    part.stride = PRODUCT_COLUMNS;
    pair_tiles[rows - 1](&part, a, (struct pair_share){.columns = p->b, .a = a, .y = tile}, NULL, tile);
    store_part(tile, rows, columns, residual, y, p->stride);
}

// The part of tile i out of so many.
INLINE struct pair_share share_of(const struct voken_pair_ahead *ahead, const struct pair_panel *p,
                                  ptrdiff_t i, ptrdiff_t tiles) {
    const ptrdiff_t rows = (ahead->count + tiles - 1) / tiles, rest = ahead->count - i * rows;
    return (struct pair_share){
        .columns = ahead->columns
            ? ahead->columns + i * (p->pairs / PAIR_LINE) * p->column_lines * PAIR_LINE : p->b,
        .rows = ahead->rows ? ahead->rows + i * rows * ahead->stride : NULL,
        .count = rest < 0 ? 0 : rest < rows ? rest : rows,
        .stride = ahead->stride,
    };
}

// Tiles are of nearly equal height: the sums of a few rows do not hide the latency of additions.
static void pair_product(const uint32_t *a, ptrdiff_t rows, const uint32_t *b,
                         const struct voken_pair_ahead *ahead, const float *bias,
                         const float *residual, float *y, ptrdiff_t columns, ptrdiff_t pairs,
                         ptrdiff_t stride_y, _Bool first) {
    const ptrdiff_t tiles = (rows + PRODUCT_ROWS - 1) / PRODUCT_ROWS;
    const ptrdiff_t panel_lines = VOKEN_PAIR_COLUMNS * PAIR_LINE / 16;
    for (ptrdiff_t n = 0; n < columns; n += PRODUCT_COLUMNS) {
        const struct pair_panel p = {
            .pairs = pairs, .stride = stride_y, .b = b + n, .bias = bias ? bias + n : NULL,
            .first = first,
            .column_lines = n == 0 && ahead->columns ? (panel_lines + tiles - 1) / tiles : 0,
        };
        ptrdiff_t r = 0;
        for (ptrdiff_t i = 0; i < tiles; i++) {
            const ptrdiff_t some = rows / tiles + (i < rows % tiles), at = r * stride_y + n;
            const uint32_t *tile_rows = a + r * VOKEN_PAIR_STRIDE;
            const float *added = residual ? residual + at : NULL;
            if (columns - n < PRODUCT_COLUMNS) {
                pair_part(&p, tile_rows, some, columns - n, added, y + at);
            } else {
                struct pair_share share = share_of(ahead, &p, i, tiles);
                if (n > 0) share.count = 0;
                const _Bool isLast = i + 1 == tiles;
                share.a = isLast ? a : tile_rows + some * VOKEN_PAIR_STRIDE;
                share.y = isLast ? y + n + PRODUCT_COLUMNS : y + at + some * stride_y;
                share.results = some;
                pair_tiles[some - 1](&p, tile_rows, share, added, y + at);
            }
            r += some;
        }
    }
}
