// The weights of 3×3 convolutions, transformed for Winograd's minimal filtering; a part of
// kernels_body.h. The numbers are the same on every CPU: they are written into files.

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

// The transformed kernels of eight channels of eight outputs: output i at u[place * 8 + i]. Outputs
// and channels beyond the last are zeros.
INLINE void transform_eight(enum voken_format format, const char *weight, ptrdiff_t outputs,
                            ptrdiff_t channels, ptrdiff_t n, ptrdiff_t c, v8 *u) {
    const ptrdiff_t some = channels - c;
    for (int i = 0; i < 8; i++) {
        v8 g[9];
        for (ptrdiff_t tap = 0; tap < 9; tap++) {
            const char *at = weight + (((n + i) * 9 + tap) * channels + c) * width(format);
            g[tap] = n + i >= outputs || some <= 0 ? all(0)
                : some < 8 ? load_some_weight(format, at, some) : load_weight(format, at);
        }
        transform_kernel(g, u + i);
    }
}

INLINE void transform_weight_as(enum voken_format format, const char *weight, ptrdiff_t outputs,
                                ptrdiff_t channels, _Bool pairs, uint32_t *u) {
    const ptrdiff_t words = voken_winograd_words(channels, pairs);
    for (ptrdiff_t n = 0; n < VOKEN_WINOGRAD_COLUMNS; n += 8)
        for (ptrdiff_t first = 0; first < words; first += 8) {
            v8 low[WINOGRAD_PLACES * 8], high[WINOGRAD_PLACES * 8];
            const ptrdiff_t c = pairs ? 2 * first : first;
            transform_eight(format, weight, outputs, channels, n, c, low);
            if (pairs) transform_eight(format, weight, outputs, channels, n, c + 8, high);
            const ptrdiff_t some = words - first < 8 ? words - first : 8;
            for (ptrdiff_t p = 0; p < WINOGRAD_PLACES; p++) {
                v8 *block = low + p * 8;
                if (pairs)
                    UNROLL for (int i = 0; i < 8; i++)
                        block[i] = pairs_of(block[i], high[p * 8 + i]);
                transpose8(block);
                uint32_t *to = u + (p * words + first) * VOKEN_WINOGRAD_COLUMNS + n;
                for (ptrdiff_t j = 0; j < some; j++)
                    memcpy(to + j * VOKEN_WINOGRAD_COLUMNS, &block[j], sizeof block[j]);
            }
        }
}

static void winograd_weight(enum voken_format format, const void *weight, ptrdiff_t outputs,
                            ptrdiff_t channels, _Bool pairs, void *u) {
    switch (format) {
        case VOKEN_FLOAT32:
            transform_weight_as(VOKEN_FLOAT32, weight, outputs, channels, pairs, u);
            break;
        case VOKEN_FLOAT16:
            transform_weight_as(VOKEN_FLOAT16, weight, outputs, channels, pairs, u);
            break;
        case VOKEN_BFLOAT16:
            transform_weight_as(VOKEN_BFLOAT16, weight, outputs, channels, pairs, u);
            break;
    }
}
