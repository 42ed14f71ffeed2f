// Functions of each element; a part of kernels_body.h. They take the widest vectors that the CPU has.

#if PRODUCT_WIDTH == 16
#define LANES 16
#include "elementary_body.h"
#undef LANES
typedef v16 vm;
enum { MAP_LANES = 16 };
#define MAPPED(name) name##16
#else
typedef v8 vm;
enum { MAP_LANES = 8 };
#define MAPPED(name) name##8
#endif

INLINE vm load_vm(const float *x, ptrdiff_t count) {
    vm v = {0};
    if (count >= MAP_LANES)
        memcpy(&v, x, sizeof v);
    else
        memcpy(&v, x, (size_t)count * sizeof *x);
    return v;
}

INLINE void store_vm(float *y, vm v, ptrdiff_t count) {
    if (count >= MAP_LANES)
        memcpy(y, &v, sizeof v);
    else
        memcpy(y, &v, (size_t)count * sizeof *y);
}

// Calls STEP(i, n) with the first element of each vector and how many there are: all lanes, but in
// the last one.
#define FOR_EACH_VECTOR(count, STEP)                                \
    do {                                                            \
        ptrdiff_t i = 0;                                            \
        for (; i + MAP_LANES <= (count); i += MAP_LANES)            \
            STEP(i, MAP_LANES);                                     \
        if (i < (count)) STEP(i, (count) - i);                      \
    } while (0)

#define MAP(name, function)                                                    \
    static void name(const float *x, float *y, ptrdiff_t count) {              \
        FOR_EACH_VECTOR(count, function##_STEP);                               \
    }
#define SILU_STEP(i, n) store_vm(y + i, MAPPED(silu)(load_vm(x + i, n)), n)
#define GELU_STEP(i, n) store_vm(y + i, MAPPED(gelu)(load_vm(x + i, n)), n)
#define RELU_STEP(i, n) store_vm(y + i, MAPPED(relu)(load_vm(x + i, n)), n)
MAP(map_silu, SILU)
MAP(map_gelu, GELU)
MAP(map_relu, RELU)
#undef MAP

static void geglu(const float *value, const float *gate, float *y, ptrdiff_t count) {
#define STEP(i, n) \
    store_vm(y + i, load_vm(value + i, n) * MAPPED(gelu)(load_vm(gate + i, n)), n)
    FOR_EACH_VECTOR(count, STEP);
#undef STEP
}

static void swiglu(const float *gate, const float *up, float *y, ptrdiff_t count) {
#define STEP(i, n) store_vm(y + i, MAPPED(silu)(load_vm(gate + i, n)) * load_vm(up + i, n), n)
    FOR_EACH_VECTOR(count, STEP);
#undef STEP
}

INLINE vm affine(const float *x, const float *mean, const float *scale, const float *bias,
                 ptrdiff_t count) {
    return (load_vm(x, count) - load_vm(mean, count)) * load_vm(scale, count)
        + load_vm(bias, count);
}

static void column_affine(const float *x, const float *mean, const float *scale,
                          const float *bias, float *y, ptrdiff_t rows, ptrdiff_t columns) {
#define STEP(i, n) store_vm(y + i, affine(x + i, mean + i, scale + i, bias + i, n), n)
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, y += columns)
        FOR_EACH_VECTOR(columns, STEP);
#undef STEP
}

static void column_affine_silu(const float *x, const float *mean, const float *scale,
                               const float *bias, float *y, ptrdiff_t rows, ptrdiff_t columns) {
#define STEP(i, n) \
    store_vm(y + i, MAPPED(silu)(affine(x + i, mean + i, scale + i, bias + i, n)), n)
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, y += columns)
        FOR_EACH_VECTOR(columns, STEP);
#undef STEP
}
