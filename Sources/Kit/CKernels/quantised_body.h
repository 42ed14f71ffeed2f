// Products with weights of 8-bit or 4-bit numbers in blocks that share a scale; a part of
// kernels_body.h.
//
// A panel holds sixteen columns of the product. Its unit is a span of 64 numbers of the depth, two
// blocks: a line of 2 x 16 scales in half precision, then lines of 64 bytes, four neighbours along
// the depth for each of the sixteen columns. A byte is the number plus 128; of 4-bit numbers a byte is
// two places in a table of such bytes, the lower half for step s of a block and the upper one for
// step s + 4.
//
// Rows are quantised block by block as well, so the products of a block are sums of integers and
// exact. Scaled, they are added up in the order of the depth, each operation rounded on its own: an
// element of the result has the same bytes on every CPU, in whatever tile it lies.

#define QUANTISED_VECTORS (VOKEN_QUANTISED_COLUMNS / PRODUCT_WIDTH)

typedef uint32_t up __attribute__((vector_size(PRODUCT_WIDTH * 4)));

// Bytes that a panel is fetched ahead of its use: memory's latency at its full rate; and by which its pages
// are touched ahead, where only that is done.
enum { QUANTISED_AHEAD = 4608, QUANTISED_PAGES_AHEAD = 16384 };

// Brings near what is read after a span. A single row is done with a line so soon that the CPU foresees the
// next ones by itself, and best if nobody else asks for them; but it stops at the end of a page of 4 KiB,
// and would wait for the next one's address. With more rows every line has to be asked for.
INLINE void fetch_ahead(int rows, const uint8_t *span, ptrdiff_t size, ptrdiff_t ahead) {
    if (rows == 1) {
        const ptrdiff_t place = (ptrdiff_t)((uintptr_t)span & 4095);
        __builtin_prefetch(span + (place < size ? QUANTISED_PAGES_AHEAD - place : 0), 0, 2);
        return;
    }
    for (ptrdiff_t line = 0; line < size; line += 64) __builtin_prefetch(span + ahead + line);
}

#ifndef LOAD_HALVES
#if PRODUCT_WIDTH == 8
#define LOAD_HALVES(x) load_half(load_h8(x))
#else
#define LOAD_HALVES(x) SHUFFLE(load_half(load_some_h8(x)), all(0), 0, 1, 2, 3)
#endif
#endif

INLINE h8 load_h8(const uint8_t *x) {
    h8 halves;
    memcpy(&halves, x, sizeof halves);
    return halves;
}

INLINE h8 load_some_h8(const uint8_t *x) {
    h8 halves = {0};
    memcpy(&halves, x, 8);
    return halves;
}

INLINE ip load_ip(const void *x) {
    ip v;
    memcpy(&v, x, sizeof v);
    return v;
}

#ifndef QUANTISED_MADD
// The sums of the products of 16-bit pairs.
#define QUANTISED_MADD(a, b) (((a) << 16 >> 16) * ((b) << 16 >> 16) + ((a) >> 16) * ((b) >> 16))
#endif

// Adds to `sum` the products of the bytes of four neighbours with a row's step.
INLINE ip add_step(ip sum, ip bytes, const int32_t *x) {
#ifdef QUANTISED_DOT
    return QUANTISED_DOT(sum, bytes, x[0] - (ip){0});
#else
    const ip even = bytes & 0x00ff00ff, odd = (ip)((up)bytes >> 8) & 0x00ff00ff;
    return sum + QUANTISED_MADD(even, x[0] - (ip){0}) + QUANTISED_MADD(odd, x[1] - (ip){0});
#endif
}

// The bytes of step s of a block at the vector v, of which `lines` are those of its steps.
INLINE ip step_bytes(enum voken_quantised format, const uint8_t *lines, int s, int v,
                     const uint8_t *levels) {
    const ptrdiff_t column = v * (ptrdiff_t)sizeof(ip);
    if (format == VOKEN_Q8_0) return load_ip(lines + 64 * s + column);
#ifdef QUANTISED_LOOKUP
    const ip pairs = load_ip(lines + 64 * (s & 3) + column);
    const ip places = (s < 4 ? pairs : (ip)((up)pairs >> 4)) & 0x0f0f0f0f;
    return QUANTISED_LOOKUP(levels, places);
#else
    return (ip){0};  // not reached: such weights are spelt out first
#endif
}

