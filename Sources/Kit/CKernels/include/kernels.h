// The inner loops: conversions, dot products, activations and row reductions.
//
// Each loop is written once, in kernels_body.h, and compiled for several kinds of CPU. A table
// holds the functions of one kind; the table is chosen once in a process.
//
// Every sum runs over eight lanes in the order of the elements, then over the lanes in a fixed
// order, so that a result depends on the numbers and the table alone.

#ifndef VOKEN_KERNELS_H
#define VOKEN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin
#pragma GCC visibility push(hidden)

enum voken_format { VOKEN_FLOAT32, VOKEN_FLOAT16, VOKEN_BFLOAT16 };

// With more rows of x than these, blocked products are faster than dot_rows.
#define VOKEN_DOT_ROWS 8

// The columns of a panel of bf16 numbers, on every CPU.
#define VOKEN_PAIR_COLUMNS 32

// The pairs of a row that products take at a time, and the words from one such row to the next: lines a
// power of two apart would share cache sets.
#define VOKEN_PAIR_BLOCK 512
#define VOKEN_PAIR_STRIDE (VOKEN_PAIR_BLOCK + 16)

// The columns of a panel of 32-bit floats, on every CPU.
#define VOKEN_PANEL_COLUMNS 32

// The outputs of a panel of a transformed weight, on every CPU.
#define VOKEN_WINOGRAD_COLUMNS 32

// The columns of a panel of quantised numbers, on every CPU.
#define VOKEN_QUANTISED_COLUMNS 16

enum voken_quantised { VOKEN_Q8_0, VOKEN_Q4 };

// What all numbers of a quantised weight share, at the head of its bytes: a factor, and of 4-bit
// numbers the sixteen that they stand for, each plus 128. Fills a cache line.
struct voken_quantised_head {
    float factor;
    uint8_t levels[16];
    uint8_t unused[44];
};

// The keys that attention takes at a time, the queries of a call, and of these side by side, at most.
#define VOKEN_ATTENTION_KEYS 112
#define VOKEN_ATTENTION_QUERIES 512
#define VOKEN_ATTENTION_LANES 32

// The queries and the heads of a call of attention_few, at most.
#define VOKEN_ATTENTION_FEW 4
#define VOKEN_ATTENTION_HEADS 8

// What is the same for all queries of a head: its channels, the floats from one token to the
// next in all four arrays, the factor of the scores, and whether query i sees i more keys than
// the first one or just as many; whether both products are those of pairs of bf16 numbers.
struct voken_attention {
    ptrdiff_t width, stride;
    float scale;
    _Bool causal, pairs;
};

// What the next products will read, to be fetched meanwhile: columns, as many pairs of them as are being
// read, and as much of `count` rows that are not rounded yet. Columns may be null, rows if there are none.
struct voken_pair_ahead {
    const uint32_t *_Nullable columns;
    const float *_Nullable rows;
    ptrdiff_t stride, count;
};

// A 3×3 convolution of stride 1 over images [B, height, width, channels], padded at least by `top`
// lines and `left` columns. Its tiles are 2×2 outputs, counted through the batch in row-major order;
// the last ones of a line or a column may reach over the edge.
struct voken_winograd {
    ptrdiff_t height, width, channels;
    ptrdiff_t top, left;
    ptrdiff_t output_height, output_width, outputs;
    // Whether products are those of pairs of bf16 numbers, rather than of 32-bit floats.
    _Bool pairs;
};

// Words of the channels of a place: a number each, or two, the last one being filled up with a zero.
static inline ptrdiff_t voken_winograd_words(ptrdiff_t channels, _Bool pairs) {
    return pairs ? (channels + 1) / 2 : channels;
}

// Floats that `count` take if they begin whole cache lines, an odd number of them: rows a power of
// two apart would share cache sets.
static inline ptrdiff_t voken_odd_lines(ptrdiff_t count) { return ((count + 15) / 16 | 1) * 16; }

struct __attribute__((swift_attr("@Sendable"))) voken_kernels {
    const char *name;

    // y[i] = the i-th of `count` elements of x, stored in a format.
    void (*decode)(enum voken_format, const void *x, float *y, ptrdiff_t count);

