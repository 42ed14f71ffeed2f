// Attention over vectors of queries; a part of kernels_body.h.
//
// Queries lie across the lanes, so that nothing is ever summed across them and a query's result
// does not depend on its neighbours. Keys are taken in blocks with a running maximum and sum
// (Milakov and Gimelshein, 2018); a key that a query does not see weighs exactly zero. A score is
// one sum over the channels, an output one sum over the keys, both in ascending order.
//
// Either all numbers are 32-bit floats, or queries, keys, values and weights are rounded to bf16 as
// they are packed, in pairs along the sums: channels of queries and keys, tokens of weights and values.
// Blocks hold an even number of keys, so that the same keys are a pair whichever are seen.

enum { ATTENTION_LANES = PRODUCT_VECTORS * PRODUCT_WIDTH };

_Static_assert(ATTENTION_LANES <= VOKEN_ATTENTION_LANES, "the scratch holds the scores");
_Static_assert(VOKEN_ATTENTION_KEYS % 2 == 0, "pairs of keys are the same in any block");

// Vectors of a group: one if that is enough, where one is not less than the eight that are transposed.
INLINE int group_vectors(ptrdiff_t queries) {
    return PRODUCT_WIDTH >= 8 && queries <= PRODUCT_WIDTH ? 1 : PRODUCT_VECTORS;
}

// What a group of queries has seen so far: the queries themselves, the sums of weighted values, the
// greatest score and the sum of weights, of each lane.
struct attention_group {
    float *q, *o, *most, *total;
};

// A block of keys and values, packed or where they lie: the words from one row to the next.
struct attention_block {
    const float *key, *value;
    ptrdiff_t key_line, value_line, keys;
};

#include "attention_softmax_body.h"

#include "attention_packing_body.h"

// Takes a block of keys into account. Lane i sees the first `visible` + i of them if the mask is
// causal, otherwise all.
INLINE void attend_block(_Bool pairs, int vectors, struct attention_group group,
                         struct attention_block block, ptrdiff_t visible, ptrdiff_t width,
                         float scale, float *s) {
    const ptrdiff_t lanes = vectors * PRODUCT_WIDTH, keys = block.keys;
    for (ptrdiff_t j = 0; j < keys; j += PRODUCT_ROWS) {
        const ptrdiff_t some = keys - j < PRODUCT_ROWS ? keys - j : PRODUCT_ROWS;
        const float *a = block.key + j * block.key_line;
        if (pairs)
            pair_rows_tiles[vectors - 1][some - 1](
                (width + 1) / 2, (const uint32_t *)a, block.key_line, (const uint32_t *)group.q,
                lanes, s + j * lanes, lanes);
        else
            rows_tiles[vectors - 1][some - 1](
                width, a, block.key_line, group.q, lanes, s + j * lanes, lanes);
    }
    for (ptrdiff_t j = visible > 0 ? visible : 0; j < keys; j++)
        for (ptrdiff_t i = 0; i < lanes && visible + i <= j; i++) s[j * lanes + i] = -INFINITY;
    float factor[ATTENTION_LANES];
    weigh_scores(pairs, vectors, group, s, keys, scale, factor);
    const ptrdiff_t height = tile_height(width);
    for (ptrdiff_t c = 0; c < width; c += height) {
        const ptrdiff_t some = width - c < height ? width - c : height;
        const float *a = block.value + c;
        float *o = group.o + c * lanes;
        if (pairs)
            pair_columns_tiles[vectors - 1][some - 1](
                (keys + 1) / 2, (const uint32_t *)a, block.value_line, (const uint32_t *)s, factor,
                o);
        else
            columns_tiles[vectors - 1][some - 1](keys, a, block.value_line, s, factor, o);
    }
}

#define ATTEND(name, pairs, vectors)                                                          \
    static void name(struct attention_group group, struct attention_block block,              \
                     ptrdiff_t visible, ptrdiff_t width, float scale, float *s) {             \
        attend_block(pairs, vectors, group, block, visible, width, scale, s);                 \
    }
ATTEND(attend_narrow, 0, 1)
ATTEND(attend_wide, 0, PRODUCT_VECTORS)
ATTEND(attend_narrow_pairs, 1, 1)
ATTEND(attend_wide_pairs, 1, PRODUCT_VECTORS)
#undef ATTEND

// Words of whole cache lines that hold some.
INLINE ptrdiff_t whole_lines(ptrdiff_t words) { return (words + 15) / 16 * 16; }