// y[r * stride + column] = factor * sum + bias, for rows of `a` and `panels` panels side by side.
INLINE void quantised_tile(enum voken_quantised format, int rows, int panels, ptrdiff_t spans,
                           const struct voken_quantised_head *head, const int32_t *a,
                           const uint8_t *w, ptrdiff_t panel_size, ptrdiff_t ahead,
                           const float *bias, float *y, ptrdiff_t stride) {
#pragma clang fp contract(off)
    const ptrdiff_t size = voken_quantised_span(format), row = spans * QUANTISED_SPAN;
    const int vectors = panels * QUANTISED_VECTORS;
    vp sums[QUANTISED_ROWS * QUANTISED_PANELS * QUANTISED_VECTORS];
    UNROLL for (int i = 0; i < rows * vectors; i++) sums[i] = (vp){0};
    for (ptrdiff_t span = 0; span < spans; span++) {
        UNROLL for (int half = 0; half < 2; half++) {
            const int32_t *tail = a + QUANTISED_STEPS * QUANTISED_WORDS;
            ip products[QUANTISED_ROWS * QUANTISED_PANELS * QUANTISED_VECTORS];
            UNROLL for (int r = 0; r < rows; r++)
                UNROLL for (int v = 0; v < vectors; v++)
                    products[r * vectors + v] = tail[r * row + 2 + half] - (ip){0};
            const ptrdiff_t lines = 64 + half * (size - 64) / 2;
            UNROLL for (int s = 0; s < 8; s++) {
                UNROLL for (int v = 0; v < vectors; v++) {
                    const uint8_t *panel = w + v / QUANTISED_VECTORS * panel_size;
                    const ip bytes = step_bytes(
                        format, panel + lines, s, v % QUANTISED_VECTORS, head->levels);
                    UNROLL for (int r = 0; r < rows; r++)
                        products[r * vectors + v] = add_step(
                            products[r * vectors + v], bytes,
                            a + r * row + (8 * half + s) * QUANTISED_WORDS);
                }
            }
            UNROLL for (int v = 0; v < vectors; v++) {
                const uint8_t *panel = w + v / QUANTISED_VECTORS * panel_size;
                const vp scale = LOAD_HALVES(
                    panel + 32 * half + v % QUANTISED_VECTORS * 2 * PRODUCT_WIDTH);
                UNROLL for (int r = 0; r < rows; r++) {
                    float factor;
                    memcpy(&factor, tail + r * row + half, sizeof factor);
                    const vp product = __builtin_convertvector(products[r * vectors + v], vp);
                    sums[r * vectors + v] += product * (scale * (factor - (vp){0}));
                }
            }
        }
        UNROLL for (int p = 0; p < panels; p++) fetch_ahead(rows, w + p * panel_size, size, ahead);
        w += size;
        a += QUANTISED_SPAN;
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) {
            vp sum = sums[r * vectors + v] * (head->factor - (vp){0});
            if (bias) sum = sum + load_vp(bias + v * PRODUCT_WIDTH);
            store_vp(y + r * stride + v * PRODUCT_WIDTH, sum);
        }
}

typedef void (*quantised_function)(ptrdiff_t, const struct voken_quantised_head *, const int32_t *,
                                   const uint8_t *, ptrdiff_t, ptrdiff_t, const float *, float *,
                                   ptrdiff_t);

#if QUANTISED_ROWS == 6
#define FOR_EACH_QUANTISED(CASE, ...)                                                         \
    CASE(1, __VA_ARGS__) CASE(2, __VA_ARGS__) CASE(3, __VA_ARGS__) CASE(4, __VA_ARGS__)       \
    CASE(5, __VA_ARGS__) CASE(6, __VA_ARGS__)
#elif QUANTISED_ROWS == 4
#define FOR_EACH_QUANTISED(CASE, ...)                                                         \
    CASE(1, __VA_ARGS__) CASE(2, __VA_ARGS__) CASE(3, __VA_ARGS__) CASE(4, __VA_ARGS__)
#elif QUANTISED_ROWS == 2
#define FOR_EACH_QUANTISED(CASE, ...) CASE(1, __VA_ARGS__) CASE(2, __VA_ARGS__)
#endif

#define CASE(rows, name, format, panels)                                                      \
    static void name##_##rows(ptrdiff_t spans, const struct voken_quantised_head *head,       \
                              const int32_t *a, const uint8_t *w, ptrdiff_t panel_size,       \
                              ptrdiff_t ahead, const float *bias, float *y, ptrdiff_t stride) {   \
        quantised_tile(                                                                       \
            format, rows, panels, spans, head, a, w, panel_size, ahead, bias, y, stride);     \
    }