    // y[r * stride_y + n] = bias[n] + sum over k of x[r * depth + k] * weight[n * depth + k],
    // for r < rows, meant for up to VOKEN_DOT_ROWS, and n < columns. The sum for one (r, n) is the same
    // whatever `rows` and `columns` are. `bias` may be null.
    void (*dot_rows)(enum voken_format, const void *weight, const float *_Nullable bias,
                     const float *x, float *y, ptrdiff_t rows, ptrdiff_t columns,
                     ptrdiff_t depth, ptrdiff_t stride_y);

    // The same sums, bit for bit, for any number of rows: operands are packed, then multiplied tile
    // by tile. A tile has at most `product_rows` rows and `product_columns` columns.
    ptrdiff_t product_rows, product_columns, product_slot;

    // Packs k = first ..< first + count of up to `product_rows` rows of x, each given by the
    // address of its part, into a panel of voken_panel_size(depth, product_slot) floats. `first` is
    // a multiple of 8, and so is `count` unless it reaches the depth.
    void (*pack_rows)(const float *_Nonnull const *_Nonnull rows, ptrdiff_t row_count, ptrdiff_t first,
                      ptrdiff_t count, ptrdiff_t depth, float *panel);

    // Packs up to `product_columns` rows of a weight, `depth` elements each, into a panel of
    // voken_panel_size(depth, product_columns) floats.
    void (*pack_columns)(enum voken_format, const void *weight, ptrdiff_t columns,
                         ptrdiff_t depth, float *panel);

    // y[r * stride_y + n] = the sum over k, plus bias[n], plus residual[r * stride_y + n], for
    // r < rows, given as panels of `panel_rows` rows one behind the other, and for the n < columns of
    // one panel. `bias` and `residual` may be null.
    void (*product)(const float *a, ptrdiff_t rows, ptrdiff_t panel_rows, const float *b,
                    const float *_Nullable bias, const float *_Nullable residual, float *y,
                    ptrdiff_t columns, ptrdiff_t depth, ptrdiff_t stride_y);

    // Products of bf16 numbers, each element one sum in 32-bit floats in the order of the depth. A word
    // holds two neighbours of the depth, the even one in its lower half; a depth that is odd is filled up
    // with a zero.

    // Rounds `count` numbers of a row.
    void (*round_pairs)(const float *x, ptrdiff_t count, uint32_t *y);

    // Rounds up to VOKEN_PAIR_COLUMNS rows of a weight into a panel [pair][place] of as many places.
    void (*pack_pair_columns)(enum voken_format, const void *weight, ptrdiff_t columns,
                              ptrdiff_t depth, uint32_t *panel);

    // y = the sums over some pairs, VOKEN_PAIR_BLOCK at most, or y += that unless they are the first
    // ones; then y += bias and y += residual, as in `product`, if they are not null. Rows are VOKEN_PAIR_STRIDE
    // words apart; columns are those of one panel, from the same pair on.
    void (*pair_product)(const uint32_t *a, ptrdiff_t rows, const uint32_t *b,
                         const struct voken_pair_ahead *, const float *_Nullable bias,
                         const float *_Nullable residual, float *y, ptrdiff_t columns,
                         ptrdiff_t pairs, ptrdiff_t stride_y, _Bool first);

    // Products of 32-bit floats with packed columns. Panels are [step of the depth][place]. The depth is
    // taken in blocks; an element is the sum of their sums, each in ascending order.

    // Packs `count` elements of up to `product_rows` rows of x into a panel of `product_slot` places.
    void (*pack_panel_rows)(const float *_Nonnull const *_Nonnull rows, ptrdiff_t row_count,
                            ptrdiff_t count, float *panel);

    // Packs up to VOKEN_PANEL_COLUMNS rows of a weight into a panel of as many places.
    void (*pack_panel_columns)(enum voken_format, const void *weight, ptrdiff_t columns,
                               ptrdiff_t depth, float *panel);

    // As `pair_product`, over the steps of a block. Fetches as much as is read of `b` from `next`, unless it is
    // null: where the next call's columns lie.
    void (*panel_product)(const float *a, ptrdiff_t rows, ptrdiff_t panel_rows, const float *b,
                          const float *_Nullable bias, const float *_Nullable residual, float *y,
                          ptrdiff_t columns, ptrdiff_t steps, ptrdiff_t stride_y, _Bool first,
                          const float *_Nullable next);

