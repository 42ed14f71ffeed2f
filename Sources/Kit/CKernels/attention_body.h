// Attention over vectors of queries; a part of kernels_body.h.
//
// Queries lie across the lanes, so that nothing is ever summed across them and a query's result
// does not depend on its neighbours. Keys are taken in blocks with a running maximum and sum
// (Milakov and Gimelshein, 2018); a key that a query does not see weighs exactly zero. A score is
// one sum over the channels, an output one sum over the keys, both in ascending order.

enum { ATTENTION_LANES = PRODUCT_VECTORS * PRODUCT_WIDTH };

_Static_assert(ATTENTION_LANES <= VOKEN_ATTENTION_LANES, "the scratch holds the scores");

// Vectors of a group: one if that is enough, where one is not less than the eight that are transposed.
INLINE int group_vectors(ptrdiff_t queries) {
    return PRODUCT_WIDTH >= 8 && queries <= PRODUCT_WIDTH ? 1 : PRODUCT_VECTORS;
}

INLINE vp all_vp(float x) { return x - (vp){0}; }

INLINE vp choose_vp(ip where, vp a, vp b) { return (vp)((where & (ip)a) | (~where & (ip)b)); }

// 2^x for x <= 0, within 1 ulp; zero where that is below the normal floats. 2^r for |r| <= 1/2 by
// a polynomial fitted to a relative error of 2e-8.
INLINE vp exp2_vp(vp x) {
    x = choose_vp(x < all_vp(-127), all_vp(-127), x);
    // Adding 1.5 * 2^23 rounds to an integer; 127 more make it the exponent's field.
    const vp shift = all_vp(12582912 + 127);
    vp t = x + shift;
    vp scale = (vp)((ip)t << 23);
    vp r = x - (t - shift);
    vp p = all_vp(1.535336050e-4f);
    p = p * r + all_vp(1.339887502e-3f);
    p = p * r + all_vp(9.618436918e-3f);
    p = p * r + all_vp(5.550332367e-2f);
    p = p * r + all_vp(2.402264774e-1f);
    p = p * r + all_vp(6.931471825e-1f);
    p = p * r + all_vp(1);
    return p * scale;
}

// Queries times the factor of the scores, as [channel][lane]; lanes beyond the last query repeat it,
// and nobody reads what is made of them.
INLINE void load_queries(ptrdiff_t lanes, const float *query, ptrdiff_t queries, ptrdiff_t width,
                         ptrdiff_t stride, float factor, float *q) {
    for (ptrdiff_t i = 0; i < lanes; i += 8) {
        const float *rows[8];
        v8 block[8];
        UNROLL for (ptrdiff_t j = 0; j < 8; j++)
            rows[j] = query + (i + j < queries ? i + j : queries - 1) * stride;
        ptrdiff_t c = 0;
        for (; c + 8 <= width; c += 8) {
            UNROLL for (int j = 0; j < 8; j++) block[j] = all(factor) * load(rows[j] + c);
            transpose8(block);
            UNROLL for (int j = 0; j < 8; j++) store(q + (c + j) * lanes + i, block[j]);
        }
        for (; c < width; c++)
            for (int j = 0; j < 8; j++) q[c * lanes + i + j] = factor * rows[j][c];
    }
}

// y = o / total, from [channel][lane].
INLINE void store_outputs(ptrdiff_t lanes, const float *o, const float *total, float *y,
                          ptrdiff_t queries, ptrdiff_t width, ptrdiff_t stride) {
    for (ptrdiff_t i = 0; i < queries; i += 8) {
        const v8 share = all(1) / load(total + i);
        const ptrdiff_t some = queries - i < 8 ? queries - i : 8;
        v8 block[8];
        ptrdiff_t c = 0;
        for (; c + 8 <= width; c += 8) {
            UNROLL for (int j = 0; j < 8; j++) block[j] = load(o + (c + j) * lanes + i) * share;
            transpose8(block);
            for (ptrdiff_t j = 0; j < some; j++) store(y + (i + j) * stride + c, block[j]);
        }
        for (; c < width; c++)
            for (ptrdiff_t j = 0; j < some; j++)
                y[(i + j) * stride + c] = o[c * lanes + i + j] * share[j];
    }
}

// What a group of queries has seen so far: the queries themselves, the sums of weighted values, the
// greatest score and the sum of weights, of each lane.
struct attention_group {
    float *q, *o, *most, *total;
};

