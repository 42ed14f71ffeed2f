// Attention over vectors of eight queries; a part of kernels_body.h.

// Scores of a few keys: s[j][i] = sum over c of q[c][i] * key[j][c], with `vectors` vectors of
// queries i side by side.
INLINE void score_tile(int vectors, int keys, const float *q, const float *key, float *s,
                       ptrdiff_t width, ptrdiff_t stride) {
    v8 sums[8];
    for (int i = 0; i < vectors * keys; i++) sums[i] = all(0);
    for (ptrdiff_t c = 0; c < width; c++)
        for (int j = 0; j < keys; j++)
            for (int v = 0; v < vectors; v++)
                sums[j * vectors + v] = load(q + (c * vectors + v) * 8) * all(key[j * stride + c])
                    + sums[j * vectors + v];
    for (int i = 0; i < vectors * keys; i++) store(s + i * 8, sums[i]);
}

// A few channels of the output:
// o[c][i] = o[c][i] * factor[i] + sum over j of p[j][i] * value[j][c].
INLINE void value_tile(int vectors, int channels, const float *p, const float *value,
                       const v8 *factor, float *o, ptrdiff_t keys, ptrdiff_t stride) {
    v8 sums[8];
    for (int i = 0; i < vectors * channels; i++) sums[i] = load(o + i * 8) * factor[i % vectors];
    for (ptrdiff_t j = 0; j < keys; j++)
        for (int c = 0; c < channels; c++)
            for (int v = 0; v < vectors; v++)
                sums[c * vectors + v] = load(p + (j * vectors + v) * 8) * all(value[j * stride + c])
                    + sums[c * vectors + v];
    for (int i = 0; i < vectors * channels; i++) store(o + i * 8, sums[i]);
}

// Queries lie across the lanes, so that nothing is ever summed across them and a query's result
// does not depend on its neighbours. Keys are taken in blocks with a running maximum and sum
// (Milakov and Gimelshein, 2018); a key that a query does not see weighs exactly zero.
INLINE void attend(int vectors, const struct voken_attention *a, const float *query,
                   const float *key, const float *value, float *y, ptrdiff_t queries,
                   ptrdiff_t visible, float *scratch) {
    const int lanes = vectors * 8, tile = 8 / vectors;
    float *q = scratch, *o = q + a->width * lanes, *s = o + a->width * lanes;
    for (ptrdiff_t c = 0; c < a->width; c++)
        for (ptrdiff_t i = 0; i < lanes; i++) {
            q[c * lanes + i] = i < queries ? query[i * a->stride + c] * a->scale : 0;
            o[c * lanes + i] = 0;
        }
    v8 most[2] = {all(-INFINITY), all(-INFINITY)}, total[2] = {all(0), all(0)}, factor[2];
    ptrdiff_t end = visible + (a->causal ? queries - 1 : 0);
    for (ptrdiff_t first = 0; first < end; first += VOKEN_ATTENTION_KEYS) {
        ptrdiff_t keys = end - first < VOKEN_ATTENTION_KEYS ? end - first : VOKEN_ATTENTION_KEYS;
        ptrdiff_t j = 0;
        for (; j + tile <= keys; j += tile)
            score_tile(vectors, tile, q, key + (first + j) * a->stride, s + j * lanes, a->width,
                       a->stride);
        for (; j < keys; j++)
            score_tile(vectors, 1, q, key + (first + j) * a->stride, s + j * lanes, a->width,
                       a->stride);
        for (j = visible > first ? visible - first : 0; j < keys; j++)
            for (ptrdiff_t i = 0; i < lanes && visible + i <= first + j; i++)
                s[j * lanes + i] = -INFINITY;
        for (int v = 0; v < vectors; v++) {
            v8 m = most[v];
            for (j = 0; j < keys; j++) m = greater(load(s + j * lanes + v * 8), m);
            factor[v] = exp8(most[v] - m);
            most[v] = m;
            total[v] = total[v] * factor[v];
            for (j = 0; j < keys; j++) {
                v8 p = exp8(load(s + j * lanes + v * 8) - m);
                total[v] += p;
                store(s + j * lanes + v * 8, p);
            }
        }
        ptrdiff_t c = 0;
        for (; c + tile <= a->width; c += tile)
            value_tile(vectors, tile, s, value + first * a->stride + c, factor, o + c * lanes,
                       keys, a->stride);
        for (; c < a->width; c++)
            value_tile(vectors, 1, s, value + first * a->stride + c, factor, o + c * lanes, keys,
                       a->stride);
    }
    for (ptrdiff_t i = 0; i < queries; i++)
        for (ptrdiff_t c = 0; c < a->width; c++)
            y[i * a->stride + c] = o[c * lanes + i] / total[i / 8][i % 8];
}

static void attention(const struct voken_attention *a, const float *query, const float *key,
                      const float *value, float *y, ptrdiff_t queries, ptrdiff_t visible,
                      float *scratch) {
    for (ptrdiff_t i = 0; i < queries; i += 16) {
        ptrdiff_t some = queries - i < 16 ? queries - i : 16;
        ptrdiff_t seen = visible + (a->causal ? i : 0);
        const float *from = query + i * a->stride;
        float *to = y + i * a->stride;
        if (some <= 8)
            attend(1, a, from, key, value, to, some, seen, scratch);
        else
            attend(2, a, from, key, value, to, some, seen, scratch);
    }
}
