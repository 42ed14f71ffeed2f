// Products of bf16 numbers, summed in 32-bit floats; a part of kernels_body.h.
//
// A word holds two neighbours along the depth: the even one in its lower half, the odd one in its
// upper half. Weights are [pair][side by side]. An element of the result is one sum over the
// pairs in ascending order, so that it does not know how the depth is cut into blocks, nor where its
// tile lies. Within a pair the order is the instruction's where there is one (VDPBF16PS), which also
// takes subnormal numbers for zero; elsewhere the even product comes first.

// Rounded to nearest, ties to even, in the lower halves; a NaN stays a NaN.
INLINE i8 rounded8(v8 x) {
    i8 bits = (i8)x;
    i8 up = bits + 0x7fff + (bits >> 16 & 1);
    return (((x != x) & (bits | 0x400000)) | ((x == x) & up)) >> 16 & 0xffff;
}

// Eight words from sixteen floats.
INLINE v8 pairs_of(v8 low, v8 high) {
    i8 a = rounded8(SHUFFLE(low, high, 0, 2, 4, 6, 8, 10, 12, 14));
    i8 b = rounded8(SHUFFLE(low, high, 1, 3, 5, 7, 9, 11, 13, 15));
    return (v8)(a | b << 16);
}

#ifndef PRODUCT_ROUND
#define PRODUCT_ROUND(low, high) pairs_of(low, high)
#endif

// `quick`: as the CPU's own instruction rounds, if it has one.
INLINE v8 round_to_pairs(_Bool quick, v8 low, v8 high) {
    return quick ? PRODUCT_ROUND(low, high) : pairs_of(low, high);
}

// Up to eight rows of `count` elements into eight neighbouring places of slots.
INLINE void pack_eight_pairs(_Bool quick, enum voken_format format, const char *const *rows, ptrdiff_t count,
                             ptrdiff_t slot, uint32_t *panel) {
    v8 block[8];
    for (ptrdiff_t k = 0; k < count; k += 16) {
        const ptrdiff_t some = count - k < 16 ? count - k : 16;
        UNROLL for (int i = 0; i < 8; i++) {
            const char *at = rows[i] + k * width(format);
            if (some == 16) {
                block[i] = round_to_pairs(
                    quick, load_weight(format, at), load_weight(format, at + 8 * width(format)));
            } else {
                v8 low = load_some_weight(format, at, some < 8 ? some : 8);
                v8 high = some <= 8
                    ? all(0) : load_some_weight(format, at + 8 * width(format), some - 8);
                block[i] = round_to_pairs(quick, low, high);
            }
        }
        transpose8(block);
        for (ptrdiff_t j = 0; j < (some + 1) / 2; j++)
            memcpy(panel + (k / 2 + j) * slot, &block[j], sizeof block[j]);
    }
}

// `count` numbers of a row, two to a word.
static void round_row(const float *x, ptrdiff_t count, uint32_t *y) {
    ptrdiff_t k = 0;
#ifdef PRODUCT_ROUND_LINE
    for (; k + 32 <= count; k += 32)
        store_vp((float *)y + k / 2, PRODUCT_ROUND_LINE(load_vp(x + k), load_vp(x + k + 16)));
#endif
    for (; k + 16 <= count; k += 16)
        store((float *)y + k / 2, round_to_pairs(1, load(x + k), load(x + k + 8)));
    if (k == count) return;
    float some[16] = {0};
    memcpy(some, x + k, (size_t)(count - k) * sizeof *x);
    v8 words = round_to_pairs(1, load(some), load(some + 8));
    memcpy(y + k / 2, &words, (size_t)(count - k + 1) / 2 * sizeof *y);
}

// Weights are the same on every CPU. Places beyond the last column repeat it: nobody reads what is made
// of them.
INLINE void pack_pairs(enum voken_format format, const char *weight, ptrdiff_t columns, ptrdiff_t depth,
                       uint32_t *panel) {
    for (ptrdiff_t first = 0; first < VOKEN_PAIR_COLUMNS; first += 8) {
        const char *rows[8];
        for (ptrdiff_t i = 0; i < 8; i++)
            rows[i] = weight
                + (first + i < columns ? first + i : columns - 1) * depth * width(format);
        pack_eight_pairs(0, format, rows, depth, VOKEN_PAIR_COLUMNS, panel + first);
    }
}

static void pack_pair_columns(enum voken_format format, const void *weight, ptrdiff_t columns,
                              ptrdiff_t depth, uint32_t *panel) {
    switch (format) {
        case VOKEN_FLOAT32: pack_pairs(VOKEN_FLOAT32, weight, columns, depth, panel); break;
        case VOKEN_FLOAT16: pack_pairs(VOKEN_FLOAT16, weight, columns, depth, panel); break;
        case VOKEN_BFLOAT16: pack_pairs(VOKEN_BFLOAT16, weight, columns, depth, panel); break;
    }
}

// Adds the products of one pair: rows r, at a[r * row], with the columns that begin at `b`.
INLINE void add_pair(int rows, int vectors, const uint32_t *a, ptrdiff_t row, const uint32_t *b,
                     vp *sums) {
    ip words[PRODUCT_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++)
        memcpy(&words[v], b + v * PRODUCT_WIDTH, sizeof words[v]);
#ifdef PRODUCT_PAIR
    UNROLL for (int r = 0; r < rows; r++) {
        ip x = (int32_t)a[r * row] - (ip){0};
        UNROLL for (int v = 0; v < vectors; v++)
            sums[r * vectors + v] = PRODUCT_PAIR(sums[r * vectors + v], words[v], x);
    }
#else
    vp columns[PRODUCT_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) columns[v] = (vp)(words[v] << 16);
    UNROLL for (int r = 0; r < rows; r++) {
        vp x = (vp)(((int32_t)a[r * row] - (ip){0}) << 16);
        UNROLL for (int v = 0; v < vectors; v++)
            sums[r * vectors + v] = x * columns[v] + sums[r * vectors + v];
    }
    const ip upper = (int32_t)0xffff0000 - (ip){0};
    UNROLL for (int v = 0; v < vectors; v++) columns[v] = (vp)(words[v] & upper);
    UNROLL for (int r = 0; r < rows; r++) {
        vp x = (vp)(((int32_t)a[r * row] - (ip){0}) & upper);
        UNROLL for (int v = 0; v < vectors; v++)
            sums[r * vectors + v] = x * columns[v] + sums[r * vectors + v];
    }
#endif
}
