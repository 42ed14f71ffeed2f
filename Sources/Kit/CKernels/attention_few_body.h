// Attention of a few queries, such as that of a token being generated; a part of kernels_body.h.
//
// What takes time is to read keys and values, so each is read once, where it lies, and rows of several
// heads, which are neighbours in memory, at a time. A vector holds a channel of as many keys as it has
// lanes when scores are summed, and channels of one value when outputs are. Every sum has the order that
// it has in attention_body.h, and so the same bytes.

// Values that are added at a time, while the outputs are in registers.
enum { FEW_VALUES = 4 };

// Lane j of vector i and lane i of vector j change places, bit by bit of their numbers.
INLINE void transpose_vp(vp *x) {
    vp t[PRODUCT_WIDTH];
#if PRODUCT_WIDTH == 16
    UNROLL for (int i = 0; i < 16; i += 2) {
        t[i] = SHUFFLE(
            x[i], x[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        t[i + 1] = SHUFFLE(
            x[i], x[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
    UNROLL for (int i = 0; i < 16; i += 4)
        UNROLL for (int j = 0; j < 2; j++) {
            x[i + 2 * j] = SHUFFLE(
                t[i + j], t[i + j + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
            x[i + 2 * j + 1] = SHUFFLE(
                t[i + j], t[i + j + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
    UNROLL for (int i = 0; i < 16; i += 8)
        UNROLL for (int j = 0; j < 4; j++) {
            t[i + j] = SHUFFLE(
                x[i + j], x[i + j + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
            t[i + j + 4] = SHUFFLE(
                x[i + j], x[i + j + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
        }
    UNROLL for (int j = 0; j < 8; j++) {
        x[j] = SHUFFLE(
            t[j], t[j + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        x[j + 8] = SHUFFLE(
            t[j], t[j + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    }
#elif PRODUCT_WIDTH == 8
    (void)t;
    transpose8(x);
#elif PRODUCT_WIDTH == 4
    UNROLL for (int i = 0; i < 4; i += 2) {
        t[i] = SHUFFLE(x[i], x[i + 1], 0, 4, 1, 5);
        t[i + 1] = SHUFFLE(x[i], x[i + 1], 2, 6, 3, 7);
    }
    UNROLL for (int j = 0; j < 2; j++) {
        x[2 * j] = SHUFFLE(t[j], t[j + 2], 0, 1, 4, 5);
        x[2 * j + 1] = SHUFFLE(t[j], t[j + 2], 2, 3, 6, 7);
    }
#endif
}

// sums[q * groups + g] = products of query q with the PRODUCT_WIDTH keys of group g.
INLINE void few_products(int queries, int groups, const float *query, ptrdiff_t stride,
                         const float *const *keys, ptrdiff_t width, vp *sums) {
    UNROLL for (int i = 0; i < queries * groups; i++) sums[i] = (vp){0};
    ptrdiff_t c = 0;
    for (; c + PRODUCT_WIDTH <= width; c += PRODUCT_WIDTH)
        UNROLL for (int g = 0; g < groups; g++) {
            vp channels[PRODUCT_WIDTH];
            UNROLL for (int i = 0; i < PRODUCT_WIDTH; i++)
                channels[i] = load_vp(keys[g * PRODUCT_WIDTH + i] + c);
            transpose_vp(channels);
            UNROLL for (int i = 0; i < PRODUCT_WIDTH; i++)
                UNROLL for (int q = 0; q < queries; q++)
                    sums[q * groups + g] = all_vp(query[q * stride + c + i]) * channels[i]
                        + sums[q * groups + g];
        }
    for (; c < width; c++)
        UNROLL for (int g = 0; g < groups; g++) {
            vp channel;
            UNROLL for (int i = 0; i < PRODUCT_WIDTH; i++)
                channel[i] = keys[g * PRODUCT_WIDTH + i][c];
            UNROLL for (int q = 0; q < queries; q++)
                sums[q * groups + g] =
                    all_vp(query[q * stride + c]) * channel + sums[q * groups + g];
        }
}

// A block's scores: s[(h * queries + q) * VOKEN_ATTENTION_KEYS + j], whole vectors of them, keys beyond the
// last one being that one again.
INLINE void few_scores(int queries, const struct voken_attention *a, ptrdiff_t heads,
                       const float *query, const float *key, ptrdiff_t keys, float *s) {
    enum { GROUPS = PRODUCT_WIDTH == 16 ? 2 : 1 };
    const float *rows[GROUPS * PRODUCT_WIDTH];
    vp sums[VOKEN_ATTENTION_FEW * GROUPS];
    for (ptrdiff_t j = 0; j < keys;) {
        const int groups = keys - j > PRODUCT_WIDTH ? GROUPS : 1;
        for (int i = 0; i < groups * PRODUCT_WIDTH; i++)
            rows[i] = key + (j + i < keys ? j + i : keys - 1) * a->stride;
        for (ptrdiff_t h = 0; h < heads; h++) {
            const float *head_query = query + h * a->width;
            if (groups > 1)
                few_products(queries, GROUPS, head_query, a->stride, rows, a->width, sums);
            else
                few_products(queries, 1, head_query, a->stride, rows, a->width, sums);
            for (int q = 0; q < queries; q++)
                for (int g = 0; g < groups; g++)
                    store_vp(s + (h * queries + q) * VOKEN_ATTENTION_KEYS + j + g * PRODUCT_WIDTH,
                             sums[q * groups + g]);
            for (int i = 0; i < groups * PRODUCT_WIDTH; i++) rows[i] += a->width;
        }
        j += groups * PRODUCT_WIDTH;
    }
}

// Replaces the scores of the first `seen` keys by weights, as weigh_scores does, and those of the
// others by zeros. Tells by which factor earlier weights change.
INLINE float few_weights(float *s, ptrdiff_t seen, ptrdiff_t keys, float scale, float *most,
                         float *total) {
    vp m = all_vp(*most);
    ptrdiff_t j = 0;
    for (; j + PRODUCT_WIDTH <= seen; j += PRODUCT_WIDTH)
        m = choose_vp(load_vp(s + j) > m, load_vp(s + j), m);
    float greatest = m[0];
    for (int i = 1; i < PRODUCT_WIDTH; i++) greatest = m[i] > greatest ? m[i] : greatest;
    for (; j < seen; j++) greatest = s[j] > greatest ? s[j] : greatest;
    const float factor = exp2_vp(0, all_vp(*most - greatest), scale)[0];
    float sum = *total * factor;
    for (j = 0; j < seen; j += PRODUCT_WIDTH)
        store_vp(s + j, exp2_vp(0, load_vp(s + j) - all_vp(greatest), scale));
    for (j = 0; j < seen; j++) sum += s[j];
    for (; j < keys; j++) s[j] = 0;
    *most = greatest;
    *total = sum;
    return factor;
}

// y[q] += some values of a head, by their weights.
INLINE void few_values(int queries, int values, const float *s, const float *value,
                       ptrdiff_t stride, ptrdiff_t width, float *y) {
    ptrdiff_t c = 0;
    for (; c + PRODUCT_WIDTH <= width; c += PRODUCT_WIDTH) {
        vp sums[VOKEN_ATTENTION_FEW];
        UNROLL for (int q = 0; q < queries; q++) sums[q] = load_vp(y + q * stride + c);
        UNROLL for (int j = 0; j < values; j++) {
            const vp channels = load_vp(value + j * stride + c);
            UNROLL for (int q = 0; q < queries; q++)
                sums[q] = all_vp(s[q * VOKEN_ATTENTION_KEYS + j]) * channels + sums[q];
        }
        UNROLL for (int q = 0; q < queries; q++) store_vp(y + q * stride + c, sums[q]);
    }
    for (; c < width; c++)
        for (int q = 0; q < queries; q++) {
            float sum = y[q * stride + c];
            for (int j = 0; j < values; j++)
                sum = s[q * VOKEN_ATTENTION_KEYS + j] * value[j * stride + c] + sum;
            y[q * stride + c] = sum;
        }
}

INLINE void attend_few(int queries, const struct voken_attention *a, ptrdiff_t heads,
                       const float *query, const float *key, const float *value, float *y,
                       ptrdiff_t visible) {
    const ptrdiff_t width = a->width, stride = a->stride;
    float most[VOKEN_ATTENTION_HEADS * VOKEN_ATTENTION_FEW];
    float total[VOKEN_ATTENTION_HEADS * VOKEN_ATTENTION_FEW];
    float s[VOKEN_ATTENTION_HEADS * VOKEN_ATTENTION_FEW * VOKEN_ATTENTION_KEYS];
    for (ptrdiff_t i = 0; i < heads * queries; i++) {
        most[i] = -INFINITY;
        total[i] = 0;
    }
    for (int q = 0; q < queries; q++)
        memset(y + q * stride, 0, (size_t)(heads * width) * sizeof *y);
    // Scores are logarithms to the base 2.
    const float scale = a->scale * 1.44269504f;
    const ptrdiff_t end = visible + (a->causal ? queries - 1 : 0);
    for (ptrdiff_t first = 0; first < end; first += VOKEN_ATTENTION_KEYS) {
        const ptrdiff_t keys =
            end - first < VOKEN_ATTENTION_KEYS ? end - first : VOKEN_ATTENTION_KEYS;
        few_scores(queries, a, heads, query, key + first * stride, keys, s);
        for (ptrdiff_t h = 0; h < heads; h++)
            for (int q = 0; q < queries; q++) {
                const ptrdiff_t i = h * queries + q;
                const ptrdiff_t reach = visible + (a->causal ? q : 0) - first;
                const ptrdiff_t seen = reach < 0 ? 0 : reach < keys ? reach : keys;
                const float factor = few_weights(
                    s + i * VOKEN_ATTENTION_KEYS, seen, keys, scale, &most[i], &total[i]);
                float *o = y + q * stride + h * width;
                for (ptrdiff_t c = 0; c < width; c++) o[c] *= factor;
            }
        for (ptrdiff_t j = 0; j < keys;) {
            const int some = keys - j < FEW_VALUES ? 1 : FEW_VALUES;
            const float *v = value + (first + j) * stride;
            for (ptrdiff_t h = 0; h < heads; h++) {
                const float *weights = s + h * queries * VOKEN_ATTENTION_KEYS + j;
                float *o = y + h * width;
                if (some > 1)
                    few_values(queries, FEW_VALUES, weights, v + h * width, stride, width, o);
                else
                    few_values(queries, 1, weights, v + h * width, stride, width, o);
            }
            j += some;
        }
    }
    for (ptrdiff_t h = 0; h < heads; h++)
        for (int q = 0; q < queries; q++) {
            const float share = 1 / total[h * queries + q];
            for (ptrdiff_t c = h * width; c < (h + 1) * width; c++) y[q * stride + c] *= share;
        }
}

static void attention_few(const struct voken_attention *a, ptrdiff_t heads, const float *query,
                          const float *key, const float *value, float *y, ptrdiff_t queries,
                          ptrdiff_t visible) {
    switch (queries) {
    case 1: attend_few(1, a, heads, query, key, value, y, visible); break;
    case 2: attend_few(2, a, heads, query, key, value, y, visible); break;
    case 3: attend_few(3, a, heads, query, key, value, y, visible); break;
    case 4: attend_few(4, a, heads, query, key, value, y, visible); break;
    }
}
