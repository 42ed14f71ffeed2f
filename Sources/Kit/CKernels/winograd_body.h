// 3×3 convolutions of stride 1 by Winograd's minimal filtering, F(2×2, 3×3); a part of
// kernels_body.h. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), §4.1:
// a tile of 2×2 outputs is Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A, d being the 4×4 inputs that it sees. The
// products ⊙, summed over the channels, are sixteen matrix products, one a place of the 4×4, with
// 16 multiplications where 36 are spelt out. All factors of B and A are 0, 1 or −1, so that in
// 32-bit floats the result is about as exact as a plain sum.
//
// A tile's result is one sum a place over the channels in ascending order, whatever is computed
// beside it.

// Where a tile lies: its image, and its upper left output.
struct winograd_tile {
    ptrdiff_t image, y, x;
};

INLINE struct winograd_tile winograd_tile(const struct voken_winograd *w, ptrdiff_t tile) {
    const ptrdiff_t across = (w->output_width + 1) / 2, down = (w->output_height + 1) / 2;
    return (struct winograd_tile){
        tile / (across * down), tile / across % down * 2, tile % across * 2};
}

INLINE vp load_some_vp(const float *x, ptrdiff_t count) {
    vp v = {0};
    if (count >= PRODUCT_WIDTH) return load_vp(x);
    if (count > 0) memcpy(&v, x, (size_t)count * sizeof *x);
    return v;
}

// Bᵀ d B for a vector of channels; pixels that are not `whole` may be null, for zeros.
INLINE void transform_input(_Bool whole, const float *const *pixels, ptrdiff_t c, ptrdiff_t count,
                            float *v, ptrdiff_t plane) {
    vp d[4][4], e[4][4];
    UNROLL for (int r = 0; r < 4; r++)
        UNROLL for (int s = 0; s < 4; s++) {
            const float *pixel = pixels[r * 4 + s];
            d[r][s] = whole ? load_vp(pixel + c)
                : pixel ? load_some_vp(pixel + c, count) : (vp){0};
        }
    UNROLL for (int s = 0; s < 4; s++) {
        e[0][s] = d[0][s] - d[2][s];
        e[1][s] = d[1][s] + d[2][s];
        e[2][s] = d[2][s] - d[1][s];
        e[3][s] = d[1][s] - d[3][s];
    }
    UNROLL for (int r = 0; r < 4; r++) {
        store_vp(v + (r * 4 + 0) * plane, e[r][0] - e[r][2]);
        store_vp(v + (r * 4 + 1) * plane, e[r][1] + e[r][2]);
        store_vp(v + (r * 4 + 2) * plane, e[r][2] - e[r][1]);
        store_vp(v + (r * 4 + 3) * plane, e[r][1] - e[r][3]);
    }
}

// The same for sixteen channels, rounded to eight words.
INLINE void transform_input_to_pairs(_Bool whole, const float *const *pixels, ptrdiff_t c,
                                     ptrdiff_t count, uint32_t *v, ptrdiff_t plane) {
    float block[WINOGRAD_PLACES * 16];
    UNROLL for (ptrdiff_t n = 0; n < 16; n += PRODUCT_WIDTH)
        transform_input(whole, pixels, c + n, count - n, block + n, 16);
    UNROLL for (ptrdiff_t p = 0; p < WINOGRAD_PLACES; p++) {
        v8 words = round_to_pairs(1, load(block + p * 16), load(block + p * 16 + 8));
        memcpy(v + p * plane, &words, sizeof words);
    }
}

INLINE void transform_tile(_Bool pairs, _Bool whole, const float *const *pixels,
                           ptrdiff_t channels, uint32_t *v, ptrdiff_t plane) {
    const ptrdiff_t step = pairs ? 16 : PRODUCT_WIDTH;
    // What the tile after the next one sees and this one does not.
    const ptrdiff_t ahead = 4 * channels;
    for (ptrdiff_t c = 0; c < channels; c += step) {
        const ptrdiff_t rest = channels - c;
        const _Bool full = whole && rest >= step;
        if (full)
            UNROLL for (int r = 0; r < 4; r++) {
                __builtin_prefetch(pixels[r * 4 + 2] + ahead + c);
                __builtin_prefetch(pixels[r * 4 + 3] + ahead + c);
            }
        if (pairs && full)
            transform_input_to_pairs(1, pixels, c, 16, v + c / 2, plane);
        else if (pairs)
            transform_input_to_pairs(0, pixels, c, rest, v + c / 2, plane);
        else if (full)
            transform_input(1, pixels, c, step, (float *)v + c, plane);
        else
            transform_input(0, pixels, c, rest, (float *)v + c, plane);
    }
}

static void winograd_input(const struct voken_winograd *w, const float *x, ptrdiff_t first,
                           ptrdiff_t count, void *v, ptrdiff_t plane) {
    const ptrdiff_t line = voken_odd_lines(voken_winograd_words(w->channels, w->pairs));
    uint32_t *row = v;
    for (ptrdiff_t t = 0; t < count; t++, row += line) {
        const struct winograd_tile tile = winograd_tile(w, first + t);
        const float *pixels[16];
        _Bool whole = 1;
        for (ptrdiff_t i = 0; i < 16; i++) {
            ptrdiff_t py = tile.y - w->top + i / 4, px = tile.x - w->left + i % 4;
            _Bool inside = py >= 0 && py < w->height && px >= 0 && px < w->width;
            pixels[i] = inside
                ? x + ((tile.image * w->height + py) * w->width + px) * w->channels : NULL;
            whole = whole && inside;
        }
        if (w->pairs)
            transform_tile(1, whole, pixels, w->channels, row, plane);
        else
            transform_tile(0, whole, pixels, w->channels, row, plane);
    }
}