// Packed where several groups read the block, for tokens a power of two apart share cache sets, and
// where its numbers are to be rounded.
INLINE struct attention_block take_block(const struct voken_attention *a, _Bool copied,
                                         const float *key, const float *value, ptrdiff_t keys,
                                         float *room) {
    const ptrdiff_t line = whole_lines(a->width);
    float *const key_room = room, *const value_room = room + VOKEN_ATTENTION_KEYS * line;
    if (a->pairs) {
        const ptrdiff_t key_line = whole_lines((a->width + 1) / 2);
        pack_keys(key, a->stride, keys, a->width, (uint32_t *)key_room, key_line);
        pack_values(value, a->stride, keys, a->width, (uint32_t *)value_room, line);
        return (struct attention_block){key_room, value_room, key_line, line, keys};
    }
    if (!copied) return (struct attention_block){key, value, a->stride, a->stride, keys};
    const size_t bytes = (size_t)a->width * sizeof(float);
    for (ptrdiff_t j = 0; j < keys; j++) {
        memcpy(key_room + j * line, key + j * a->stride, bytes);
        memcpy(value_room + j * line, value + j * a->stride, bytes);
    }
    return (struct attention_block){key_room, value_room, line, line, keys};
}

// Brings rows of the next block near while the groups of queries are busy with this one: their way is
// long, and a stride too wide for the CPU to foresee them.
INLINE void fetch_rows(const struct voken_attention *a, const float *key, const float *value,
                       ptrdiff_t first, ptrdiff_t end) {
    for (ptrdiff_t j = first; j < end; j++)
        for (ptrdiff_t c = 0; c < a->width; c += 16) {
            __builtin_prefetch(key + j * a->stride + c, 0, 2);
            __builtin_prefetch(value + j * a->stride + c, 0, 2);
        }
}

static void attention(const struct voken_attention *a, const float *query, const float *key,
                      const float *value, float *y, ptrdiff_t queries, ptrdiff_t visible,
                      float *scratch) {
    const ptrdiff_t groups = (queries + ATTENTION_LANES - 1) / ATTENTION_LANES;
    const ptrdiff_t width = a->width;
    float *const s = scratch;
    float *const q = s + VOKEN_ATTENTION_KEYS * VOKEN_ATTENTION_LANES;
    float *const o = q + width * VOKEN_ATTENTION_QUERIES;
    float *const most = o + width * VOKEN_ATTENTION_QUERIES;
    float *const total = most + VOKEN_ATTENTION_QUERIES;
    float *const room = total + VOKEN_ATTENTION_QUERIES;
    for (ptrdiff_t i = 0; i < groups * ATTENTION_LANES; i++) {
        most[i] = -INFINITY;
        total[i] = 0;
    }
    memset(o, 0, (size_t)(width * groups * ATTENTION_LANES) * sizeof *o);
    for (ptrdiff_t g = 0; g < groups; g++) {
        const ptrdiff_t first = g * ATTENTION_LANES, some = queries - first;
        load_queries(a->pairs, group_vectors(some) * PRODUCT_WIDTH, query + first * a->stride,
                     some, width, a->stride, q + first * width);
    }
    // Scores are logarithms to the base 2.
    const float scale = a->scale * 1.44269504f;
    const ptrdiff_t end = visible + (a->causal ? queries - 1 : 0);
    for (ptrdiff_t first = 0; first < end; first += VOKEN_ATTENTION_KEYS) {
        const ptrdiff_t keys =
            end - first < VOKEN_ATTENTION_KEYS ? end - first : VOKEN_ATTENTION_KEYS;
        struct attention_block block = take_block(
            a, groups > 1, key + first * a->stride, value + first * a->stride, keys, room);
        const ptrdiff_t next = first + keys, rest_keys = end - next;
        const ptrdiff_t following =
            rest_keys < VOKEN_ATTENTION_KEYS ? rest_keys : VOKEN_ATTENTION_KEYS;
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
            block.keys = last < keys ? last : keys;
            fetch_rows(a, key + next * a->stride, value + next * a->stride, following * g / groups,
                       following * (g + 1) / groups);
            const _Bool narrow = group_vectors(some) == 1;
            (a->pairs ? narrow ? attend_narrow_pairs : attend_wide_pairs
                      : narrow ? attend_narrow : attend_wide)(
                group, block, seen, width, scale, s);
        }
    }
    for (ptrdiff_t g = 0; g < groups; g++) {
        const ptrdiff_t first = g * ATTENTION_LANES, rest = queries - first;
        store_outputs(group_vectors(rest) * PRODUCT_WIDTH, o + first * width, total + first,
                      y + first * a->stride, rest < ATTENTION_LANES ? rest : ATTENTION_LANES,
                      width, a->stride);
    }
}