#if QUANTISED_PANELS == 2
#define FOR_EACH_BREADTH(CASE, name, ...)                                                     \
    FOR_EACH_QUANTISED(CASE, name##_narrow, __VA_ARGS__ 1)                                    \
    FOR_EACH_QUANTISED(CASE, name##_wide, __VA_ARGS__ 2)
#else
#define FOR_EACH_BREADTH(CASE, name, ...)                                                     \
    FOR_EACH_QUANTISED(CASE, name##_narrow, __VA_ARGS__ 1)
#endif
FOR_EACH_BREADTH(CASE, q8, VOKEN_Q8_0, )
#ifdef QUANTISED_LOOKUP
FOR_EACH_BREADTH(CASE, q4, VOKEN_Q4, )
#endif
#undef CASE

// By format, and by rows less one and panels.
#define CASE(rows, name, panels) name##_##rows,
static const quantised_function quantised_tiles[][QUANTISED_PANELS * QUANTISED_ROWS] = {
    {FOR_EACH_BREADTH(CASE, q8, )},
#ifdef QUANTISED_LOOKUP
    {FOR_EACH_BREADTH(CASE, q4, )},
#endif
};
#undef CASE
#undef FOR_EACH_BREADTH

// A panel of 4-bit numbers as one of bytes.
static void spell_out(const struct voken_quantised_head *head, ptrdiff_t spans, const uint8_t *w,
                      uint8_t *bytes) {
    for (ptrdiff_t span = 0; span < spans; span++) {
        memcpy(bytes, w, 64);
        for (int half = 0; half < 2; half++)
            for (int line = 0; line < 4; line++) {
                const uint8_t *from = w + 64 + 256 * half + 64 * line;
                uint8_t *to = bytes + 64 + 512 * half + 64 * line;
                __builtin_prefetch(from + QUANTISED_AHEAD);
#ifdef QUANTISED_LOOKUP
                UNROLL for (int v = 0; v < QUANTISED_VECTORS; v++) {
                    const ptrdiff_t column = v * (ptrdiff_t)sizeof(ip);
                    const ip pairs = load_ip(from + column);
                    const ip low = QUANTISED_LOOKUP(head->levels, pairs & 0x0f0f0f0f);
                    const ip high =
                        QUANTISED_LOOKUP(head->levels, (ip)((up)pairs >> 4) & 0x0f0f0f0f);
                    memcpy(to + column, &low, sizeof low);
                    memcpy(to + 256 + column, &high, sizeof high);
                }
#else
                for (int i = 0; i < 64; i++) {
                    to[i] = head->levels[from[i] & 15];
                    to[256 + i] = head->levels[from[i] >> 4];
                }
#endif
            }
        w += voken_quantised_span(VOKEN_Q4);
        bytes += voken_quantised_span(VOKEN_Q8_0);
    }
}

static void quantised_product(enum voken_quantised format, const struct voken_quantised_head *head,
                              const int32_t *a, ptrdiff_t rows, const uint8_t *w,
                              const float *bias, float *y, ptrdiff_t columns, ptrdiff_t depth,
                              ptrdiff_t stride_y, uint8_t *scratch) {
    enum { COLUMNS = VOKEN_QUANTISED_COLUMNS };
    const ptrdiff_t spans = voken_quantised_spans(depth);
    const ptrdiff_t tiles = (rows + QUANTISED_ROWS - 1) / QUANTISED_ROWS;
    const ptrdiff_t height = tiles > 0 ? (rows + tiles - 1) / tiles : 1;
#ifdef QUANTISED_LOOKUP
    const _Bool spelt = format == VOKEN_Q4 && tiles > 2;
#else
    const _Bool spelt = format == VOKEN_Q4;
#endif
    const enum voken_quantised read = spelt ? VOKEN_Q8_0 : format;
    const ptrdiff_t stored = spans * voken_quantised_span(format);
    const ptrdiff_t size = spans * voken_quantised_span(read);
    // With a few rows it is memory that takes the time, and one stream of it comes fastest.
    const ptrdiff_t breadth = rows > 4 ? QUANTISED_PANELS * COLUMNS : COLUMNS;
    for (ptrdiff_t n = 0; n < columns; n += breadth) {
        const ptrdiff_t some = columns - n < breadth ? columns - n : breadth;
        const int panels = some > COLUMNS ? 2 : 1;
        const uint8_t *panel = w;
        if (spelt) {
            for (int p = 0; p < panels; p++)
                spell_out(head, spans, w + p * stored, scratch + p * size);
            panel = scratch;
        }
        const quantised_function *tile = quantised_tiles[read] + (panels - 1) * QUANTISED_ROWS;
        const _Bool whole = some == panels * COLUMNS;
        float some_bias[2 * COLUMNS] = {0}, part[QUANTISED_ROWS * 2 * COLUMNS];
        const float *tile_bias = bias ? bias + n : NULL;
        if (bias && !whole) {
            memcpy(some_bias, bias + n, (size_t)some * sizeof *bias);
            tile_bias = some_bias;
        }
        for (ptrdiff_t r = 0; r < rows; r += height) {
            const ptrdiff_t count = rows - r < height ? rows - r : height;
            float *to = y + r * stride_y + n;
            tile[count - 1](spans, head, a + r * spans * QUANTISED_SPAN, panel, size,
                            r == 0 && !spelt ? QUANTISED_AHEAD : 0, tile_bias, whole ? to : part,
                            whole ? stride_y : 2 * COLUMNS);
            if (!whole)
                for (ptrdiff_t i = 0; i < count; i++)
                    memcpy(to + i * stride_y, part + i * 2 * COLUMNS, (size_t)some * sizeof *y);
        }
        w += panels * stored;
    }
}