// Takes one block of keys into account. Lane i sees the first `visible` + i of them if the mask is
// causal, otherwise all.
INLINE void attend_block(int vectors, struct attention_group group, const float *key,
                         const float *value, ptrdiff_t stride, ptrdiff_t keys, ptrdiff_t visible,
                         ptrdiff_t width, float *s) {
    const ptrdiff_t lanes = vectors * PRODUCT_WIDTH;
    for (ptrdiff_t j = 0; j < keys; j += PRODUCT_ROWS) {
        ptrdiff_t some = keys - j < PRODUCT_ROWS ? keys - j : PRODUCT_ROWS;
        rows_tiles[vectors - 1][some - 1](
            width, key + j * stride, stride, group.q, lanes, s + j * lanes, lanes);
    }
    for (ptrdiff_t j = visible > 0 ? visible : 0; j < keys; j++)
        for (ptrdiff_t i = 0; i < lanes && visible + i <= j; i++) s[j * lanes + i] = -INFINITY;
    float factor[ATTENTION_LANES];
    vp most[PRODUCT_VECTORS], total[PRODUCT_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) most[v] = load_vp(group.most + v * PRODUCT_WIDTH);
    for (ptrdiff_t j = 0; j < keys; j++)
        UNROLL for (int v = 0; v < vectors; v++) {
            vp x = load_vp(s + j * lanes + v * PRODUCT_WIDTH);
            most[v] = choose_vp(x > most[v], x, most[v]);
        }
    UNROLL for (int v = 0; v < vectors; v++) {
        ptrdiff_t at = v * PRODUCT_WIDTH;
        vp f = exp2_vp(load_vp(group.most + at) - most[v]);
        total[v] = load_vp(group.total + at) * f;
        store_vp(factor + at, f);
        store_vp(group.most + at, most[v]);
    }
    for (ptrdiff_t j = 0; j < keys; j++)
        UNROLL for (int v = 0; v < vectors; v++) {
            float *at = s + j * lanes + v * PRODUCT_WIDTH;
            vp p = exp2_vp(load_vp(at) - most[v]);
            total[v] += p;
            store_vp(at, p);
        }
    UNROLL for (int v = 0; v < vectors; v++) store_vp(group.total + v * PRODUCT_WIDTH, total[v]);
    const ptrdiff_t height = tile_height(width);
    for (ptrdiff_t c = 0; c < width; c += height) {
        ptrdiff_t some = width - c < height ? width - c : height;
        columns_tiles[vectors - 1][some - 1](
            keys, value + c, stride, s, factor, group.o + c * lanes);
    }
}

static void attend_narrow(struct attention_group group, const float *key, const float *value,
                          ptrdiff_t stride, ptrdiff_t keys, ptrdiff_t visible, ptrdiff_t width,
                          float *s) {
    attend_block(1, group, key, value, stride, keys, visible, width, s);
}

static void attend_wide(struct attention_group group, const float *key, const float *value,
                        ptrdiff_t stride, ptrdiff_t keys, ptrdiff_t visible, ptrdiff_t width,
                        float *s) {
    attend_block(PRODUCT_VECTORS, group, key, value, stride, keys, visible, width, s);
}

static void attention(const struct voken_attention *a, const float *query, const float *key,
                      const float *value, float *y, ptrdiff_t queries, ptrdiff_t visible,
                      float *scratch) {
    const ptrdiff_t groups = (queries + ATTENTION_LANES - 1) / ATTENTION_LANES;
    const ptrdiff_t width = a->width, line = voken_odd_lines(width);
    float *const s = scratch;
    float *const q = s + VOKEN_ATTENTION_KEYS * VOKEN_ATTENTION_LANES;
    float *const o = q + width * VOKEN_ATTENTION_QUERIES;
    float *const most = o + width * VOKEN_ATTENTION_QUERIES;
    float *const total = most + VOKEN_ATTENTION_QUERIES;
    float *const copied_keys = total + VOKEN_ATTENTION_QUERIES;
    float *const copied_values = copied_keys + VOKEN_ATTENTION_KEYS * line;
    for (ptrdiff_t i = 0; i < groups * ATTENTION_LANES; i++) {
        most[i] = -INFINITY;
        total[i] = 0;
    }
    memset(o, 0, (size_t)(width * groups * ATTENTION_LANES) * sizeof *o);
    for (ptrdiff_t g = 0; g < groups; g++) {
        const ptrdiff_t first = g * ATTENTION_LANES, some = queries - first;
        // Scores are logarithms to the base 2.
        load_queries(group_vectors(some) * PRODUCT_WIDTH, query + first * a->stride, some, width,
                     a->stride, a->scale * 1.44269504f, q + first * width);
    }
    const ptrdiff_t end = visible + (a->causal ? queries - 1 : 0);
    for (ptrdiff_t first = 0; first < end; first += VOKEN_ATTENTION_KEYS) {
        const ptrdiff_t keys =
            end - first < VOKEN_ATTENTION_KEYS ? end - first : VOKEN_ATTENTION_KEYS;
        const float *block_keys = key + first * a->stride;
        const float *block_values = value + first * a->stride;
        ptrdiff_t stride = a->stride;
        if (groups > 1) {
            // Several groups read the block, and tokens a power of two apart share cache sets.
            for (ptrdiff_t j = 0; j < keys; j++) {
                memcpy(copied_keys + j * line, block_keys + j * stride,
                       (size_t)width * sizeof *key);
                memcpy(copied_values + j * line, block_values + j * stride,
                       (size_t)width * sizeof *value);
            }
            block_keys = copied_keys;
            block_values = copied_values;
            stride = line;
        }
        for (ptrdiff_t g = 0; g < groups; g++) {
            const ptrdiff_t lane = g * ATTENTION_LANES;
            const ptrdiff_t rest = queries - lane;
            const ptrdiff_t some = rest < ATTENTION_LANES ? rest : ATTENTION_LANES;
            // Keys from here on that the group's first query sees, and that any of it sees.
            const ptrdiff_t seen = visible + (a->causal ? lane : 0) - first;
            const ptrdiff_t last = seen + (a->causal ? some - 1 : 0);
            if (last <= 0) continue;
            struct attention_group group = {
                q + lane * width, o + lane * width, most + lane, total + lane};
            (group_vectors(some) == 1 ? attend_narrow : attend_wide)(
                group, block_keys, block_values, stride, last < keys ? last : keys, seen, width, s);
        }
    }
    for (ptrdiff_t g = 0; g < groups; g++) {
        const ptrdiff_t first = g * ATTENTION_LANES, rest = queries - first;
        store_outputs(group_vectors(rest) * PRODUCT_WIDTH, o + first * width, total + first,
                      y + first * a->stride, rest < ATTENTION_LANES ? rest : ATTENTION_LANES,
                      width, a->stride);
    }
}
