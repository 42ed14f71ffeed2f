// Quantises the rows of a product for quantised_body.h; a part of kernels_body.h.

enum {
    QUANTISED_STEPS = 16,  // of four numbers in a span
    // The words of a span of a row: bytes or 16-bit numbers, two factors, two first values of the sums.
    QUANTISED_SPAN = QUANTISED_STEPS * QUANTISED_WORDS + 4
};

// Words of eight numbers between -127 and 127.
INLINE void store_eight(int32_t *words, i8 q) {
#if QUANTISED_WORDS == 1
    typedef int8_t bytes __attribute__((vector_size(8)));
    bytes b = __builtin_convertvector(q, bytes);
    memcpy(words, &b, sizeof b);
#else
    // The even and the odd ones of four neighbours, as 16-bit pairs.
    typedef int16_t shorts __attribute__((vector_size(16)));
    shorts b = __builtin_convertvector(q, shorts);
    b = SHUFFLE(b, b, 0, 2, 1, 3, 4, 6, 5, 7);
    memcpy(words, &b, sizeof b);
#endif
}

INLINE i8 larger(i8 a, i8 b) { return ((a > b) & a) | (~(a > b) & b); }

// One block of a row: numbers, their factor, and -128 times their sum, which makes up for the 128 in
// the bytes of the weight.
INLINE void quantise_block(const v8 *x, int32_t *words, float *factor, int32_t *start) {
#pragma clang fp contract(off)
    const i8 magnitude = (i8)all(-0.0f) ^ -1;
    i8 m = larger(larger((i8)x[0] & magnitude, (i8)x[1] & magnitude),
                  larger((i8)x[2] & magnitude, (i8)x[3] & magnitude));
    m = larger(m, SHUFFLE(m, m, 4, 5, 6, 7, 0, 1, 2, 3));
    m = larger(m, SHUFFLE(m, m, 2, 3, 0, 1, 6, 7, 4, 5));
    m = larger(m, SHUFFLE(m, m, 1, 0, 3, 2, 5, 4, 7, 6));
    const int32_t bits = m[0];
    float most;
    memcpy(&most, &bits, sizeof most);
    // Below that 127 / most might not be finite; what is left out is beneath notice in any sum.
    _Bool usable = bits < 0x7f800000 && most >= 0x1p-100f;
    *factor = usable ? most / 127 : bits < 0x7f800000 ? 0 : NAN;
    const v8 scale = all(usable ? 127 / most : 0), shift = all(12582912);
    i8 total = {0};
    UNROLL for (int i = 0; i < 4; i++) {
        v8 scaled = usable ? x[i] * scale : all(0);
        // Adding 1.5 * 2^23 rounds to an integer, ties to even.
        i8 q = (i8)(scaled + shift) - (i8)shift;
        total += q;
        store_eight(words + 2 * i * QUANTISED_WORDS, q);
    }
    total += SHUFFLE(total, total, 4, 5, 6, 7, 0, 1, 2, 3);
    total += SHUFFLE(total, total, 2, 3, 0, 1, 6, 7, 4, 5);
    *start = -128 * (total[0] + total[1]);
}

static void quantise_rows(const float *x, ptrdiff_t rows, ptrdiff_t depth, int32_t *words) {
    for (ptrdiff_t r = 0; r < rows; r++) {
        for (ptrdiff_t k = 0; k < depth; k += 64) {
            for (ptrdiff_t half = 0; half < 2; half++) {
                v8 block[4] = {{0}};
                if (k + 32 * half < depth) memcpy(block, x + k + 32 * half, sizeof block);
                int32_t *tail = words + QUANTISED_STEPS * QUANTISED_WORDS;
                float factor;
                quantise_block(block, words + half * QUANTISED_STEPS / 2 * QUANTISED_WORDS, &factor,
                               tail + 2 + half);
                memcpy(tail + half, &factor, sizeof factor);
            }
            words += QUANTISED_SPAN;
        }
        x += depth;
    }
}
