// 3×3 convolutions of stride 1 by Winograd's minimal filtering, F(2×2, 3×3); a part of
// kernels_body.h. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), §4.1:
// a tile of 2×2 outputs is Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A, d being the 4×4 inputs that it sees. The
// products ⊙, summed over the channels, are sixteen matrix products, one a place of the 4×4, with
// 16 multiplications where 36 are spelt out. All factors of B and A are 0, 1 or −1, so that in
// 32-bit floats the result is about as exact as a plain sum.
//
// A tile's result is one sum a place over the channels in ascending order, whatever is computed
// beside it.

enum { WINOGRAD_PLACES = 16 };

// G g Gᵀ for eight channels of one output: g at g[tap], the result at u[place * 8].
INLINE void transform_kernel(const v8 *g, v8 *u) {
    v8 h[4][3];
    UNROLL for (int c = 0; c < 3; c++) {
        v8 sum = g[c] + g[6 + c];
        h[0][c] = g[c];
        h[1][c] = all(0.5f) * (sum + g[3 + c]);
        h[2][c] = all(0.5f) * (sum - g[3 + c]);
        h[3][c] = g[6 + c];
    }
    UNROLL for (int r = 0; r < 4; r++) {
        v8 sum = h[r][0] + h[r][2];
        u[(r * 4 + 0) * 8] = h[r][0];
        u[(r * 4 + 1) * 8] = all(0.5f) * (sum + h[r][1]);
        u[(r * 4 + 2) * 8] = all(0.5f) * (sum - h[r][1]);
        u[(r * 4 + 3) * 8] = h[r][2];
    }
}

INLINE void transform_weight_as(enum voken_format format, const char *weight, ptrdiff_t outputs,
                                ptrdiff_t channels, float *u) {
    const ptrdiff_t place = channels * PRODUCT_COLUMNS;
    for (ptrdiff_t n = 0; n < PRODUCT_COLUMNS; n += 8)
        for (ptrdiff_t c = 0; c < channels; c += 8) {
            const ptrdiff_t some = channels - c < 8 ? channels - c : 8;
            v8 block[WINOGRAD_PLACES * 8];
            for (int i = 0; i < 8; i++) {
                v8 g[9];
                for (ptrdiff_t tap = 0; tap < 9; tap++) {
                    const char *at = weight + (((n + i) * 9 + tap) * channels + c) * width(format);
                    g[tap] = n + i >= outputs ? all(0)
                        : some < 8 ? load_some_weight(format, at, some) : load_weight(format, at);
                }
                transform_kernel(g, block + i);
            }
            for (ptrdiff_t p = 0; p < WINOGRAD_PLACES; p++) {
                transpose8(block + p * 8);
                for (ptrdiff_t j = 0; j < some; j++)
                    store(u + p * place + (c + j) * PRODUCT_COLUMNS + n, block[p * 8 + j]);
            }
        }
}

static void winograd_weight(enum voken_format format, const void *weight, ptrdiff_t outputs,
                            ptrdiff_t channels, float *u) {
    switch (format) {
        case VOKEN_FLOAT32:
            transform_weight_as(VOKEN_FLOAT32, weight, outputs, channels, u);
            break;
        case VOKEN_FLOAT16:
            transform_weight_as(VOKEN_FLOAT16, weight, outputs, channels, u);
            break;
        case VOKEN_BFLOAT16:
            transform_weight_as(VOKEN_BFLOAT16, weight, outputs, channels, u);
            break;
    }
}

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
    memcpy(&v, x, (size_t)count * sizeof *x);
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

static void winograd_input(const struct voken_winograd *w, const float *x, ptrdiff_t first,
                           ptrdiff_t count, float *v, ptrdiff_t plane) {
    const ptrdiff_t line = voken_odd_lines(w->channels);
    for (ptrdiff_t t = 0; t < count; t++, v += line) {
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
        ptrdiff_t c = 0;
        if (whole)
            for (; c + PRODUCT_WIDTH <= w->channels; c += PRODUCT_WIDTH)
                transform_input(1, pixels, c, PRODUCT_WIDTH, v + c, plane);
        for (; c < w->channels; c += PRODUCT_WIDTH)
            transform_input(0, pixels, c, w->channels - c, v + c, plane);
    }
}

// Aᵀ m A for a vector of columns, plus the bias; y is where each of the four outputs goes, or null.
INLINE void transform_output(const float *m, ptrdiff_t plane, vp bias, float *const *y,
                             ptrdiff_t count) {
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
    for (int i = 0; i < 4; i++) {
        if (!y[i]) continue;
        if (count >= PRODUCT_WIDTH)
            store_vp(y[i], result[i]);
        else
            memcpy(y[i], &result[i], (size_t)count * sizeof(float));
    }
}

static void winograd_output(const struct voken_winograd *w, const float *v, ptrdiff_t plane,
                            const float *u, const float *bias, ptrdiff_t first, ptrdiff_t count,
                            ptrdiff_t first_panel, ptrdiff_t panels, float *y, float *m) {
    const ptrdiff_t line = voken_odd_lines(w->channels), height = tile_height(count);
    const ptrdiff_t stride = panels * PRODUCT_COLUMNS, place = voken_odd_lines(count * stride);
    for (ptrdiff_t p = 0; p < WINOGRAD_PLACES; p++)
        for (ptrdiff_t n = 0; n < panels; n++) {
            const float *b =
                u + ((first_panel + n) * WINOGRAD_PLACES + p) * w->channels * PRODUCT_COLUMNS;
            for (ptrdiff_t t = 0; t < count; t += height) {
                ptrdiff_t some = count - t < height ? count - t : height;
                rows_tiles[PRODUCT_VECTORS - 1][some - 1](
                    w->channels, v + p * plane + t * line, line, b,
                    m + p * place + t * stride + n * PRODUCT_COLUMNS, stride);
            }
        }
    const ptrdiff_t column = first_panel * PRODUCT_COLUMNS;
    const ptrdiff_t columns = w->outputs - column < stride ? w->outputs - column : stride;
    for (ptrdiff_t t = 0; t < count; t++) {
        const struct winograd_tile tile = winograd_tile(w, first + t);
        for (ptrdiff_t n = 0; n < columns; n += PRODUCT_WIDTH) {
            float *to[4];
            for (ptrdiff_t i = 0; i < 4; i++) {
                ptrdiff_t py = tile.y + i / 2, px = tile.x + i % 2;
                ptrdiff_t pixel = (tile.image * w->output_height + py) * w->output_width + px;
                to[i] = py < w->output_height && px < w->output_width
                    ? y + pixel * w->outputs + column + n : NULL;
            }
            vp shift = bias ? load_some_vp(bias + column + n, columns - n) : (vp){0};
            transform_output(m + t * stride + n, place, shift, to, columns - n);
        }
    }
}
