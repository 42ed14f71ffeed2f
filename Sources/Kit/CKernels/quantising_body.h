// Quantises weights for the products of quantised_body.h; a part of kernels_body.h.
//
// Every operation is rounded on its own: a weight becomes the same bytes on every CPU.

// To half precision, to nearest, ties to even; for magnitudes below 65520 and NaN.
INLINE uint16_t half_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    bits &= 0x7fffffff;
    if (bits > 0x7f800000) return 0x7e00;
    if (bits < 0x38800000) {
        // Subnormal: the steps of floats near a half are those of such numbers.
        float magnitude;
        memcpy(&magnitude, &bits, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&bits, &magnitude, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000));
    }
    bits += 0xfff + (bits >> 13 & 1);
    return (uint16_t)(sign | ((bits >> 13) - (112 << 10)));
}

INLINE float float_of(uint16_t half) {
    const h8 halves = {half};
    return load_half(halves)[0];
}

static float greatest_finite(enum voken_format format, const void *x, ptrdiff_t count) {
    const char *bytes = x;
    const i8 magnitude = (i8)all(-0.0f) ^ -1;
    i8 most = {0};
    for (ptrdiff_t i = 0; i < count; i += 8) {
        v8 v = count - i < 8 ? load_some_weight(format, bytes + i * width(format), count - i)
                             : load_weight(format, bytes + i * width(format));
        const i8 bits = (i8)v & magnitude;
        most = larger(most, bits & (bits < 0x7f800000));
    }
    int32_t bits = 0;
    for (int i = 0; i < 8; i++) bits = most[i] > bits ? most[i] : bits;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

// The number of largest magnitude, with its sign; NaN if one is not finite.
INLINE float extreme(const v8 *x) {
    float most = 0;
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < 8; l++) {
            const float number = x[i][l];
            if (!(fabsf(number) < INFINITY)) return NAN;
            if (fabsf(number) > fabsf(most)) most = number;
        }
    return most;
}

// --- 8 bits ------------------------------------------------------------------------------------

INLINE uint16_t quantise_bytes(const v8 *x, uint8_t *codes) {
#pragma clang fp contract(off)
    const float most = extreme(x);
    const uint16_t half = half_of(fabsf(most) / 127);
    const float scale = float_of(half);
    const _Bool usable = scale > 0;
    for (int i = 0; i < 4; i++) {
        const v8 shift = all(12582912);  // adding it rounds to an integer
        v8 q = usable ? x[i] / all(scale) : all(0);
        q = choose(q > all(127), all(127), choose(q < all(-127), all(-127), q));
        const i8 number = (i8)(q + shift) - (i8)shift;
        for (int l = 0; l < 8; l++) codes[8 * i + l] = (uint8_t)(number[l] + 128);
    }
    return half;
}

// --- 4 bits ------------------------------------------------------------------------------------

// The sixteen numbers of a head, and the fifteen places where the nearest one changes.
struct levels {
    float values[16], edges[15];
};

INLINE struct levels levels_of(const struct voken_quantised_head *head) {
    struct levels levels;
    for (int i = 0; i < 16; i++) levels.values[i] = (float)head->levels[i] - 128;
    for (int i = 0; i < 15; i++) levels.edges[i] = (levels.values[i] + levels.values[i + 1]) / 2;
    return levels;
}

INLINE v8 nearest(const struct levels *levels, v8 x) {
    v8 value = all(levels->values[0]);
    UNROLL for (int i = 0; i < 15; i++) {
        const i8 step = (i8)all(levels->values[i + 1] - levels->values[i]);
        value += (v8)((x > all(levels->edges[i])) & step);
    }
    return value;
}