    // The same sums over all of the depth in blocks, bit for bit, with the columns of some panels; meant
    // for up to VOKEN_DOT_ROWS rows, which are read where they lie, one behind the other.
    void (*panel_rows_product)(const float *x, ptrdiff_t rows, const float *panels,
                               const float *_Nullable bias, const float *_Nullable residual,
                               float *y, ptrdiff_t columns, ptrdiff_t depth, ptrdiff_t block,
                               ptrdiff_t stride_y);

    // Products with quantised weights, see quantised_body.h. Rows are quantised block by block of 32
    // to numbers between -127 and 127: `quantised_row` words for each span of 64 of the depth.
    // Numbers of a weight that are not finite make all of their block NaN; a row's block that holds
    // one makes its sums NaN.
    ptrdiff_t quantised_row;
    void (*quantise_rows)(const float *x, ptrdiff_t rows, ptrdiff_t depth, int32_t *words);

    // The greatest finite magnitude of `count` elements, 0 if there is none.
    float (*greatest_finite)(enum voken_format, const void *x, ptrdiff_t count);

    // Quantises up to VOKEN_QUANTISED_COLUMNS rows of a weight, divided by the head's factor, into a
    // panel; places without a row become zero. The depth is a multiple of 32.
    void (*pack_quantised)(enum voken_quantised, const struct voken_quantised_head *,
                           enum voken_format, const void *weight, ptrdiff_t columns,
                           ptrdiff_t depth, uint8_t *panel);

    // y[r * stride_y + n] = bias[n] + the sum over k, for all rows of `a` and the columns of some
    // panels. `bias` may be null. Scratch: voken_quantised_scratch(depth) bytes.
    void (*quantised_product)(enum voken_quantised, const struct voken_quantised_head *,
                              const int32_t *a, ptrdiff_t rows, const uint8_t *panels,
                              const float *_Nullable bias, float *y, ptrdiff_t columns,
                              ptrdiff_t depth, ptrdiff_t stride_y, uint8_t *scratch);

    // y[i] = f(x[i]). `gelu` is the exact one: x (1 + erf(x / sqrt 2)) / 2.
    void (*silu)(const float *x, float *y, ptrdiff_t count);
    void (*gelu)(const float *x, float *y, ptrdiff_t count);
    void (*relu)(const float *x, float *y, ptrdiff_t count);

    // y[i] = value[i] * gelu(gate[i]).
    void (*geglu)(const float *value, const float *gate, float *y, ptrdiff_t count);

    // y[i] = silu(gate[i]) * up[i].
    void (*swiglu)(const float *gate, const float *up, float *y, ptrdiff_t count);

    // y[i] = exp(x[i]) / sum over j of exp(x[j]); x and y may be the same.
    void (*softmax)(const float *x, float *y, ptrdiff_t count);

    // One row of layer normalisation and of root mean square normalisation.
    void (*layer_norm)(const float *x, const float *weight, const float *bias, float epsilon,
                       float *y, ptrdiff_t count);
    void (*rms_norm)(const float *x, const float *weight, float epsilon, float *y,
                     ptrdiff_t count);

    // sums[c] = sum over r of x[r][c]; then of x[r][c] - center[c], and squares[c] of its square.
    void (*column_sums)(const float *x, float *sums, ptrdiff_t rows, ptrdiff_t columns);
    void (*column_moments)(const float *x, const float *center, float *sums, float *squares,
                           ptrdiff_t rows, ptrdiff_t columns);

    // y[r][c] = (x[r][c] - mean[c]) * scale[c] + bias[c], and silu of that.
    void (*column_affine)(const float *x, const float *mean, const float *scale,
                          const float *bias, float *y, ptrdiff_t rows, ptrdiff_t columns);
    void (*column_affine_silu)(const float *x, const float *mean, const float *scale,
                               const float *bias, float *y, ptrdiff_t rows, ptrdiff_t columns);

