// The weights of a block of keys; a part of attention_body.h.

INLINE vp all_vp(float x) { return x - (vp){0}; }

INLINE vp choose_vp(ip where, vp a, vp b) { return (vp)((where & (ip)a) | (~where & (ip)b)); }

// 2^(f x) for x <= 0; zero where that is below the normal floats. 2^r for |r| <= 1/2 by a polynomial:
// one fitted to a relative error of 2e-8, or of 3e-6 for what will be `rounded` to bf16.
INLINE vp exp2_vp(_Bool rounded, vp x, float f) {
    const vp least = all_vp(-127 / f), factor = all_vp(f);
    x = choose_vp(x < least, least, x);
    // Adding 1.5 * 2^23 rounds to an integer; 127 more make it the exponent's field.
    const vp shift = all_vp(12582912 + 127);
    vp t = x * factor + shift;
    vp scale = (vp)((ip)t << 23);
    vp r = x * factor - (t - shift);
    if (rounded) {
        vp p = all_vp(9.582824139e-3f);
        p = p * r + all_vp(5.590638518e-2f);
        p = p * r + all_vp(2.402409886e-1f);
        p = p * r + all_vp(6.931241981e-1f);
        p = p * r + all_vp(1);
        return p * scale;
    }
    vp p = all_vp(1.535336050e-4f);
    p = p * r + all_vp(1.339887502e-3f);
    p = p * r + all_vp(9.618436918e-3f);
    p = p * r + all_vp(5.550332367e-2f);
    p = p * r + all_vp(2.402264774e-1f);
    p = p * r + all_vp(6.931471825e-1f);
    p = p * r + all_vp(1);
    return p * scale;
}

// Two weights rounded to bf16, halfway cases upwards; `even` in the lower half.
INLINE vp weight_pair(vp even, vp odd) {
    const ip half = 0x8000 - (ip){0}, upper = (int32_t)0xffff0000 - (ip){0};
    return (vp)((((ip)even + half) >> 16 & 0xffff) | (((ip)odd + half) & upper));
}

// Replaces scores by weights, relative to the greatest score so far, and tells by which factor that
// changes the weights of earlier blocks. Pairs of weights go to half as many rows.
INLINE void weigh_scores(_Bool pairs, int vectors, struct attention_group group, float *s,
                         ptrdiff_t keys, float scale, float *factor) {
    const ptrdiff_t lanes = vectors * PRODUCT_WIDTH;
    vp most[PRODUCT_VECTORS], total[PRODUCT_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) most[v] = load_vp(group.most + v * PRODUCT_WIDTH);
    for (ptrdiff_t j = 0; j < keys; j++)
        UNROLL for (int v = 0; v < vectors; v++) {
            vp x = load_vp(s + j * lanes + v * PRODUCT_WIDTH);
            most[v] = choose_vp(x > most[v], x, most[v]);
        }
    UNROLL for (int v = 0; v < vectors; v++) {
        const ptrdiff_t at = v * PRODUCT_WIDTH;
        vp f = exp2_vp(0, load_vp(group.most + at) - most[v], scale);
        total[v] = load_vp(group.total + at) * f;
        store_vp(factor + at, f);
        store_vp(group.most + at, most[v]);
    }
    if (pairs && keys % 2 == 1)
        for (ptrdiff_t i = 0; i < lanes; i++) s[keys * lanes + i] = -INFINITY;
    for (ptrdiff_t j = 0; j < keys; j += pairs ? 2 : 1)
        UNROLL for (int v = 0; v < vectors; v++) {
            const float *at = s + j * lanes + v * PRODUCT_WIDTH;
            vp p = exp2_vp(pairs, load_vp(at) - most[v], scale);
            total[v] += p;
            if (pairs) {
                vp next = exp2_vp(1, load_vp(at + lanes) - most[v], scale);
                total[v] += next;
                store_vp(s + j / 2 * lanes + v * PRODUCT_WIDTH, weight_pair(p, next));
            } else {
                store_vp(s + j * lanes + v * PRODUCT_WIDTH, p);
            }
        }
    UNROLL for (int v = 0; v < vectors; v++) store_vp(group.total + v * PRODUCT_WIDTH, total[v]);
}