// With every number at the level nearest to it, the scale of least squared error, and how much of
// the numbers' squares that leaves no error.
INLINE float best_scale(const struct levels *levels, const v8 *x, float scale, float *explained) {
#pragma clang fp contract(off)
    v8 products = all(0), squares = all(0);
    const v8 inverse = all(1 / scale);
    UNROLL for (int i = 0; i < 4; i++) {
        const v8 level = nearest(levels, x[i] * inverse);
        products += x[i] * level;
        squares += level * level;
    }
    const float product = sum(products), square = sum(squares);
    *explained = product * product / square;
    return product / square;
}

// From several scales on, each fitted twice, the one that leaves the least error: with the scale that
// takes the extreme number to the end of the levels, the others may fall badly between them.
INLINE uint16_t quantise_nibbles(const struct levels *levels, const v8 *x, uint8_t *codes) {
#pragma clang fp contract(off)
    static const float stretches[] = {0.85f, 0.9f, 0.95f, 1.0f, 1.05f, 1.1f};
    const float most = extreme(x);
    float scale = most, best = 0;
    if (fabsf(most) > 0)
        for (int end = 0; end < 16; end += 15)
            for (int i = 0; i < 6; i++) {
                float explained;
                float fitted = most / levels->values[end] * stretches[i];
                fitted = best_scale(levels, x, fitted, &explained);
                fitted = best_scale(levels, x, fitted, &explained);
                if (explained > best) {
                    best = explained;
                    scale = fitted;
                }
            }
    const uint16_t half = half_of(scale);
    scale = float_of(half);
    for (int i = 0; i < 4; i++) {
        const v8 q = fabsf(scale) > 0 ? x[i] / all(scale) : all(0);
        i8 place = {0};
        for (int j = 0; j < 15; j++) place -= q > all(levels->edges[j]);
        for (int l = 0; l < 8; l++) codes[8 * i + l] = (uint8_t)place[l];
    }
    return half;
}

// --- Panels ------------------------------------------------------------------------------------

INLINE void pack_quantised_as(enum voken_quantised quantised, const struct voken_quantised_head *head,
                              enum voken_format format, const char *weight, ptrdiff_t columns,
                              ptrdiff_t depth, uint8_t *panel) {
    const ptrdiff_t size = voken_quantised_span(quantised);
    const struct levels levels = levels_of(head);
    const v8 inverse = all(1 / head->factor);
    memset(panel, 0, (size_t)(voken_quantised_spans(depth) * size));
    for (ptrdiff_t n = 0; n < columns; n++)
        for (ptrdiff_t k = 0; k < depth; k += 32) {
            const char *from = weight + (n * depth + k) * width(format);
            uint8_t *span = panel + k / 64 * size, codes[32];
            uint8_t *to = span + 64 + k % 64 / 32 * (size - 64) / 2 + 4 * n;
            v8 x[4];
            for (int i = 0; i < 4; i++)
                x[i] = load_weight(format, from + 8 * i * width(format)) * inverse;
            uint16_t scale;
            if (quantised == VOKEN_Q8_0) {
                scale = quantise_bytes(x, codes);
                for (int s = 0; s < 8; s++) memcpy(to + 64 * s, codes + 4 * s, 4);
            } else {
                scale = quantise_nibbles(&levels, x, codes);
                for (int i = 0; i < 16; i++) codes[i] |= (uint8_t)(codes[16 + i] << 4);
                for (int s = 0; s < 4; s++) memcpy(to + 64 * s, codes + 4 * s, 4);
            }
            memcpy(span + k % 64 + 2 * n, &scale, sizeof scale);
        }
}

static void pack_quantised(enum voken_quantised quantised, const struct voken_quantised_head *head,
                           enum voken_format format, const void *weight, ptrdiff_t columns,
                           ptrdiff_t depth, uint8_t *panel) {
    if (quantised == VOKEN_Q8_0)
        pack_quantised_as(VOKEN_Q8_0, head, format, weight, columns, depth, panel);
    else
        pack_quantised_as(VOKEN_Q4, head, format, weight, columns, depth, panel);
}