    // softmax(scale * query key^T) value for one head and up to VOKEN_ATTENTION_QUERIES queries. The
    // first one sees `visible` keys, at least one. Scratch: voken_attention_scratch(width) floats.
    void (*attention)(const struct voken_attention *, const float *query, const float *key,
                      const float *value, float *y, ptrdiff_t queries, ptrdiff_t visible,
                      float *scratch);

    // The same, bit for bit, for heads side by side, up to VOKEN_ATTENTION_HEADS, and up to
    // VOKEN_ATTENTION_FEW queries; not of pairs. The arrays begin with the first head.
    void (*attention_few)(const struct voken_attention *, ptrdiff_t heads, const float *query,
                          const float *key, const float *value, float *y, ptrdiff_t queries,
                          ptrdiff_t visible);

    // Transforms up to VOKEN_WINOGRAD_COLUMNS outputs of a weight [outputs, 3, 3, channels] into a
    // panel [16][words][VOKEN_WINOGRAD_COLUMNS]; columns without an output are zeros.
    void (*winograd_weight)(enum voken_format, const void *weight, ptrdiff_t outputs,
                            ptrdiff_t channels, _Bool pairs, void *panel);

    // Transforms what `count` tiles from `first` on see into v: sixteen planes of rows of
    // voken_odd_lines(words) words, a row a tile.
    void (*winograd_input)(const struct voken_winograd *, const float *x, ptrdiff_t first,
                           ptrdiff_t count, void *v, ptrdiff_t plane);

    // The outputs of these tiles in the columns of some panels of u, plus bias[n], plus the residual
    // at the same place as y. `v` is the first tile's row, `u` the first of all panels; `bias` and
    // `residual` may be null. Scratch: sixteen times
    // voken_odd_lines(count * panels * VOKEN_WINOGRAD_COLUMNS) floats.
    void (*winograd_output)(const struct voken_winograd *, const void *v, ptrdiff_t plane,
                            const void *u, const float *_Nullable bias,
                            const float *_Nullable residual, ptrdiff_t first, ptrdiff_t count,
                            ptrdiff_t first_panel, ptrdiff_t panels, float *y, float *scratch);
};

// Floats of a panel of packed rows or columns.
static inline ptrdiff_t voken_panel_size(ptrdiff_t depth, ptrdiff_t slot) {
    return 8 * ((depth + 7) / 8 * slot + 16);
}

// Spans of 64 numbers that a depth is cut into, and the bytes of one in a panel: a line of scales
// and the numbers.
static inline ptrdiff_t voken_quantised_spans(ptrdiff_t depth) { return (depth + 63) / 64; }
static inline ptrdiff_t voken_quantised_span(enum voken_quantised format) {
    return 64 + (format == VOKEN_Q8_0 ? 64 : 32) * VOKEN_QUANTISED_COLUMNS;
}

// Bytes of scratch for a product with a quantised weight.
static inline ptrdiff_t voken_quantised_scratch(ptrdiff_t depth) {
    return 2 * voken_quantised_spans(depth) * voken_quantised_span(VOKEN_Q8_0);
}

// Floats of scratch for attention with heads of a width.
static inline ptrdiff_t voken_attention_scratch(ptrdiff_t width) {
    return VOKEN_ATTENTION_KEYS * (VOKEN_ATTENTION_LANES + 2 * voken_odd_lines(width))
        + 2 * (width + 1) * VOKEN_ATTENTION_QUERIES;
}

// The table for this CPU. The environment variable VOKEN_CPU=portable asks for the plain one,
// VOKEN_CPU=avx2 for the one without AVX-512, VOKEN_CPU=avx512 for the one without its instruction
// for bf16; a CPU that lacks what is asked for ignores it.
const struct voken_kernels *voken_kernels(void);

// Keeps freed memory for the next tensor: glibc would hand it to the system and take it back, zeroed
// page by page, at every step. Of the whole process.
void voken_keep_free_memory(void);

// Hands memory that was freed back to the system: malloc_trim, which Swift's Glibc leaves out.
void voken_return_free_memory(void);

// Tells the CPU that this thread spins.
static inline void voken_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#pragma GCC visibility pop
#pragma clang assume_nonnull end

#endif