// Aᵀ m A for a vector of columns, plus the bias and the residual, at the four places `at`, of
// which those below zero are outside.
INLINE void transform_output(const float *m, ptrdiff_t plane, vp bias, const float *residual,
                             float *y, const ptrdiff_t *at, ptrdiff_t count) {
    vp d[4][4], e[2][4], result[4];
    UNROLL for (int r = 0; r < 4; r++)
        UNROLL for (int s = 0; s < 4; s++) d[r][s] = load_vp(m + (r * 4 + s) * plane);
    UNROLL for (int s = 0; s < 4; s++) {
        e[0][s] = d[0][s] + d[1][s] + d[2][s];
        e[1][s] = d[1][s] - d[2][s] - d[3][s];
    }
    UNROLL for (int r = 0; r < 2; r++) {
        result[r * 2] = e[r][0] + e[r][1] + e[r][2] + bias;
        result[r * 2 + 1] = e[r][1] - e[r][2] - e[r][3] + bias;
    }
    UNROLL for (int i = 0; i < 4; i++) {
        if (at[i] < 0) continue;
        if (residual) result[i] = result[i] + load_some_vp(residual + at[i], count);
        if (count >= PRODUCT_WIDTH)
            store_vp(y + at[i], result[i]);
        else
            memcpy(y + at[i], &result[i], (size_t)count * sizeof(float));
    }
}

// The sums over the channels for the columns of some panels: m[place][tile][column].
INLINE void winograd_products(_Bool pairs, const uint32_t *v, ptrdiff_t plane, ptrdiff_t line,
                              const uint32_t *u, ptrdiff_t words, ptrdiff_t count,
                              ptrdiff_t columns, ptrdiff_t stride, float *m, ptrdiff_t place) {
    const ptrdiff_t height = tile_height(count);
    for (ptrdiff_t p = 0; p < WINOGRAD_PLACES; p++)
        for (ptrdiff_t n = 0; n < columns; n += PRODUCT_COLUMNS) {
            const ptrdiff_t panel = n / VOKEN_WINOGRAD_COLUMNS, column = n % VOKEN_WINOGRAD_COLUMNS;
            const uint32_t *b =
                u + (panel * WINOGRAD_PLACES + p) * words * VOKEN_WINOGRAD_COLUMNS + column;
            const int vectors = columns - n <= PRODUCT_WIDTH ? 1 : PRODUCT_VECTORS;
            for (ptrdiff_t t = 0; t < count; t += height) {
                const ptrdiff_t some = count - t < height ? count - t : height;
                const uint32_t *a = v + p * plane + t * line;
                float *to = m + p * place + t * stride + n;
                if (pairs)
                    pair_rows_tiles[vectors - 1][some - 1](
                        words, a, line, b, VOKEN_WINOGRAD_COLUMNS, to, stride);
                else
                    rows_tiles[vectors - 1][some - 1](
                        words, (const float *)a, line, (const float *)b, VOKEN_WINOGRAD_COLUMNS,
                        to, stride);
            }
        }
}

static void winograd_output(const struct voken_winograd *w, const void *v, ptrdiff_t plane,
                            const void *u, const float *bias, const float *residual,
                            ptrdiff_t first, ptrdiff_t count, ptrdiff_t first_panel,
                            ptrdiff_t panels, float *y, float *m) {
    const ptrdiff_t words = voken_winograd_words(w->channels, w->pairs);
    const ptrdiff_t stride = panels * VOKEN_WINOGRAD_COLUMNS;
    const ptrdiff_t place = voken_odd_lines(count * stride);
    const ptrdiff_t column = first_panel * VOKEN_WINOGRAD_COLUMNS;
    const ptrdiff_t columns = w->outputs - column < stride ? w->outputs - column : stride;
    const uint32_t *part =
        (const uint32_t *)u + first_panel * WINOGRAD_PLACES * words * VOKEN_WINOGRAD_COLUMNS;
    winograd_products(w->pairs, v, plane, voken_odd_lines(words), part, words, count, columns,
                      stride, m, place);
    for (ptrdiff_t t = 0; t < count; t++) {
        const struct winograd_tile tile = winograd_tile(w, first + t);
        ptrdiff_t at[4];
        for (ptrdiff_t i = 0; i < 4; i++) {
            ptrdiff_t py = tile.y + i / 2, px = tile.x + i % 2;
            ptrdiff_t pixel = (tile.image * w->output_height + py) * w->output_width + px;
            at[i] = py < w->output_height && px < w->output_width
                ? pixel * w->outputs + column : -1;
        }
        // Where the tile after the next one goes: a store waits for its line, too.
        const ptrdiff_t ahead = 4 * w->outputs;
        for (ptrdiff_t n = 0; n < columns; n += PRODUCT_WIDTH) {
            UNROLL for (int i = 0; i < 4; i++)
                if (at[i] >= 0) __builtin_prefetch(y + at[i] + ahead + n, 1);
            vp shift = bias ? load_some_vp(bias + column + n, columns - n) : (vp){0};
            transform_output(m + t * stride + n, place, shift, residual ? residual + n : NULL,
                             y + n, at, columns - n);
        }
    }
}
