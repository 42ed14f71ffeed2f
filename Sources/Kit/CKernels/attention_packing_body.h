// Queries, keys and values on their way in, and outputs on their way out; a part of attention_body.h.

// Queries as [channel][lane], or [pair of channels][lane]; lanes beyond the last query repeat it,
// and nobody reads what is made of them.
INLINE void load_queries(_Bool pairs, ptrdiff_t lanes, const float *query, ptrdiff_t queries,
                         ptrdiff_t width, ptrdiff_t stride, float *q) {
    for (ptrdiff_t i = 0; i < lanes; i += 8) {
        const float *rows[8];
        v8 block[8];
        UNROLL for (ptrdiff_t j = 0; j < 8; j++)
            rows[j] = query + (i + j < queries ? i + j : queries - 1) * stride;
        if (pairs) {
            pack_eight_pairs(1, VOKEN_FLOAT32, (const char *const *)rows, width, lanes,
                             (uint32_t *)q + i);
            continue;
        }
        ptrdiff_t c = 0;
        for (; c + 8 <= width; c += 8) {
            UNROLL for (int j = 0; j < 8; j++) block[j] = load(rows[j] + c);
            transpose8(block);
            UNROLL for (int j = 0; j < 8; j++) store(q + (c + j) * lanes + i, block[j]);
        }
        for (; c < width; c++)
            for (int j = 0; j < 8; j++) q[c * lanes + i + j] = rows[j][c];
    }
}

// The sixteen numbers from c on of a row of `width`, rounded; zeros beyond its end.
INLINE v8 round_sixteen(const float *x, ptrdiff_t c, ptrdiff_t width) {
    const ptrdiff_t some = width - c;
    if (some >= 16) return round_to_pairs(1, load(x + c), load(x + c + 8));
    v8 low = some >= 8 ? load(x + c) : load_some(x + c, some, 0);
    v8 high = some > 8 ? load_some(x + c + 8, some - 8, 0) : all(0);
    return round_to_pairs(1, low, high);
}

// Keys as [token][pair of channels].
INLINE void pack_keys(const float *key, ptrdiff_t stride, ptrdiff_t keys, ptrdiff_t width,
                      uint32_t *packed, ptrdiff_t line) {
    for (ptrdiff_t j = 0; j < keys; j++)
        for (ptrdiff_t c = 0; c < width; c += 16) {
            v8 words = round_sixteen(key + j * stride, c, width);
            memcpy(packed + j * line + c / 2, &words, sizeof words);
        }
}

typedef uint16_t h16 __attribute__((vector_size(32)));

// Values as [pair of tokens][channel]; the one beyond the last token is zero.
INLINE void pack_values(const float *value, ptrdiff_t stride, ptrdiff_t keys, ptrdiff_t width,
                        uint32_t *packed, ptrdiff_t line) {
    for (ptrdiff_t j = 0; j < keys; j += 2)
        for (ptrdiff_t c = 0; c < width; c += 16) {
            const float *row = value + j * stride;
            h16 even = (h16)round_sixteen(row, c, width);
            h16 odd = j + 1 < keys ? (h16)round_sixteen(row + stride, c, width) : (h16){0};
            h16 low = SHUFFLE(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            h16 high = SHUFFLE(
                even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            uint32_t *to = packed + j / 2 * line + c;
            memcpy(to, &low, sizeof low);
            memcpy(to + 8, &high, sizeof high);
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
